import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get, problemOf } from './client';
import type { AccessKey, AuditEntry, Chain, Explanation, Group, ManagedPolicy, PolicyVersion, Remark, Role, TableRule, User } from './types';

// Users, groups, roles and policies. What IAM's API does to them shows here a
// little later, and what is done here at once.

export const users = queryOptions({
  queryKey: ['access', 'users'],
  queryFn: async ({ signal }) => (await get<{ users: User[] }>(address(['users']), signal)).users,
});

export const user = (name: string) =>
  queryOptions({ queryKey: ['access', 'user', name], queryFn: ({ signal }) => get<User>(address(['users', name]), signal) });

export const groups = queryOptions({
  queryKey: ['access', 'groups'],
  queryFn: async ({ signal }) => (await get<{ groups: Group[] }>(address(['groups']), signal)).groups,
});

export const group = (name: string) =>
  queryOptions({ queryKey: ['access', 'group', name], queryFn: ({ signal }) => get<Group>(address(['groups', name]), signal) });

export const roles = queryOptions({
  queryKey: ['access', 'roles'],
  queryFn: async ({ signal }) => (await get<{ roles: Role[] }>(address(['roles']), signal)).roles,
});

export const role = (name: string) =>
  queryOptions({ queryKey: ['access', 'role', name], queryFn: ({ signal }) => get<Role>(address(['roles', name]), signal) });

export const policies = queryOptions({
  queryKey: ['access', 'policies'],
  queryFn: async ({ signal }) => (await get<{ policies: ManagedPolicy[] }>(address(['policies']), signal)).policies,
});

export const policy = (arn: string) =>
  queryOptions({
    queryKey: ['access', 'policy', arn],
    queryFn: ({ signal }) => get<ManagedPolicy>(address(['policies', arn]), signal),
  });

/** Changes one thing, and has everything about access read again: much hangs together. */
async function change<T>(method: string, parts: string[], body?: unknown): Promise<T> {
  try {
    return await call<T>(method, address(parts), { body });
  } finally {
    await cache.invalidateQueries({ queryKey: ['access'] });
  }
}

export type HolderKind = 'users' | 'groups' | 'roles';

export const createUser = (name: string) => change<User>('PUT', ['users', name]);
export const createGroup = (name: string) => change<Group>('PUT', ['groups', name]);
export const createRole = (name: string, about: { description: string; trust: string }) => change<Role>('PUT', ['roles', name], about);
export const createPolicy = (arn: string, about: { description: string; document: string }) =>
  change<ManagedPolicy>('PUT', ['policies', arn], about);

/** Takes away what a holder must not have any more before it can be deleted, and deletes it. */
export async function deleteHolder(kind: HolderKind, name: string) {
  const at = [kind, name];
  const held = await get<User & Group>(address(at));
  for (const p of held.attached) await call('DELETE', address([...at, 'attached-policies', p.arn]));
  for (const p of held.inline) await call('DELETE', address([...at, 'inline-policies', p.name]));
  if (kind === 'users') {
    for (const g of held.groups) await call('DELETE', address(['groups', g, 'members', name]));
    for (const k of held.keys ?? []) await call('DELETE', address([...at, 'keys', k.id]));
    if (held.password) await call('DELETE', address([...at, 'password']));
  }
  if (kind === 'groups') for (const u of held.members) await call('DELETE', address([...at, 'members', u]));
  await change('DELETE', at);
}

export async function deletePolicy(p: ManagedPolicy) {
  for (const v of p.versions ?? []) if (!v.default) await call('DELETE', address(['policies', p.arn, 'versions', v.id]));
  await change('DELETE', ['policies', p.arn]);
}

export const addMember = (groupName: string, userName: string) => change('PUT', ['groups', groupName, 'members', userName]);
export const removeMember = (groupName: string, userName: string) => change('DELETE', ['groups', groupName, 'members', userName]);
export const attach = (kind: HolderKind, name: string, arn: string) => change('PUT', [kind, name, 'attached-policies', arn]);
export const detach = (kind: HolderKind, name: string, arn: string) => change('DELETE', [kind, name, 'attached-policies', arn]);
export const putInline = (kind: HolderKind, name: string, inline: string, document: string) =>
  change('PUT', [kind, name, 'inline-policies', inline], { document });
