import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { Execution } from '../api/types';
import { bytes, count, duration, moment } from '../ui/format';
import css from './query.module.css';

/** What is known of a run. */
export function Details({ execution: e }: { execution: Execution }) {
  const s = e.statistics;
  return (
    <div className={css.details}>
      <dl>
        <Fact name="Execution">
          <code>{e.id}</code>
        </Fact>
        <Fact name="State">{e.state}</Fact>
        {e.reason && <Fact name="Reason">{e.reason}</Fact>}
        <Fact name="Submitted">{moment(e.submitted)}</Fact>
        {e.completed && <Fact name="Completed">{moment(e.completed)}</Fact>}
        <Fact name="By">
          <code>{e.principal}</code>
        </Fact>
        <Fact name="In">
          {e.catalog} · {e.database} · workgroup {e.workgroup}
        </Fact>
        <Fact name="Kind">
          {e.type} {e.subtype}
        </Fact>
      </dl>
      <dl>
        <Fact name="Queue">{duration(s.queue_ms)}</Fact>
        <Fact name="Planning">{duration(s.planning_ms)}</Fact>
        <Fact name="Engine">{duration(s.engine_ms)}</Fact>
        <Fact name="Storing">{duration(s.service_ms)}</Fact>
        <Fact name="Total">{duration(s.total_ms)}</Fact>
        <Fact name="Scanned">{bytes(s.scanned_bytes)}</Fact>
        <Fact name="Rows">{count(e.rows)}</Fact>
        <Fact name="Result">
          {bytes(s.result_bytes)}
          {e.output && (
            <>
              {' at '}
              <Place location={e.output} />
            </>
          )}
        </Fact>
      </dl>
      <pre className={css.statement}>{e.statement}</pre>
    </div>
  );
}

function Fact(props: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd className="num">{props.children}</dd>
    </div>
  );
}

/** An s3:// location, as a way to the object, or to the folder that a table's location is. */
export function Place({ location, folder }: { location: string; folder?: boolean }) {
  const m = /^s3[an]?:\/\/([^/]+)\/?(.*)$/.exec(location);
  if (!m) return <code>{location}</code>;
  const [, bucket = ''] = m;
  const key = folder && m[2] ? m[2].replace(/\/?$/, '/') : (m[2] ?? '');
  const prefix = key.slice(0, key.lastIndexOf('/') + 1);
  return (
    <Link to="/buckets/$bucket" params={{ bucket }} search={{ prefix, object: key === prefix ? undefined : key }}>
      <code>{location}</code>
    </Link>
  );
}
