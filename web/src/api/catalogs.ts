import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get } from './client';
import type { Connection, Connector, Database, DataCatalog, Partition, Table, Trial } from './types';

/** The lake's own catalog. */
export const ownCatalog = 'AwsDataCatalog';

export const catalogs = queryOptions({
  queryKey: ['catalogs'],
  queryFn: async ({ signal }) => (await get<{ catalogs: DataCatalog[] }>(address(['catalogs']), signal)).catalogs,
});

export const databases = (catalog: string) =>
  queryOptions({
    queryKey: ['databases', catalog],
    queryFn: async ({ signal }) =>
      (await get<{ databases: Database[] }>(address(['catalogs', catalog, 'databases']), signal)).databases,
  });

/** A database's tables with their columns, for the tree and for completion. */
export const tables = (catalog: string, database: string) =>
  queryOptions({
    queryKey: ['tables', catalog, database],
    queryFn: ({ signal }) =>
      get<{ tables: Table[]; next?: string }>(
        address(['catalogs', catalog, 'databases', database, 'tables'], { columns: true, limit: 2000 }),
        signal,
      ),
  });

export const table = (catalog: string, database: string, name: string) =>
  queryOptions({
    queryKey: ['table', catalog, database, name],
    queryFn: ({ signal }) => get<Table>(address(['catalogs', catalog, 'databases', database, 'tables', name]), signal),
  });

export const partitions = (catalog: string, database: string, name: string) =>
  infiniteQueryOptions({
    queryKey: ['partitions', catalog, database, name],
    queryFn: ({ pageParam, signal }) =>
      get<{ partitions: Partition[]; next?: string }>(
        address(['catalogs', catalog, 'databases', database, 'tables', name, 'partitions'], { after: pageParam }),
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
  });

/** How often the states of metastore nodes are looked at. */
const watchMS = 2000;

export const connectors = queryOptions({
  queryKey: ['connectors'],
  queryFn: async ({ signal }) => (await get<{ connectors: Connector[] }>(address(['connectors']), signal)).connectors,
  staleTime: watchMS,
});

/** The same, followed as it changes. */
export const watchedConnectors = queryOptions({ ...connectors, refetchInterval: watchMS });

/** The connector that a data catalog names, of those that there are. */
export function connectorOf(catalog: DataCatalog | undefined, all: Connector[] | undefined) {
  const arn = catalog?.parameters?.['metadata-function'];
  return all?.find((c) => c.arn === arn);
}

/** Makes a connector or changes it. A password that is not given stays as it is. */
export async function putConnector(name: string, about: { description: string; uris: string[]; role?: string } & Connection) {
  const c = await call<Connector>('PUT', address(['connectors', name]), { body: about });
  await cache.invalidateQueries({ queryKey: connectors.queryKey });
  return c;
}

export const testNodes = async (connector: string, uris: string[], by: Connection) =>
  (await call<{ nodes: Trial[] }>('POST', address(['connectors', connector, 'test']), { body: { uris, ...by } })).nodes;

export async function createCatalog(name: string, about: { description: string; connector: string }) {
  const c = await call<DataCatalog>('PUT', address(['catalogs', name]), { body: about });
  await cache.invalidateQueries({ queryKey: catalogs.queryKey });
  return c;
}

export async function deleteCatalog(name: string) {
  await call('DELETE', address(['catalogs', name]));
  await cache.invalidateQueries({ queryKey: catalogs.queryKey });
}

/** The policy that lets its holder use a connector; large answers are spilled to a bucket. */
export const connectorPolicy = (connector: string, bucket: string) =>
  queryOptions({
    queryKey: ['connector-policy', connector, bucket],
    enabled: connector !== '' && bucket !== '',
    queryFn: ({ signal }) => get<{ name: string; document: string }>(address(['connectors', connector, 'policy'], { bucket }), signal),
  });
