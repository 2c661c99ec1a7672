import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get } from './client';
import type { Execution, Rows } from './types';

/** How long the server holds an answer back while nothing has changed: long
 * enough to spare requests, short enough for progress to move. */
const waitMS = 400;

/** An execution, followed until it is final. */
export const execution = (id: string) =>
  queryOptions({
    queryKey: ['execution', id],
    queryFn: ({ signal }) => {
      const seen = cache.getQueryData<Execution>(['execution', id]);
      return get<Execution>(address(['queries', id], { wait_ms: seen ? waitMS : undefined }), signal);
    },
    staleTime: ({ state }) => (state.data?.final ? Infinity : 0),
    // The server holds the answer back itself, but for an error.
    refetchInterval: ({ state }) => (!state.data || state.data.final ? false : state.error ? 2000 : 1),
    refetchIntervalInBackground: true,
  });

export async function start(statement: string, where: { catalog?: string; database?: string }): Promise<Execution> {
  const e = await call<Execution>('POST', address(['queries']), { body: { statement, ...where } });
  cache.setQueryData(['execution', e.id], e);
  void cache.invalidateQueries({ queryKey: ['history'] });
  return e;
}

export async function stop(id: string) {
  const e = await call<Execution>('POST', address(['queries', id, 'stop']));
  cache.setQueryData(['execution', id], e);
}

/** Rows that are read together. */
export const pageRows = 500;

export const resultPage = (id: string, page: number) =>
  queryOptions({
    queryKey: ['result', id, page],
    queryFn: ({ signal }) =>
      get<Rows>(address(['queries', id, 'results'], { row: page * pageRows, limit: pageRows }), signal),
    staleTime: Infinity, // a result never changes
    gcTime: 60_000,
  });

export const resultURL = (id: string) => address(['queries', id, 'result.csv']);

export const history = infiniteQueryOptions({
  queryKey: ['history'],
  queryFn: ({ pageParam, signal }) =>
    get<{ queries: Execution[]; next?: string }>(address(['queries'], { after: pageParam, limit: 50 }), signal),
  initialPageParam: '',
  getNextPageParam: (last) => last.next,
});