export const deleteInline = (kind: HolderKind, name: string, inline: string) => change('DELETE', [kind, name, 'inline-policies', inline]);
export const putBoundary = (kind: HolderKind, name: string, arn: string) =>
  arn ? change('PUT', [kind, name, 'boundary', arn]) : change('DELETE', [kind, name, 'boundary']);
export const putTrust = (name: string, document: string) => change('PUT', ['roles', name, 'trust'], { document });

export const createKey = (name: string) => change<AccessKey>('POST', ['users', name, 'keys']);
export const setKeyActive = (name: string, id: string, active: boolean) => change('PUT', ['users', name, 'keys', id], { active });
export const deleteKey = (name: string, id: string) => change('DELETE', ['users', name, 'keys', id]);
/** Sets a password; one is made up, and told, if none is given. With reset the user must choose another at the
 * next login. */
export const putPassword = (name: string, password: string, reset: boolean) =>
  change<{ password?: string }>('PUT', ['users', name, 'password'], { password, reset });
export const deletePassword = (name: string) => change('DELETE', ['users', name, 'password']);
export const endLogin = (name: string, id: string) => change('DELETE', ['users', name, 'logins', id]);

export const createVersion = (arn: string, document: string, isDefault: boolean) =>
  change<PolicyVersion>('POST', ['policies', arn, 'versions'], { document, default: isDefault });
export const setDefault = (arn: string, version: string) => change('PUT', ['policies', arn, 'versions', version, 'default']);
export const deleteVersion = (arn: string, version: string) => change('DELETE', ['policies', arn, 'versions', version]);

export const rules = queryOptions({
  queryKey: ['access', 'rules'],
  queryFn: async ({ signal }) => (await get<{ rules: TableRule[] }>(address(['access', 'rules']), signal)).rules,
});

export const rule = (database: string, table: string, name: string) =>
  queryOptions({
    queryKey: ['access', 'rule', database, table, name],
    queryFn: ({ signal }) => get<TableRule>(address(['access', 'rules', database, table, name]), signal),
  });

export const putRule = (r: TableRule) =>
  change<TableRule>('PUT', ['access', 'rules', r.database, r.table, r.name], {
    description: r.description ?? '',
    principals: r.principals,
    filter: r.filter,
    masks: r.masks,
  });

export const deleteRule = (r: TableRule) => change('DELETE', ['access', 'rules', r.database, r.table, r.name]);

export type PolicyKind = 'identity' | 'trust';

/** What is wrong with a policy's text, while it is being written. */
export const check = (document: string, kind: PolicyKind, signal?: AbortSignal) =>
  call<{ error?: Remark; warnings: Remark[]; context_keys: string[] }>('POST', address(['policy-check']), { body: { document, kind }, signal });

export interface Question {
  as: string;
  action: string;
  resource: string;
  /** Lines of key=value. */
  context: string;
}

export const explanation = (q: Question) =>
  queryOptions({
    queryKey: ['access', 'explain', q],
    enabled: q.action !== '',
    staleTime: 0,
    queryFn: ({ signal }) => {
      let url = address(['access', 'explain'], { as: q.as, action: q.action, resource: q.resource });
      for (const line of q.context.split('\n')) if (line.trim()) url += '&context=' + encodeURIComponent(line.trim());
      return get<Explanation>(url, signal);
    },
  });

/** Actions that the console itself asks about, as suggestions. */
export const actions = queryOptions({
  queryKey: ['actions'],
  staleTime: Infinity,
  queryFn: async ({ signal }) => {
    const api = await get<{ paths: Record<string, Record<string, { 'x-actions'?: string[] }>> }>(address(['openapi.json']), signal);
    const all = Object.values(api.paths).flatMap((methods) => Object.values(methods).flatMap((o) => o['x-actions'] ?? []));
    return [...new Set(all)].toSorted();
  },
});

export interface AuditFilter {
  principal?: string;
  action?: string;
  outcome?: string;
  from?: string;
  to?: string;
}

export const audit = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      get<{ entries: AuditEntry[]; next?: string }>(address(['audit'], { ...filter, after: pageParam, limit: 200 }), signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    staleTime: 5000,
  });

/** Whether the audit's chain holds; null if this lake does not tell. */
export const chain = queryOptions({
  queryKey: ['audit-chain'],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Chain | null> => {
    try {
      return await get<Chain>(address(['audit', 'chain']), signal);
    } catch (e) {
      if (problemOf(e).status === 404) return null;
      throw e;
    }
  },
});
