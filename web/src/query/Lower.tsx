import { Button } from '@mantine/core';
import { IconDownload, IconStack2 } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Problem } from '../api/client';
import { resultURL } from '../api/queries';
import type { Execution } from '../api/types';
import { Grid, mostRows } from '../grid/Grid';
import { useRows } from '../grid/useRows';
import type { QueryView } from '../router';
import { Empty } from '../ui/Empty';
import { bytes, count } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Views } from '../ui/Views';
import { Details } from './Details';
import { HistoryList } from './HistoryList';
import type { Tab } from './tabs';
import css from './query.module.css';

/** What is under the editor: the result, the facts of the run, or earlier runs. */
export function Lower(props: {
  /** The editor's id. */
  tab: string;
  run: string | undefined;
  execution: Execution | undefined;
  error: unknown;
  refused: Tab['refused'];
  view: QueryView;
  onView: (v: QueryView) => void;
  onRun: (id: string) => void;
}) {
  const e = props.execution;
  const done = e?.state === 'SUCCEEDED';
  return (
    <div className={css.lower}>
      <Views
        label="Result"
        panel="lower"
        value={props.view}
        onChange={props.onView}
        views={[
          { id: 'results', name: 'Results' },
          { id: 'details', name: 'Details' },
          { id: 'history', name: 'History' },
        ]}
      >
        {done && props.view === 'results' && e.columns.length > 0 && (
          <Link to="/data-sets/new" search={{ sql: e.statement, catalog: e.catalog, database: e.database }} className={css.link}>
            <IconStack2 size={14} aria-hidden /> Save as data set
          </Link>
        )}
        {done && props.view === 'results' && e.output && (
          <Button component="a" href={resultURL(e.id)} download variant="subtle" leftSection={<IconDownload size={14} />}>
            {e.output.endsWith('.csv') ? 'CSV' : 'Text'} <span className={css.size}>{bytes(e.statistics.result_bytes)}</span>
          </Button>
        )}
      </Views>
      <div id="lower" role="tabpanel" aria-labelledby={`lower-${props.view}`} className={css.panel}>
        {props.view === 'history' ? <HistoryList shown={props.run} onRun={props.onRun} /> : <Shown {...props} />}
      </div>
    </div>
  );
}

function Shown(props: { tab: string; run: string | undefined; execution: Execution | undefined; error: unknown; refused: Tab['refused']; view: QueryView }) {
  const e = props.execution;
  // While a statement runs again, its editor's last result stays in view, dimmed.
  const [before, setBefore] = useState<{ tab: string; execution: Execution }>();
  if (e?.final && before?.execution !== e) setBefore({ tab: props.tab, execution: e });
  if (props.refused && props.run === undefined) return <ProblemView error={new Problem({ kind: 'syntax', ...props.refused })} />;
  if (props.error) return <ProblemView error={props.error} />;
  if (props.run === undefined) return <Empty>What a query answers appears here.</Empty>;
  if (!e) return null;
  if (props.view === 'details') return <Details execution={e} />;
  switch (e.state) {
    case 'SUCCEEDED':
      return e.columns.length === 0 ? <Empty>Done. This statement answers no rows.</Empty> : <Result key={e.id} execution={e} />;
    case 'FAILED':
      return <ProblemView error={new Problem({ kind: 'failed', message: e.failure?.message || e.reason || 'The query failed.', hint: e.failure?.retryable ? 'run it again' : '', id: e.id })} />;
    case 'CANCELLED':
      return <Empty>{e.reason || 'The query was cancelled.'}</Empty>;
    default:
      return before?.tab === props.tab && before.execution.state === 'SUCCEEDED' && before.execution.columns.length > 0 ? (
        <div className={css.dimmed} inert>
          <Result execution={before.execution} />
        </div>
      ) : null;
  }
}

function Result({ execution: e }: { execution: Execution }) {
  const { rowAt, onWindow, error } = useRows(e.id, e.rows);
  if (error) return <ProblemView error={error} />;
  return (
    <>
      {e.rows > mostRows && <p className={css.cut}>The first {count(mostRows)} of {count(e.rows)} rows; the CSV has all of them.</p>}
      <Grid label="Result" columns={e.columns} count={e.rows} rowAt={rowAt} onWindow={onWindow} />
      {e.rows === 0 && <p className={css.none}>No rows.</p>}
    </>
  );
}
