import { Button, Select } from '@mantine/core';
import { IconPlayerPlayFilled, IconPlayerStopFilled } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { catalogs, databases } from '../api/catalogs';
import { problemOf } from '../api/client';
import type { Execution } from '../api/types';
import { bytes, counted, duration } from '../ui/format';
import { mod } from '../ui/keys';
import type { Tab } from './tabs';
import css from './query.module.css';

const stateNames = { QUEUED: 'Queued', RUNNING: 'Running', SUCCEEDED: 'Succeeded', FAILED: 'Failed', CANCELLED: 'Cancelled' };

/** What is run, where, and how it goes. */
export function RunStrip(props: {
  tab: Tab;
  run: Execution | undefined;
  starting: boolean;
  onRun: () => void;
  onStop: () => void;
  /** Why the last stop did not come about. */
  stopError: unknown;
  onContext: (catalog: string, database: string) => void;
}) {
  const { tab, run } = props;
  const running = props.starting || (run !== undefined && !run.final);
  return (
    <div className={css.strip}>
      {running ? (
        <Button variant="default" leftSection={<IconPlayerStopFilled size={13} />} onClick={props.onStop} disabled={!run}>
          Stop
        </Button>
      ) : (
        <Button leftSection={<IconPlayerPlayFilled size={13} />} onClick={props.onRun} title={`Run the statement at the cursor (${mod}↵)`}>
          Run
        </Button>
      )}
      <Context tab={tab} onContext={props.onContext} />
      <div className={css.state} role="status">
        {running && props.stopError !== null && <span className={css.refusal}>Not stopped: {problemOf(props.stopError).message}</span>}
        {run ? <State run={run} /> : tab.refused ? <Refused /> : <span className={`muted ${css.less}`}>{mod}↵ runs the statement at the cursor</span>}
      </div>
      {running && <Progress value={run?.progress ?? -1} />}
    </div>
  );
}

const Refused = () => (
  <span>
    <span className={css.dot} data-state="FAILED" />
    Not started
  </span>
);

function State({ run }: { run: Execution }) {
  const s = run.statistics;
  return (
    <>
      <span>
        <span className={css.dot} data-state={run.state} />
        {stateNames[run.state]}
      </span>
      <span className="num">{run.final ? duration(s.total_ms) : <Clock since={run.submitted} />}</span>
      {run.state === 'SUCCEEDED' && run.columns.length > 0 && <span className="num">{counted(run.rows, 'row')}</span>}
      {s.scanned_bytes > 0 && <span className={`num ${css.less}`}>{bytes(s.scanned_bytes)} scanned</span>}
    </>
  );
}

/** The time since a moment, counted on. */
function Clock({ since }: { since: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const t = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(t);
  }, []);
  return duration(Math.max(0, now - Date.parse(since)));
}

function Progress({ value }: { value: number }) {
  const known = value >= 0;
  return (
    <div
      className={css.progress}
      role="progressbar"
      aria-label="Query progress"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(value * 100) : undefined}
      data-known={known || undefined}
    >
      <div style={known ? { transform: `scaleX(${value})` } : undefined} />
    </div>
  );
}

const join = '\u0000';

/** The catalog and database in which names without them are looked up. */
function Context(props: { tab: Tab; onContext: (catalog: string, database: string) => void }) {
  const { catalog, database } = props.tab;
  const cs = useQuery(catalogs);
  const names = (cs.data ?? []).map((c) => c.name);
  const dbs = useQueries({ queries: names.map((c) => databases(c)), combine: (rs) => rs.map((r) => r.data ?? []) });
  const here = catalog + join + database;
  const groups = names.map((c, i) => ({ group: c, items: (dbs[i] ?? []).map((d) => ({ value: c + join + d.name, label: d.name })) }));
  if (!groups.some((g) => g.items.some((x) => x.value === here))) {
    // Not read yet, or gone since: it stays what is chosen.
    const own = groups.find((g) => g.group === catalog);
    if (own) own.items.unshift({ value: here, label: database });
    else groups.unshift({ group: catalog, items: [{ value: here, label: database }] });
  }
  return (
    <Select
      className={css.context}
      aria-label="Database"
      data={groups}
      value={here}
      searchable
      maxDropdownHeight={320}
      comboboxProps={{ width: 240, position: 'top-start', shadow: 'sm' }}
      onChange={(v) => {
        const [c, d] = (v ?? '').split(join);
        if (c && d) props.onContext(c, d);
      }}
    />
  );
}
