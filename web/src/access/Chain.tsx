import { IconBan, IconCheck, IconCircleDashed, IconMinus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import type { Explanation, Statement } from '../api/types';
import { type Outcome, placeOf, steps } from './evaluation';
import css from './access.module.css';

const icons: Record<Outcome, typeof IconCheck> = { denies: IconBan, allows: IconCheck, silent: IconMinus, none: IconCircleDashed };

/** The chain of a decision: each step, what it found, and where the decision fell. */
export function Chain({ of: e }: { of: Explanation }) {
  return (
    <ol className={css.chain}>
      {steps(e).map((s) => {
        const Icon = icons[s.outcome];
        return (
          <li key={s.name} data-outcome={s.outcome} data-decided={s.decided || undefined}>
            <span className={css.chainIcon}>
              <Icon size={15} aria-hidden />
            </span>
            <div className={css.chainText}>
              <p>
                <b>{s.name}</b> <span className="muted">{s.says}</span>
                {s.decided && <span className={css.chainMark}>decides</span>}
              </p>
              {s.statements.length > 0 && (
                <ul>
                  {s.statements.map((st, i) => (
                    <li key={i}>
                      <Where of={st} decided={same(st, e.decided)} />
                    </li>
                  ))}
                </ul>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

const same = (a: Statement, b: Statement | undefined) => b !== undefined && a.policy === b.policy && a.source === b.source && a.statement === b.statement && a.line === b.line;

/** A statement: its name, its policy and the line it begins in. */
function Where({ of: s, decided }: { of: Statement; decided: boolean }) {
  const at = placeOf(s.policy);
  const name = s.policy.replace(/^arn:aws:iam::[^:]*:policy\//, '');
  return (
    <span className={css.statement} data-decided={decided || undefined}>
      <code>{s.statement}</code> of{' '}
      {at === undefined ? (
        name
      ) : 'bucket' in at ? (
        <Link to="/buckets/$bucket" params={{ bucket: at.bucket }}>
          {name}
        </Link>
      ) : (
        <Link to="/access" search={at}>
          {name}
        </Link>
      )}
      <span className="muted num">, line {s.line}</span>
    </span>
  );
}
