import type { RequestState } from '../api/erasure';
import { stateName, toneOf } from './state';
import css from './erasure.module.css';

export function StatePill(props: { state: RequestState }) {
  return (
    <span className={css.state} data-tone={toneOf(props.state)}>
      <span className={css.dot} aria-hidden />
      {stateName(props.state)}
    </span>
  );
}
