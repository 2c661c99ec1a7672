import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { address, get } from './client';
import type { Database, DataCatalog, Partition, Table } from './types';

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
