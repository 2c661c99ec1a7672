import { Button, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { history } from '../api/queries';
import { Empty } from '../ui/Empty';
import { ago, bytes, counted, duration, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { oneLine } from './statement';
import css from './query.module.css';

/** Earlier runs, the latest first. Choosing one opens its statement and its result. */
export function HistoryList(props: { shown: string | undefined; onRun: (id: string) => void }) {
  const q = useInfiniteQuery({ ...history, staleTime: 2000 });
  const [filter, setFilter] = useState('');
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Loading history" />;
  const all = q.data.pages.flatMap((p) => p.queries);
  if (all.length === 0) return <Empty>Every query that is run is kept here, with its result.</Empty>;
  const needle = filter.trim().toLowerCase();
  const found = needle ? all.filter((e) => e.statement.toLowerCase().includes(needle)) : all;
  return (
    <div className={css.history}>
      <TextInput
        className={css.historyFilter}
        aria-label="Filter history"
        placeholder="Statements that contain"
        leftSection={<IconSearch size={14} />}
        value={filter}
        onChange={(e) => setFilter(e.currentTarget.value)}
      />
      <ul>
        {found.map((e) => (
          <li key={e.id}>
            <button type="button" className={`bare ${css.past}`} aria-current={e.id === props.shown || undefined} onClick={() => props.onRun(e.id)}>
              <span className={css.dot} data-state={e.state} title={e.state} />
              <code className="clip">{oneLine(e.statement)}</code>
              <span className={`num ${css.pastFigures}`}>
                <span className={css.less}>{e.state === 'SUCCEEDED' && e.columns.length > 0 && counted(e.rows, 'row')}</span>
                <span className={css.less}>{e.statistics.scanned_bytes > 0 && bytes(e.statistics.scanned_bytes)}</span>
                <span>{e.final && duration(e.statistics.total_ms)}</span>
                <time dateTime={e.submitted} title={moment(e.submitted)}>
                  {ago(e.submitted)}
                </time>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {q.hasNextPage && (
        <Button variant="subtle" loading={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>
          Earlier
        </Button>
      )}
    </div>
  );
}
