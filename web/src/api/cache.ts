import { QueryClient } from '@tanstack/react-query';

import { problemOf } from './client';

/** What the console has read from the server. */
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // Only a server that did not answer is worth asking again at once.
      retry: (count, error) => count < 2 && problemOf(error).kind === 'unreachable',
      refetchOnWindowFocus: false,
    },
  },
});
