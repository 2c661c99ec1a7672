import css from './ui.module.css';

/** A thin line that moves, and only after 300 ms: what is quick needs no sign. */
export function Waiting(props: { label?: string }) {
  return (
    <div className={css.waiting} role="status" aria-label={props.label ?? 'Loading'}>
      <div className={css.waitingBar} />
    </div>
  );
}
