import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { type ErasureRequest, progress, type RequestProgress } from '../api/erasure';
import { problemOf } from '../api/client';
import { count, counted } from '../ui/format';
import { Progress } from '../ui/Progress';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { Line, Lines } from './Lines';
import { Place } from './ReportView';
import css from './erasure.module.css';

type Key = RequestProgress['keys'][number];

const saysOf = (k: Key) => (k.exceptions > 0 ? `${counted(k.exceptions, 'version')} must stay for now` : k.erased ? 'erased, and read again' : 'not yet');

/** What is being erased, object by object. */
export function ProgressView({ request: r }: { request: ErasureRequest }) {
  const q = useQuery(progress(r.id, r.state === 'erasing'));
  // It was closed while this was read: the request says so in a moment.
  if (q.error && problemOf(q.error).kind === 'conflict') return <Waiting label="Loading the progress" />;
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Loading the progress" />;
  const p = q.data;
  const verifying = r.state === 'erasing' && p.erased === p.objects;
  return (
    <>
      <Part title={verifying ? 'Looking for what is left' : 'Erasing'} note={`${count(p.erased)} of ${counted(p.objects, 'object')}`}>
        <Progress label="Objects erased" value={verifying ? -1 : p.objects === 0 ? 0 : p.erased / p.objects} />
      </Part>
      {p.keys.length > 0 && (
        <Part title="Objects" note={p.keys.length < p.objects ? `the first ${count(p.keys.length)}` : undefined}>
          <Lines
            label="Objects"
            items={p.keys}
            line={(k) => (
              <Line
                what={<Place of={k} />}
                under={saysOf(k)}
                warn={k.exceptions > 0}
                end={k.erased ? <IconCheck size={15} className={css.good} aria-label="erased" /> : null}
                endUnder={k.records > 0 && counted(k.records, 'record')}
              />
            )}
          />
        </Part>
      )}
    </>
  );
}
