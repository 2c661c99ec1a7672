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

// Ask who it is, and for what the page shows first, while the page is still being put together.
const known = cache.prefetchQuery(session);
const board = /^\/dashboards\/([^/]+)$/.exec(window.location.pathname);
if (board)
  import('./dashboards/ahead')
    .then(({ ahead }) => ahead(decodeURIComponent(board[1]!), Object.fromEntries(new URLSearchParams(window.location.search))))
    .catch(() => undefined); // the page itself tells

const draw = () =>
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
          <RouterProvider router={router} />
        </MantineProvider>
      </QueryClientProvider>
    </StrictMode>,
  );

// What is there at once is shown at once. Whatever follows a sign of waiting React holds back
// until that has stood for 300 ms, so that nothing flashes: the sign comes where it is needed.
const patience = new Promise((done) => setTimeout(done, 250));
void Promise.race([Promise.all([known, router.load().catch(() => undefined)]), patience]).then(draw);
