import css from './ui.module.css';

/** How far something has come, from 0 to 1; -1 where that is not known. */
export function Progress(props: { label: string; value: number }) {
  const known = props.value >= 0;
  return (
    <div
      className={css.progress}
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(props.value * 100) : undefined}
      data-unknown={!known || undefined}
    >
      <div style={known ? { transform: `scaleX(${Math.min(1, props.value)})` } : undefined} />
    </div>
  );
}
