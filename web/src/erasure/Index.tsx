import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';

import { type BuildProgress, erasureIndex, indexLag, type Receiver, startBuild, unread } from '../api/erasure';
import { Problem } from '../api/client';
import { ago, bytes, count, counted, duration } from '../ui/format';
import list from '../ui/list.module.css';
import { Progress } from '../ui/Progress';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { rateOf } from './rate';
import { Blanks } from './Blanks';
import { UnreadPart } from './ReportView';
import css from './erasure.module.css';

/** The index of identifiers: how much it covers, how far behind it is, and what it could not read. */
export function Index() {
  const q = useQuery(erasureIndex);
  const building = q.data?.building ?? false;
  const us = useQuery({ ...unread(`${q.data?.progress.began} ${building}`), refetchInterval: building ? 5000 : 30_000 });
  const lag = useQuery(indexLag);
  const build = useMutation({ mutationFn: startBuild });
  const s = q.data;
  if (!s) return q.error ? <ProblemView error={q.error} retry={() => void q.refetch()} /> : <Waiting label="Loading the index" />;
  const last = s.progress.began && !s.progress.began.startsWith('0001') ? s.progress : undefined;
  return (
    <div className={list.scroll}>
      <h2 className="visually-hidden">Index</h2>
      <dl className={css.figures}>
        <div>
          <dt>Objects</dt>
          <dd>{count(s.objects)}</dd>
        </div>
        <div>
          <dt>Entries</dt>
          <dd>{count(s.postings)}</dd>
        </div>
        <div>
          <dt>On disk</dt>
          <dd>{bytes(s.bytes)}</dd>
        </div>
        <div data-warn={(us.data?.length ?? 0) > 0 || undefined}>
          <dt>Could not be read</dt>
          <dd>{us.data ? count(us.data.length) : '–'}</dd>
        </div>
        {lag.data && (
          <div>
            <dt>Behind</dt>
            <dd>{behind(lag.data)}</dd>
          </div>
        )}
      </dl>
      <Part
        title={s.building ? 'Building' : 'Build'}
        note={!s.building && last && `last begun ${ago(last.began!)}`}
        action={
          <Button loading={build.isPending} disabled={s.building} onClick={() => build.mutate()}>
            Build index
          </Button>
        }
      >
        {build.error && <ProblemView error={build.error} compact />}
        {!s.building && s.error && <ProblemView error={new Problem({ kind: 'index', message: s.error })} compact />}
        {s.building ? <Building of={s.progress} /> : <p className="muted">{last ? told(last) : 'The index follows the lake by itself. A build reads what it has missed, as after a mapping was changed.'}</p>}
      </Part>
      <Blanks />
      <UnreadPart of={us.data} title="Unread objects" />
    </div>
  );
}

/** How far the index is behind what happens in the lake. */
function behind(r: Receiver): string {
  if (r.oldest && !r.oldest.startsWith('0001')) return duration(Math.max(0, Date.now() - Date.parse(r.oldest)));
  return r.behind + r.held === 0 ? 'nothing' : counted(r.behind + r.held, 'event');
}

const told = (p: BuildProgress) => `${counted(p.objects_read, 'object')} read, ${count(p.known)} known already, ${count(p.forgotten)} gone, ${counted(p.rows, 'record')}.`;

function Building({ of: p }: { of: BuildProgress }) {
  const { value, rate, left } = rateOf(p);
  return (
    <>
      <Progress label="Index build" value={value} />
      <p className={`num ${css.building}`}>
        {p.listed ? `${count(p.objects_read)} of ${counted(p.objects, 'object')}, ${bytes(p.bytes_read)} of ${bytes(p.bytes)}` : `${counted(p.objects, 'object')} so far`}
        {rate > 0 && ` · ${bytes(rate)}/s`}
        {left !== undefined && ` · ${duration(left)} left`}
      </p>
    </>
  );
}
