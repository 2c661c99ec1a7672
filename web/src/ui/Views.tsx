import type { ReactNode } from 'react';

import css from './ui.module.css';

/** A row of views of one thing, of which one is shown: tabs. */
export function Views<T extends string>(props: {
  label: string;
  views: readonly { id: T; name: ReactNode; hint?: string }[];
  value: T;
  panel: string;
  onChange: (id: T) => void;
  children?: ReactNode;
}) {
  const step = (by: number) => {
    const i = props.views.findIndex((v) => v.id === props.value);
    const next = props.views[(i + by + props.views.length) % props.views.length];
    if (next) {
      props.onChange(next.id);
      document.getElementById(`${props.panel}-${next.id}`)?.focus();
    }
  };
  return (
    <div className={css.views}>
      <div
        role="tablist"
        aria-label={props.label}
        className={css.viewList}
        onKeyDown={(e) => {
          if (e.key === 'ArrowRight') step(1);
          if (e.key === 'ArrowLeft') step(-1);
        }}
      >
        {props.views.map((v) => (
          <button
            key={v.id}
            id={`${props.panel}-${v.id}`}
            type="button"
            role="tab"
            className={`bare ${css.view}`}
            aria-selected={v.id === props.value}
            aria-controls={props.panel}
            tabIndex={v.id === props.value ? 0 : -1}
            onClick={() => props.onChange(v.id)}
          >
            {v.name}
            {v.hint && <span className={css.viewHint}>{v.hint}</span>}
          </button>
        ))}
      </div>
      {props.children && <div className={css.viewsEnd}>{props.children}</div>}
    </div>
  );
}
