import type { Completion } from '@codemirror/autocomplete';
import type { SQLNamespace } from '@codemirror/lang-sql';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { databases, ownCatalog, tables } from '../api/catalogs';
import type { Table } from '../api/types';

/** At most this many databases are read for completion before they are opened. */
const mostDatabases = 20;

const completion = (label: string, type: string, detail?: string): Completion => ({ label, type, detail });

/** The names that an editor completes: databases, their tables, their columns. */
export function namespace(catalog: string, dbs: { name: string; tables: Table[] }[]): SQLNamespace {
  const names: Record<string, SQLNamespace> = {};
  for (const db of dbs) {
    const inside: Record<string, SQLNamespace> = {};
    for (const t of db.tables) {
      const columns = [...(t.columns ?? []), ...(t.partition_keys ?? [])];
      inside[t.name] = {
        self: completion(t.name, 'class', t.format),
        children: columns.map((c) => completion(c.name, 'property', c.type)),
      };
    }
    names[db.name] = { self: completion(db.name, 'namespace', 'database'), children: inside };
  }
  return catalog === ownCatalog ? { ...names, [ownCatalog]: names } : { [catalog]: names };
}

export function useSchema(catalog: string): SQLNamespace {
  const dbs = useQuery(databases(catalog));
  const names = useMemo(() => (dbs.data ?? []).slice(0, mostDatabases).map((d) => d.name), [dbs.data]);
  const found = useQueries({
    queries: names.map((d) => tables(catalog, d)),
    combine: (rs) => rs.map((r) => r.data?.tables),
  });
  return useMemo(
    () => namespace(catalog, names.map((name, i) => ({ name, tables: found[i] ?? [] }))),
    [catalog, names, found],
  );
}
