import type { ReactNode } from 'react';

import css from './ui.module.css';

/** A page's header: what it is, and at most three actions. */
export function PageHead(props: { title: ReactNode; label: string; children?: ReactNode }) {
  return (
    <header className={css.head}>
      <h1 className={css.title} aria-label={props.label}>
        {props.title}
      </h1>
      <div className={css.actions}>{props.children}</div>
    </header>
  );
}
