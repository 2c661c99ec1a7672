import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { catalogs, databases, ownCatalog } from '../api/catalogs';
import { Tree } from '../tree/Tree';
import { Empty } from '../ui/Empty';
import { FilterBox } from '../ui/FilterBox';
import { usePhone } from '../ui/usePhone';
import { CatalogView } from './CatalogView';
import { DatabaseView } from './DatabaseView';
import { TableView } from './TableView';
import css from './catalog.module.css';

/** Databases and tables: a tree, and beside it what is chosen in it. */
export function CatalogPage() {
  const params = useParams({ strict: false }) as { catalog?: string; database?: string; table?: string };
  const { view } = useSearch({ strict: false }) as { view?: never };
  const catalog = params.catalog ?? ownCatalog;
  const navigate = useNavigate();
  const phone = usePhone();
  const [filter, setFilter] = useState('');
  const found = useQuery(catalogs);
  const names = (found.data ?? [{ name: catalog }]).map((c) => c.name);
  const chosen = params.catalog !== undefined;

  useEffect(() => {
    document.title = `${params.table ?? params.database ?? params.catalog ?? 'Catalog'} · lethe`;
  }, [params.table, params.database, params.catalog]);

  // On a wide page nothing chosen means the first database: there is room to show it.
  const dbs = useQuery(databases(catalog));
  const first = dbs.data?.find((d) => d.name === 'default') ?? dbs.data?.[0];

  return (
    <div className={css.page}>
      {(!phone || !chosen) && (
        <aside className={css.side}>
          <div className={css.sideHead}>
            {names.length > 1 && (
              <Select
                aria-label="Data catalog"
                data={names}
                value={catalog}
                comboboxProps={{ shadow: 'sm' }}
                onChange={(c) => c && void navigate({ to: '/catalog/$catalog', params: { catalog: c } })}
              />
            )}
            <FilterBox label="Filter tables and columns" of="Tables and columns" value={filter} onChange={setFilter} />
          </div>
          <div className={css.sideList}>
            <Tree
              catalog={catalog}
              database={params.database ?? 'default'}
              filter={filter}
              selected={params.database === undefined ? undefined : { database: params.database, table: params.table }}
              onDatabase={(database) => void navigate({ to: '/catalog/$catalog/$database', params: { catalog, database } })}
              onTable={(t) =>
                void navigate({ to: '/catalog/$catalog/$database/$table', params: { catalog, database: t.database, table: t.name }, search: { view } })
              }
            />
          </div>
          <Link to="/catalog/connect" className={css.connect}>
            Connect data source
          </Link>
        </aside>
      )}
      {(!phone || chosen) && (
        <div className={css.main}>
          {params.database !== undefined && params.table !== undefined ? (
            <TableView key={`${catalog}.${params.database}.${params.table}`} catalog={catalog} database={params.database} table={params.table} view={view} />
          ) : params.database !== undefined ? (
            <DatabaseView catalog={catalog} database={params.database} />
          ) : params.catalog !== undefined ? (
            <CatalogView key={catalog} catalog={catalog} />
          ) : first ? (
            <DatabaseView catalog={catalog} database={first.name} />
          ) : (
            dbs.data && <Empty>Databases and their tables appear here.</Empty>
          )}
        </div>
      )}
    </div>
  );
}
