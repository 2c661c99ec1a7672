import type { ReactNode } from 'react';

import css from './ui.module.css';

/** Says in one sentence what would be here, and offers one thing to do. */
export function Empty(props: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.empty}>
      <p>{props.children}</p>
      {props.action}
    </div>
  );
}
