import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';

import list from '../ui/list.module.css';
import css from './erasure.module.css';

const height = 46;

/** A list of any length, of which only the lines in view exist. */
export function Lines<T>(props: { label: string; items: readonly T[]; line: (item: T) => ReactNode }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: props.items.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 8 });
  return (
    <div ref={scroller} className={`${list.lines} ${css.lines}`} tabIndex={0} role="region" aria-label={props.label} style={{ height: Math.min(props.items.length, 10) * height + 1 }}>
      <ul style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((v) => (
          <li key={v.key} style={{ transform: `translateY(${v.start}px)`, height }} aria-setsize={props.items.length} aria-posinset={v.index + 1}>
            {props.line(props.items[v.index]!)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A line of such a list: what, and under it why or which; at its end figures. */
export function Line(props: { what: ReactNode; under?: ReactNode; end?: ReactNode; endUnder?: ReactNode; title?: string; warn?: boolean }) {
  return (
    <div className={css.line} title={props.title}>
      <span className={`clip ${css.what}`}>{props.what}</span>
      <span className={`num ${css.end}`}>{props.end}</span>
      <span className={`clip ${css.lineUnder}`} data-warn={props.warn || undefined}>
        {props.under}
      </span>
      <span className={`num ${css.endUnder}`}>{props.endUnder}</span>
    </div>
  );
}
