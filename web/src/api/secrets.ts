import { queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get } from './client';
import type { KeptSecret } from './types';

export const secrets = queryOptions({
  queryKey: ['secrets'],
  queryFn: async ({ signal }) => (await get<{ secrets: KeptSecret[] }>(address(['secrets']), signal)).secrets,
});

export const secret = (name: string) =>
  queryOptions({ queryKey: ['secrets', name], queryFn: ({ signal }) => get<KeptSecret>(address(['secrets', name]), signal) });

async function change(method: string, parts: string[], body?: unknown, query = {}) {
  try {
    return await call<KeptSecret>(method, address(parts, query), { body });
  } finally {
    await cache.invalidateQueries({ queryKey: secrets.queryKey });
  }
}

export const createSecret = (name: string, about: { description: string; value: string }) => change('PUT', ['secrets', name], about);
export const putValue = (name: string, value: string) => change('PUT', ['secrets', name, 'value'], { value });
export const deleteSecret = (name: string, days: number) => change('DELETE', ['secrets', name], undefined, { days });
export const restoreSecret = (name: string) => change('POST', ['secrets', name, 'restore']);
export const rotateSecret = (name: string, by: { function?: string; days?: number }) => change('POST', ['secrets', name, 'rotate'], undefined, by);

/** Tells a value. It is asked for each time, and kept by nothing but who asks. */
export const revealValue = (name: string) => get<{ version: string; text?: string; binary?: string }>(address(['secrets', name, 'value']));

/** The functions that rotate secrets, and what the value must hold. */
export const rotators = [
  { value: 'lethe-rotate-console-password', label: 'Console password', needs: 'username and password' },
  { value: 'lethe-rotate-access-key', label: 'Access key', needs: 'username, access_key_id and secret_access_key' },
];
