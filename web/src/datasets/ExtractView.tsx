import { Button } from '@mantine/core';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import type { DataSet, DataSetDraft, ExtractInfo, Refresh } from '../api/dash';
import { extractOf, refresh, refreshes, stopRefresh } from '../api/datasets';
import { ago, bytes, count, counted, duration, moment } from '../ui/format';
import { Pill, type Tone } from '../ui/Pill';
import { ProblemView } from '../ui/Problem';
import { Progress } from '../ui/Progress';
import { Part } from '../ui/Sheet';
import list from '../ui/list.module.css';
import { IncrementPart } from './IncrementPart';
import { nameOf } from '../ui/principal';
import { Schedules } from './Schedules';
import type { Change } from './Workbench';
import css from './datasets.module.css';

/** Where answers come from, and when the extract is made again. */
export function ExtractView(props: { id: string | undefined; saved: DataSet | undefined; draft: DataSetDraft; change: Change }) {
  const { draft, change, id } = props;
  if (draft.mode === 'live') {
    return (
      <div className={css.parts}>
      <h2 className="visually-hidden">Where answers come from</h2>
        <Part title="Live">
          <p>Each question is asked in the lake when it is asked, and answers what the tables hold at that time.</p>
          <p className="muted">An extract is a copy in columns, which answers faster and spares the tables.</p>
          <Button variant="default" className={css.act} onClick={() => change((d) => ({ ...d, mode: 'extract' }))}>
            Answer from an extract
          </Button>
        </Part>
      </div>
    );
  }
  return (
    <div className={css.parts}>
      <h2 className="visually-hidden">Where answers come from</h2>
      {id !== undefined && props.saved?.mode === 'extract' ? (
        <Now id={id} increments={props.saved.increment !== undefined} />
      ) : (
        <Part title="Extract">
          <p>A copy in columns, made when the data set is saved. Until it is whole, the lake itself answers.</p>
        </Part>
      )}
      <Schedules draft={draft} change={change} />
      <IncrementPart draft={draft} change={change} />
      {id !== undefined && props.saved?.mode === 'extract' && <History id={id} />}
    </div>
  );
}

/** What answers now, and what is on its way. */
function Now({ id, increments }: { id: string; increments: boolean }) {
  const q = useQuery(extractOf(id));
  const x = q.data;
  const again = useMutation({ mutationFn: (increment: boolean) => refresh(id, increment) });
  const stop = useMutation({ mutationFn: () => stopRefresh(id) });
  const running = x?.running;
  const past = useQuery(refreshes(id));

  // When it ends, the history has one more.
  const was = useRef(false);
  const { refetch } = past;
  useEffect(() => {
    if (was.current && !running) void refetch();
    was.current = running !== undefined;
  }, [running, refetch]);

  const last = past.data?.[0];
  return (
    <Part
      title="Extract"
      action={
        <span className={css.uses}>
          {increments && (
            <Button variant="default" disabled={!x || running !== undefined || !x.id} onClick={() => again.mutate(true)}>
              Refresh by increment
            </Button>
          )}
          <Button variant="default" leftSection={<IconRefresh size={14} />} disabled={!x || running !== undefined} loading={again.isPending} onClick={() => again.mutate(false)}>
            Refresh now
          </Button>
        </span>
      }
    >
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} compact />}
      {again.error && <ProblemView error={again.error} compact />}
      {x && (
        <>
          <dl className={css.tiles}>
            <Tile name="Rows" value={x.id ? count(x.rows) : '–'} />
            <Tile name="Size" value={x.id ? bytes(x.bytes) : '–'} />
            <Tile name="As of" value={x.as_of ? ago(x.as_of) : '–'} title={x.as_of && moment(x.as_of)} />
            <Tile name="Next refresh" value={x.next ? when(x.next) : 'by hand'} title={x.next && moment(x.next)} />
          </dl>
          <p className="muted">{answering(x)}</p>
          {!running && last?.state === 'failed' && <ProblemView error={new Error(last.error ?? '')} compact />}
        </>
      )}
      {running && (
        <div className={css.running} role="status">
          <span>
            {running.state === 'waiting' ? 'Waits to be refreshed' : 'Refreshes'}
            {running.increment && ' by increment'}
            {running.rows > 0 && `, ${counted(running.rows, 'row')} so far`}
          </span>
          <Button variant="default" leftSection={<IconPlayerStop size={14} />} loading={stop.isPending} onClick={() => stop.mutate()}>
            Stop
          </Button>
          <Progress label="Refresh" value={running.done} />
          {stop.error && <ProblemView error={stop.error} compact />}
        </div>
      )}
    </Part>
  );
}

/** What answers meanwhile. */
function answering(x: ExtractInfo): string {
  if (x.running) return x.id ? 'The extract as it is answers until the new one is whole.' : 'The lake itself answers until the extract is whole.';
  return x.id ? 'The extract answers. Viewers for whom its tables hold something else are answered live.' : 'There is no extract yet: the lake itself answers.';
}

const Tile = (props: { name: string; value: string; title?: string }) => (
  <div className={css.tile} title={props.title}>
    <dt>{props.name}</dt>
    <dd className="num">{props.value}</dd>
  </div>
);

/** How far away a time to come is. */
export function when(iso: string, now = Date.now()): string {
  const minutes = Math.max(0, Math.round((Date.parse(iso) - now) / 60_000));
  if (minutes < 1) return 'now';
  if (minutes < 60) return `in ${minutes} min`;
  if (minutes < 48 * 60) return `in ${Math.round(minutes / 60)} h`;
  return `in ${Math.round(minutes / 1440)} days`;
}

const tones: Record<Refresh['state'], Tone> = { waiting: 'busy', running: 'busy', done: 'good', failed: 'wants', stopped: 'quiet' };
const states: Record<Refresh['state'], string> = { waiting: 'Waiting', running: 'Running', done: 'Done', failed: 'Failed', stopped: 'Stopped' };
const by = (r: Refresh) => ({ schedule: 'the schedule', erasure: 'an erasure' })[r.by] ?? nameOf(r.by);

function History({ id }: { id: string }) {
  const q = useQuery(refreshes(id));
  return (
    <Part title="Refreshes">
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} compact />}
      {q.data?.length === 0 && <p className="muted">None yet.</p>}
      {q.data && q.data.length > 0 && (
        <div className={css.history}>
          <table className={list.list}>
            <thead>
              <tr>
                <th>Began</th>
                <th>State</th>
                <th className={list.right}>Rows</th>
                <th className={`${list.right} ${list.roomy}`}>Size</th>
                <th className={`${list.right} ${list.roomy}`}>Took</th>
                <th className={list.roomy}>Asked by</th>
              </tr>
            </thead>
            <tbody>
              {q.data.map((r) => (
                <tr key={r.id}>
                  <td className="num" title={moment(r.started)}>
                    {ago(r.started)}
                  </td>
                  <td>
                    <Pill tone={tones[r.state]}>
                      {states[r.state]}
                      {r.increment && ', by increment'}
                    </Pill>
                    {r.error && <div className={css.wrong}>{r.error}</div>}
                  </td>
                  <td className={`num ${list.right}`}>{count(r.rows)}</td>
                  <td className={`num ${list.right} ${list.roomy}`}>{bytes(r.bytes)}</td>
                  <td className={`num ${list.right} ${list.roomy}`}>{r.ended && duration(Date.parse(r.ended) - Date.parse(r.started))}</td>
                  <td className={list.roomy}>{by(r)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Part>
  );
}
