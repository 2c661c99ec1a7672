import { Button } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';

import { type Instance, modifyInstance } from '../api/instances';
import { moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { changeText, nextWindow } from './status';
import css from './databases.module.css';

/** What waits for the next window, as "now → then", and a way not to wait. */
export function PendingNote({ of: i }: { of: Instance }) {
  const apply = useMutation({ mutationFn: () => modifyInstance(i, { now: true }) });
  if (!i.pending || i.pending.length === 0) return null;
  const at = nextWindow(i.window);
  return (
    <div className={css.pending}>
      <ul>
        {i.pending.map((c) => {
          const t = changeText(c);
          return (
            <li key={c.what}>
              <span className="muted">{t.what}</span> {t.now !== undefined && <code>{t.now}</code>} <IconArrowRight size={13} aria-label="becomes" /> <code>{t.next}</code>
            </li>
          );
        })}
      </ul>
      <div className={css.pendingFoot}>
        <span className="num muted" title={i.window + ' UTC'}>
          at the next window{at && `, ${moment(at.toISOString())}`}
        </span>
        {i.status === 'available' && (
          <Button variant="default" loading={apply.isPending} onClick={() => apply.mutate()}>
            Apply now
          </Button>
        )}
      </div>
      {apply.error && <ProblemView error={apply.error} compact />}
    </div>
  );
}
