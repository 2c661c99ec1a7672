import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { Problem } from '../api/client';
import { execution, resultPage, start } from '../api/queries';
import { Grid } from '../grid/Grid';
import { Empty } from '../ui/Empty';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';

const rows = 100;

/** The first rows, by a query like any other: it stands in the history and reads what its person may read. */
export function Sample(props: { catalog: string; database: string; name: string }) {
  const begun = useQuery({
    queryKey: ['sample', props.name],
    queryFn: () => start(`SELECT * FROM ${props.name} LIMIT ${rows}`, { catalog: props.catalog, database: props.database }),
    staleTime: 5 * 60_000,
    retry: false,
  });
  const id = begun.data?.id;
  const run = useQuery({ ...execution(id ?? ''), enabled: id !== undefined });
  const page = useQuery({ ...resultPage(id ?? '', 0), enabled: run.data?.state === 'SUCCEEDED' });
  const columns = useMemo(() => run.data?.columns ?? [], [run.data]);
  const again = () => void begun.refetch();
  const error = begun.error ?? run.error ?? page.error;
  if (error) return <ProblemView error={error} retry={again} />;
  if (run.data?.state === 'FAILED' || run.data?.state === 'CANCELLED') {
    return <ProblemView error={new Problem({ kind: 'failed', message: run.data.failure?.message ?? run.data.reason ?? 'The query failed.', id: run.data.id })} retry={again} />;
  }
  if (!page.data) return <Waiting label="Reading the first rows" />;
  if (page.data.rows.length === 0) return <Empty>This table has no rows.</Empty>;
  return <Grid label="Sample rows" columns={columns} count={page.data.rows.length} rowAt={(i) => page.data.rows[i]} />;
}
