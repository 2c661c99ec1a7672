import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { partitions } from '../api/catalogs';
import type { Row, Table } from '../api/types';
import { Grid } from '../grid/Grid';
import { Empty } from '../ui/Empty';
import { counted } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import css from './catalog.module.css';

/** A table's partitions, more of them as one scrolls. */
export function Partitions(props: { catalog: string; database: string; table: Table }) {
  const q = useInfiniteQuery(partitions(props.catalog, props.database, props.table.name));
  const keys = props.table.partition_keys;
  const columns = useMemo(() => [...(keys ?? []), { name: 'location', type: 's3' }], [keys]);
  const rows = useMemo(() => q.data?.pages.flatMap((p) => p.partitions).map((p): Row => [...p.values, p.location]) ?? [], [q.data]);
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Loading partitions" />;
  if (rows.length === 0) return <Empty>This table has no partitions yet. ALTER TABLE … ADD PARTITION or MSCK REPAIR TABLE adds them.</Empty>;
  return (
    <>
      <Grid
        label="Partitions"
        columns={columns}
        count={rows.length}
        rowAt={(i) => rows[i]}
        onWindow={(_, last) => {
          if (last > rows.length - 100 && q.hasNextPage && !q.isFetchingNextPage) void q.fetchNextPage();
        }}
      />
      <div className={css.under}>
        {counted(rows.length, 'partition')}
        {q.hasNextPage && (
          <>
            {' and more'}
            <Button variant="subtle" loading={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>
              Load more
            </Button>
          </>
        )}
      </div>
    </>
  );
}
