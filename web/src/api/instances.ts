import { queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get } from './client';

/** A database instance. */
export interface Instance {
  name: string;
  region: string;
  arn: string;
  /** Stays when it is renamed. */
  id: string;
  class: string;
  engine: string;
  version: string;
  status: string;
  host?: string;
  port?: number;
  user: string;
  database?: string;
  /** GiB. */
  storage: number;
  made?: string;
  multi_az?: boolean;
  replica_of?: string;
  replicas?: string[];
  /** Of maintenance and of backups, in UTC. */
  window: string;
  backup_window: string;
  /** Days. */
  retention: number;
  restorable?: string;
  protected?: boolean;
  parameters?: string;
  parameters_are?: string;
  secret?: string;
  certificate?: string;
  pending?: PendingChange[];
}

export interface PendingChange {
  what: string;
  now?: string | number | boolean;
  next: string | number | boolean;
}

/** What instances can be made of, here. */
export interface Offers {
  classes: ClassOffer[];
  engines: { name: string; versions: string[]; problem?: string }[];
  /** What part of a class's size this host gives; 1 where it is a class's own. */
  scale: number;
  /** Why servers run without the bounds of their class, where they do. */
  unlimited?: string;
}

export interface ClassOffer {
  name: string;
  vcpus: number;
  memory: number;
  disk?: string;
  network?: string;
  problem?: string;
}

export interface Metrics {
  at: string;
  connections: number;
  commits: number;
  reads: number;
  hits: number;
  bytes: number;
  memory: number;
  lag?: number;
  started?: string;
}

export interface InstanceEvent {
  at: string;
  message: string;
  categories?: string[];
}

export interface Snapshot {
  name: string;
  region: string;
  arn: string;
  instance: string;
  engine: string;
  version: string;
  type: string;
  status: string;
  progress: number;
  storage: number;
  made?: string;
}

const settled = new Set(['available', 'stopped', 'failed', 'storage-full', 'incompatible-parameters', 'incompatible-restore']);

/** Whether an instance changes by itself, so that it is worth looking again soon. */
export const changing = (i: Instance) => !settled.has(i.status);

const watchMS = 1000;
const waitMS = 10_000;

const often = (is: Instance[]) => (is.some(changing) ? watchMS : waitMS);

export const instances = queryOptions({
  queryKey: ['instances', 'all'],
  queryFn: async ({ signal }) => (await get<{ instances: Instance[] }>(address(['instances']), signal)).instances,
  refetchInterval: (q) => often(q.state.data ?? []),
});

export const instance = (region: string, name: string) =>
  queryOptions({
    queryKey: ['instances', 'one', region, name],
    queryFn: ({ signal }) => get<Instance>(address(['instances', region, name]), signal),
    refetchInterval: (q) => often(q.state.data ? [q.state.data] : []),
  });

export const offers = queryOptions({
  queryKey: ['instances', 'offers'],
  staleTime: 60_000,
  queryFn: ({ signal }) => get<Offers>(address(['instance-offers']), signal),
});

export const metricsMS = 2000;

/** The measurements since somebody looks, in order. */
export const metrics = (region: string, name: string, running: boolean) =>
  queryOptions({
    queryKey: ['instances', 'metrics', region, name],
    staleTime: 0,
    enabled: running,
    refetchInterval: metricsMS,
    queryFn: async ({ signal, queryKey }) => append(cache.getQueryData<Metrics[]>(queryKey) ?? [], await get<Metrics>(address(['instances', region, name, 'metrics']), signal)),
  });

/** How many measurements are kept: five minutes of them. */
export const keptMetrics = 150;

/** Adds a measurement. The first after a restart begins anew, because what is counted does. */
export function append(all: readonly Metrics[], m: Metrics): Metrics[] {
  const last = all.at(-1);
  return [...(last && last.started !== m.started ? [] : all), m].slice(-keptMetrics);
}

export const events = (region: string, name: string) =>
  queryOptions({
    queryKey: ['instances', 'events', region, name],
    staleTime: watchMS,
    refetchInterval: 5000,
    queryFn: async ({ signal }) => (await get<{ events: InstanceEvent[] }>(address(['instances', region, name, 'events']), signal)).events,
  });

export const logs = (region: string, name: string) =>
  queryOptions({
    queryKey: ['instances', 'logs', region, name],
    queryFn: async ({ signal }) => (await get<{ logs: { name: string; size: number; written: string }[] }>(address(['instances', region, name, 'logs']), signal)).logs,
  });

/** The end of a log file. */
export const log = (region: string, name: string, file: string) =>
  queryOptions({
    queryKey: ['instances', 'log', region, name, file],
    staleTime: watchMS,
    queryFn: ({ signal }) => get<{ text: string; marker: string; more: boolean }>(address(['instances', region, name, 'log'], { file }), signal),
  });

export const snapshots = queryOptions({
  queryKey: ['instances', 'snapshots'],
  queryFn: async ({ signal }) => (await get<{ snapshots: Snapshot[] }>(address(['snapshots']), signal)).snapshots,
  refetchInterval: (q) => (q.state.data?.some((s) => s.status !== 'available') ? watchMS : waitMS),
});

/** Changes one thing, and has all that is known of instances read again. */
async function change<T>(method: string, parts: string[], body?: unknown, query = {}): Promise<T> {
  try {
    return await call<T>(method, address(parts, query), { body });
  } finally {
    await cache.invalidateQueries({ queryKey: ['instances'], predicate: (q) => q.queryKey[1] !== 'offers' });
  }
}

export interface NewInstance {
  class: string;
  engine: string;
  version?: string;
  storage: number;
  user: string;
  password?: string;
  managed?: boolean;
  database?: string;
  protected?: boolean;
  multi_az?: boolean;
}

export interface Modification {
  class?: string;
  storage?: number;
  password?: string;
  window?: string;
  backup_window?: string;
  retention?: number;
  protected?: boolean;
  multi_az?: boolean;
  now?: boolean;
}

export const createInstance = (region: string, name: string, n: NewInstance) => change<Instance>('PUT', ['instances', region, name], n);
export const modifyInstance = (i: Instance, m: Modification) => change<Instance>('PATCH', ['instances', i.region, i.name], m);
export const deleteInstance = (i: Instance, finalSnapshot: string | undefined) =>
  change<Instance>('DELETE', ['instances', i.region, i.name], undefined, { final_snapshot: finalSnapshot });
export const startInstance = (i: Instance) => change<Instance>('POST', ['instances', i.region, i.name, 'start']);
export const stopInstance = (i: Instance) => change<Instance>('POST', ['instances', i.region, i.name, 'stop']);
export const rebootInstance = (i: Instance, failover: boolean) => change<Instance>('POST', ['instances', i.region, i.name, 'reboot'], undefined, { failover: failover || undefined });

export const createSnapshot = (i: Instance, name: string) => change<Snapshot>('PUT', ['snapshots', i.region, name], undefined, { instance: i.name });
export const deleteSnapshot = (s: Snapshot) => change<Snapshot>('DELETE', ['snapshots', s.region, s.name]);
export const restoreSnapshot = (s: Snapshot, to: string, ofClass?: string) =>
  change<Instance>('POST', ['snapshots', s.region, s.name, 'restore'], undefined, { instance: to, class: ofClass });
