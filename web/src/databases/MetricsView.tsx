import { useQuery } from '@tanstack/react-query';

import { type Instance, metrics, metricsMS } from '../api/instances';
import { bytes, count, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { line, rates } from './series';
import css from './databases.module.css';

const percent = (v: number) => `${Math.round(v * 1000) / 10} %`;
const rounded = (v: number) => count(v < 10 ? Math.round(v * 10) / 10 : Math.round(v));

/** How an instance does, measured while it is looked at. */
export function MetricsView({ of: i, running }: { of: Instance; running: boolean }) {
  const q = useQuery(metrics(i.region, i.name, running));
  if (!running) return <p className={`muted ${css.note}`}>It does not run.</p>;
  const all = q.data ?? [];
  const m = all.at(-1);
  if (!m) return q.error ? <ProblemView error={q.error} retry={() => void q.refetch()} /> : <Waiting label="Measuring" />;
  const r = rates(all);
  const measuring = r.tps.length === 0;
  return (
    <>
      <ul className={css.tiles}>
        <Tile name="Connections" value={count(m.connections)} values={all.map((x) => x.connections)} />
        <Tile name="Transactions a second" value={measuring ? '…' : rounded(r.tps.at(-1)!)} values={r.tps} />
        <Tile name="Blocks found in the cache" value={measuring ? '…' : percent(r.hits.at(-1)!)} values={r.hits} max={1} />
        <Tile name="Data" value={bytes(m.bytes)} values={all.map((x) => x.bytes)} />
        <Tile name="Memory" value={bytes(m.memory)} values={all.map((x) => x.memory)} />
        {m.lag !== undefined && <Tile name="Behind its source" value={`${rounded(m.lag)} s`} values={all.map((x) => x.lag ?? 0)} />}
      </ul>
      <p className={`muted num ${css.note}`}>
        every {metricsMS / 1000} s while you look{m.started && ` · runs since ${moment(m.started)}`}
      </p>
    </>
  );
}

const width = 180;
const height = 36;

function Tile(props: { name: string; value: string; values: readonly number[]; max?: number }) {
  return (
    <li className={css.tile}>
      <span className={css.tileName}>{props.name}</span>
      <b className="num">{props.value}</b>
      <svg viewBox={`0 -2 ${width} ${height + 4}`} preserveAspectRatio="none" aria-hidden>
        {props.values.length > 1 && <polyline points={line(props.values, width, height, props.max)} vectorEffect="non-scaling-stroke" />}
      </svg>
    </li>
  );
}
