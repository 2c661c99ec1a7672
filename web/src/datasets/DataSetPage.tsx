import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { ownCatalog } from '../api/catalogs';
import type { DataSetDraft } from '../api/dash';
import { dataSet } from '../api/datasets';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { empty } from './draft';
import { aliasFor } from './joins';
import { Workbench } from './Workbench';

const route = getRouteApi('/data-sets/$dataSet');
const newRoute = getRouteApi('/data-sets/new');

/** A data set that there is. */
export function DataSetPage() {
  const { dataSet: id } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const q = useQuery(dataSet(id));

  useEffect(() => {
    document.title = `${q.data?.name ?? 'Data set'} · lethe`;
  }, [q.data?.name]);

  if (q.data) {
    return <Workbench key={id} saved={q.data} start={empty} search={search} onSearch={(s, replace = true) => void navigate({ search: s, replace })} />;
  }
  return (
    <>
      <PageHead title="Data set" label="Data set" />
      {q.error ? <ProblemView error={q.error} retry={() => void q.refetch()} /> : <Waiting label="Loading the data set" />}
    </>
  );
}

/** A data set that is made: of nothing yet, or of what a link brings. */
export function NewDataSetPage() {
  const { sql, catalog, database, table, ...search } = newRoute.useSearch();
  const navigate = newRoute.useNavigate();
  // A link's statement or table is taken once; the address then speaks of the page only.
  const [start] = useState<DataSetDraft>(() => {
    if (sql !== undefined) return { ...empty, source: { catalog, database, sql } };
    if (table === undefined || database === undefined) return empty;
    return { ...empty, source: { tables: [{ alias: aliasFor([], table), catalog: catalog ?? ownCatalog, database, table }] } };
  });

  useEffect(() => {
    document.title = 'New data set · lethe';
  }, []);

  return <Workbench start={start} search={search} onSearch={(s, replace = true) => void navigate({ search: s, replace })} />;
}
