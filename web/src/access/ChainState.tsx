import { IconAlertTriangle, IconLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { chain } from '../api/access';
import { problemOf } from '../api/client';
import { counted } from '../ui/format';
import css from './access.module.css';

/** Whether the audit's lines are all there and as they were written. */
export function ChainState() {
  const q = useQuery(chain);
  const c = q.data;
  if (q.error) return <span>Whether the chain holds is not known: {problemOf(q.error).message}</span>;
  if (!c) return <span>{q.isPending && 'Checking the chain…'}</span>;
  return c.good ? (
    <span className={css.chainGood}>
      <IconLink size={14} aria-hidden />
      The chain holds: {counted(c.lines, 'line')}
      {c.files > 1 && ` in ${counted(c.files, 'file')}`}
      {c.last && (
        <code className="muted" title={`Hash of the last line: ${c.last}`}>
          {c.last.slice(0, 12)}
        </code>
      )}
    </span>
  ) : (
    <span className={css.chainBroken} role="alert">
      <IconAlertTriangle size={14} aria-hidden />
      The chain is broken: {c.problem}
    </span>
  );
}
