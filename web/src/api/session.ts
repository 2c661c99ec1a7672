import { queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { call, get, onSessionEnd, problemOf } from './client';
import type { Session } from './types';

const url = '/api/v1/session';

/** Who is logged in; null if nobody. */
export const session = queryOptions({
  queryKey: ['session'],
  staleTime: Infinity,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await get<Session>(url, signal);
    } catch (e) {
      if (problemOf(e).status === 401) return null;
      throw e;
    }
  },
});

/** A way to log in beside a password. */
export interface LoginProvider {
  name: string;
  /** Where a browser goes to log in; with ?to=/PATH it comes to that page. */
  login: string;
  /** Where a browser goes to end its session here and there. */
  end: string;
}

export const loginProviders = queryOptions({
  queryKey: ['session', 'providers'],
  staleTime: Infinity,
  retry: false,
  queryFn: async ({ signal }) => (await get<{ providers: LoginProvider[] }>(url + '/providers', signal)).providers,
});

/** What a login by a provider ended with, as the server says it in the address of the page
 * that it sends the browser to. It is read before the page leads on to another. */
let ended = new URLSearchParams(window.location.search).get('login') ?? '';
export const loginEnded = () => ended;

onSessionEnd(() => cache.setQueryData(session.queryKey, null));

export async function login(name: string, password: string) {
  const s = await call<Session>('POST', url, { body: { name, password } });
  ended = '';
  cache.setQueryData(session.queryKey, s);
}

/** Changes the password of who is logged in; logins elsewhere end. */
export async function changePassword(old: string, next: string) {
  await call('PUT', url + '/password', { body: { old_password: old, new_password: next } });
  await cache.invalidateQueries();
}

/** Logs out, and forgets what was read: the next person may see less. */
export async function logout() {
  await call('DELETE', url);
  cache.setQueryData(session.queryKey, null);
  cache.removeQueries({ predicate: (q) => q.queryKey[0] !== session.queryKey[0] });
}
