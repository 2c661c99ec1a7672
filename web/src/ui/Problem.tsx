import { Button, CopyButton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import { problemOf } from '../api/client';
import { refusalIn } from './denied';
import css from './ui.module.css';

/** An error as people see it: what, what to do next, and an id to quote. */
export function ProblemView(props: { error: unknown; retry?: () => void; compact?: boolean }) {
  const p = problemOf(props.error);
  const refusal = refusalIn(p.message);
  return (
    <div className={css.problem} role="alert" data-compact={props.compact || undefined}>
      <IconAlertTriangle size={16} aria-hidden className={css.problemIcon} />
      <div className={css.problemText}>
        <p>{p.message}</p>
        {p.hint && <p className={css.hint}>{sentence(p.hint)}</p>}
        <div className={css.problemFoot}>
          {props.retry && (
            <Button variant="default" onClick={props.retry}>
              Try again
            </Button>
          )}
          {refusal && (
            <Link to="/access" search={{ view: 'why', ...refusal }} className={css.why}>
              Why?
            </Link>
          )}
          {p.id && (
            <CopyButton value={p.id}>
              {({ copied, copy }) => (
                <button type="button" className={`bare mono ${css.id}`} onClick={copy} title="Copy this id">
                  {copied ? 'copied' : p.id}
                </button>
              )}
            </CopyButton>
          )}
        </div>
      </div>
    </div>
  );
}

/** Hints come in lower case and without a full stop, as Go's errors do. */
export function sentence(s: string): string {
  const t = s.charAt(0).toUpperCase() + s.slice(1);
  return /[.!?]$/.test(t) ? t : t + '.';
}
