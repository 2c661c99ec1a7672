import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';

import { Problem } from '../api/client';
import { startVacuum, type Vacuum, vacuums } from '../api/erasure';
import { ago, bytes, count, counted, day } from '../ui/format';
import { Progress } from '../ui/Progress';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Line, Lines } from './Lines';
import { Place } from './ReportView';
import css from './erasure.module.css';

/** The blank records that erasures have left, and what takes them out. */
export function Blanks() {
  const q = useQuery(vacuums);
  const start = useMutation({ mutationFn: startVacuum });
  if (!q.data) return null; // who may not see them sees the rest of the page
  const { objects, oldest } = q.data.blanked;
  const last = q.data.vacuums.at(-1);
  const going = last?.state === 'vacuuming';
  return (
    <Part
      title="Blank records"
      note={objects > 0 && oldest && `since ${day(oldest)}`}
      action={
        objects > 0 && (
          <span className={css.actions}>
            <Button variant="default" disabled={going} loading={start.isPending && start.variables} onClick={() => start.mutate(true)}>
              Count
            </Button>
            <Button disabled={going} loading={start.isPending && !start.variables} onClick={() => start.mutate(false)}>
              Vacuum
            </Button>
          </span>
        )
      }
    >
      <p className="muted">
        {objects === 0
          ? 'No erasure has left any. One does where the mode of a mapping is blank.'
          : `${counted(objects, 'object')} ${objects === 1 ? 'has' : 'have'} blank records in place of erased ones, which a vacuum takes out. The records after them get other numbers.`}
      </p>
      {start.error && <ProblemView error={start.error} compact />}
      {going ? <Going of={last} /> : last && <Last of={last} />}
    </Part>
  );
}

function Going({ of: v }: { of: Vacuum }) {
  return (
    <>
      <Progress label="Vacuum" value={v.objects === 0 ? -1 : v.looked / v.objects} />
      <p className={`num ${css.building}`}>
        {count(v.looked)} of {counted(v.objects, 'object')}, {counted(v.records, 'blank record')}
      </p>
    </>
  );
}

/** What the last vacuum did. */
function Last({ of: v }: { of: Vacuum }) {
  return (
    <>
      {v.problem && <ProblemView error={new Problem({ kind: 'vacuum', message: v.problem })} compact />}
      <p className="num" role="status">
        {v.dry_run ? 'Counted' : 'Last vacuum'} {ago(v.ended ?? v.made)}: {counted(v.records, 'blank record')} {v.dry_run ? 'in' : 'taken out of'} {counted(v.changed, 'object')}
        {v.bytes > 0 && `, ${bytes(v.bytes)}`}.
      </p>
      {v.reasons && v.reasons.length > 0 && (
        <Lines
          label="Objects that stay as they are"
          items={v.reasons}
          line={(k) => <Line what={<Place of={k} />} title={k.reason} under={k.reason} warn end={k.until ? `until ${day(k.until)}` : undefined} />}
        />
      )}
    </>
  );
}
