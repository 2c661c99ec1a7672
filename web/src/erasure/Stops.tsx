import { IconCheck } from '@tabler/icons-react';

import { ago, moment } from '../ui/format';
import type { Stop } from './state';
import css from './erasure.module.css';

const said: Record<Stop['state'], string> = { reached: 'done', now: 'now', stuck: 'stopped here', ahead: 'not yet' };

/** The way of a request on one line, with when it came to each stop. */
export function Stops(props: { stops: Stop[] }) {
  return (
    <ol className={css.stops} aria-label="Stops">
      {props.stops.map((s) => (
        <li key={s.name} data-state={s.state} aria-current={s.state === 'now' || s.state === 'stuck' ? 'step' : undefined}>
          <span className={css.stopDot} aria-hidden>
            {s.state === 'reached' && <IconCheck size={11} stroke={3} />}
          </span>
          <b>{s.name}</b>
          <span className="visually-hidden">, {said[s.state]}</span>
          <span className={`num ${css.stopNote}`}>
            {s.at ? (
              <time dateTime={s.at} title={moment(s.at)}>
                {ago(s.at)}
              </time>
            ) : (
              s.note
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
