import './ui/nonce';
import '@fontsource-variable/inter/wght.css';
import './base.css';
import './mantine.css';

import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { cache } from './api/cache';
import { session } from './api/session';
import { router } from './router';
import { theme } from './theme';
import { nonce } from './ui/nonce';

// Ask who it is while the page is still being put together.
void cache.prefetchQuery(session);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <RouterProvider router={router} />
      </MantineProvider>
    </QueryClientProvider>
  </StrictMode>,
);
