import type { KeyboardEvent, PointerEvent, RefObject } from 'react';

import css from './query.module.css';

const least = 0.12;
const most = 0.8;

/** The line between editor and result, to be dragged or moved with the arrow keys. */
export function Splitter(props: {
  within: RefObject<HTMLElement | null>;
  /** The upper part's share. */
  value: number;
  onChange: (v: number) => void;
  onEnd: (v: number) => void;
}) {
  const bound = (v: number) => Math.min(most, Math.max(least, v));
  const drag = (e: PointerEvent<HTMLDivElement>) => {
    const box = props.within.current!.getBoundingClientRect();
    const line = e.currentTarget;
    line.setPointerCapture(e.pointerId);
    let last = props.value;
    const move = (m: globalThis.PointerEvent) => {
      last = bound((m.clientY - box.top) / box.height);
      props.onChange(last);
    };
    line.addEventListener('pointermove', move);
    line.addEventListener(
      'lostpointercapture',
      () => {
        line.removeEventListener('pointermove', move);
        props.onEnd(last);
      },
      { once: true },
    );
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const by = { ArrowUp: -0.04, ArrowDown: 0.04 }[e.key];
    if (by === undefined) return;
    e.preventDefault();
    const v = bound(props.value + by);
    props.onChange(v);
    props.onEnd(v);
  };
  return (
    <div
      className={css.splitter}
      role="separator"
      tabIndex={0}
      aria-label="Height of the editor"
      aria-orientation="horizontal"
      aria-valuemin={least * 100}
      aria-valuemax={most * 100}
      aria-valuenow={Math.round(props.value * 100)}
      onPointerDown={drag}
      onKeyDown={onKeyDown}
    />
  );
}
