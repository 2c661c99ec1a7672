import { useQuery } from '@tanstack/react-query';

import { type ErasureRequest, type Holding, type ObjectVersion, type Report, report, type Unread } from '../api/erasure';
import { bytes, count, counted, day, moment } from '../ui/format';
import { Copy } from '../ui/Copy';
import { Empty } from '../ui/Empty';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { Line, Lines } from './Lines';
import { type Totals, totalsOf } from './totals';
import css from './erasure.module.css';

/** What a request has found, and what could not be read. */
export function ReportView({ request: r }: { request: ErasureRequest }) {
  const q = useQuery(report(r.id, r.digest));
  if (r.digest === undefined) return r.state === 'blocked' ? <Empty>It was blocked before there was a report.</Empty> : <Waiting label="Finding the person" />;
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Loading the report" />;
  return <Whole report={q.data} digest={r.digest} />;
}

function Whole({ report: p, digest }: { report: Report; digest: string }) {
  const t = totalsOf(p);
  return (
    <>
      <Figures of={t} />
      {t.versions === 0 && t.holdings === 0 && <Empty>Nothing that was read holds this person.</Empty>}
      {p.objects && p.objects.length > 0 && (
        <Part title="Objects" note={counted(t.versions, 'version')}>
          <Lines
            label="Objects"
            items={p.objects}
            line={(o) => <Line what={<Place of={o} />} title={`${o.bucket}/${o.key}`} end={counted(o.rows?.length ?? 0, 'record')} under={<Version of={o} />} endUnder={bytes(o.size)} />}
          />
        </Part>
      )}
      <Holdings of={p.holdings} />
      <UnreadPart of={p.unread} />
      <Part title="This report" note={`made ${moment(p.made)}`}>
        <p className="muted">An approval is of exactly this report, by its SHA-256.</p>
        <Copy value={digest} label="Copy the digest" />
      </Part>
    </>
  );
}

function Figures({ of: t }: { of: Totals }) {
  return (
    <dl className={css.figures}>
      <div>
        <dt>Records</dt>
        <dd>{count(t.records)}</dd>
      </div>
      <div>
        <dt>Objects</dt>
        <dd>{count(t.objects)}</dd>
      </div>
      <div>
        <dt>Versions</dt>
        <dd>{count(t.versions)}</dd>
      </div>
      <div>
        <dt>Size of these</dt>
        <dd>{bytes(t.bytes)}</dd>
      </div>
      <div data-warn={t.unread > 0 || undefined}>
        <dt>Could not be read</dt>
        <dd>{count(t.unread)}</dd>
      </div>
    </dl>
  );
}

export const Place = ({ of: o }: { of: { bucket: string; key: string } }) => (
  <code>
    <span className="muted">{o.bucket}/</span>
    {o.key}
  </code>
);

/** A version's id; S3 calls what was written without versions null. */
export const Version = ({ of: o }: { of: Pick<ObjectVersion, 'version'> }) => (o.version && o.version !== 'null' ? <>version {o.version}</> : 'not versioned');

/** Places that are not objects. */
export function Holdings(props: { of: Holding[] | undefined }) {
  if (!props.of || props.of.length === 0) return null;
  return (
    <Part title="Other places" note={counted(props.of.length, 'place')}>
      <Lines
        label="Other places"
        items={props.of}
        line={(h) => <Line what={h.place} under={h.reason ? `stays: ${h.reason}` : h.holder} warn={h.reason !== undefined} end={counted(h.records, 'record')} endUnder={h.until && `until ${day(h.until)}`} />}
      />
    </Part>
  );
}

/** Objects of which nobody knows whether they hold a person. */
export function UnreadPart(props: { of: Unread[] | undefined; title?: string }) {
  if (!props.of || props.of.length === 0) return null;
  return (
    <Part title={props.title ?? 'Could not be read'} note={`${counted(props.of.length, 'version')}: exceptions until they can be`}>
      <Lines label="Could not be read" items={props.of} line={(u) => <Line what={<Place of={u} />} title={u.reason} under={u.reason} warn />} />
    </Part>
  );
}
