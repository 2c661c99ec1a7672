import type { ReactNode } from 'react';

import css from './ui.module.css';

/** good: as it should be; busy: changing by itself; wants: waits for a person; quiet: at rest. */
export type Tone = 'good' | 'busy' | 'wants' | 'quiet';

/** A state in a word, with a dot that tells what it means. */
export function Pill(props: { tone: Tone; children: ReactNode }) {
  return (
    <span className={css.pill} data-tone={props.tone}>
      <span className={css.dot} aria-hidden />
      {props.children}
    </span>
  );
}
