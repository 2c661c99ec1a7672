import { IconArrowsDiagonal2, IconGripVertical } from '@tabler/icons-react';
import { type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react';

import type { Visual } from '../api/dash';
import { gap, inOrder, moved, type Place, rowHeight } from './layout';
import css from './dashboards.module.css';

/** Visuals on their grid. Whoever edits moves and resizes them, by mouse and by keys. */
export function SheetGrid(props: {
  visuals: readonly Visual[];
  /** Draws a visual, with its handles if it can be moved. */
  draw: (v: Visual, handles: ReactNode) => ReactNode;
  title: (v: Visual) => string;
  onPlaces?: (visuals: Visual[], of: string) => void;
}) {
  const grid = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ id: string; kind: 'move' | 'size'; from: Place; x: number; y: number; to: Place } | null>(null);
  const [said, setSaid] = useState('');
  const visuals = drag ? moved(props.visuals, drag.id, drag.to) : props.visuals;

  const put = (v: Visual, to: Place) => {
    const next = moved(props.visuals, v.id, to);
    props.onPlaces?.(next, v.id);
    const at = next.find((x) => x.id === v.id)!.place;
    setSaid(`${props.title(v)}: column ${at.x + 1}, row ${at.y + 1}, ${at.w} wide, ${at.h} high`);
  };

  const start = (v: Visual, kind: 'move' | 'size') => (e: PointerEvent<HTMLElement>) => {
    if (e.button !== 0) return;
    e.currentTarget.setPointerCapture(e.pointerId);
    setDrag({ id: v.id, kind, from: v.place, x: e.clientX, y: e.clientY, to: v.place });
  };
  const go = (e: PointerEvent<HTMLElement>) => {
    if (!drag) return;
    const width = (grid.current!.clientWidth + gap) / 12;
    const dx = Math.round((e.clientX - drag.x) / width);
    const dy = Math.round((e.clientY - drag.y) / (rowHeight + gap));
    const { from } = drag;
    const to = drag.kind === 'move' ? { ...from, x: from.x + dx, y: from.y + dy } : { ...from, w: Math.min(from.w + dx, 12 - from.x), h: from.h + dy };
    if (JSON.stringify(to) !== JSON.stringify(drag.to)) setDrag({ ...drag, to });
  };
  const end = (v: Visual) => () => {
    if (!drag) return;
    if (JSON.stringify(drag.to) !== JSON.stringify(drag.from)) put(v, drag.to);
    setDrag(null);
  };
  const keys = (v: Visual) => (e: KeyboardEvent<HTMLElement>) => {
    if (e.key === 'Escape' && drag) {
      e.preventDefault();
      setDrag(null);
      return;
    }
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (!by || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    const [dx, dy] = by as [number, number];
    const p = v.place;
    if (e.shiftKey) put(v, { ...p, w: Math.min(p.w + dx, 12 - p.x), h: p.h + dy });
    // Down goes below what is there: one row would only rise again.
    else if (dy > 0) {
      const under = props.visuals.filter((o) => o.id !== v.id && o.place.x < p.x + p.w && p.x < o.place.x + o.place.w && o.place.y >= p.y + p.h);
      const first = under.reduce((y, o) => Math.min(y, o.place.y + o.place.h), Number.POSITIVE_INFINITY);
      if (Number.isFinite(first)) put(v, { ...p, y: first - p.h + 1 });
    } else if (dy < 0) {
      const over = props.visuals.filter((o) => o.id !== v.id && o.place.x < p.x + p.w && p.x < o.place.x + o.place.w && o.place.y + o.place.h <= p.y);
      const last = over.reduce((y, o) => Math.max(y, o.place.y), 0);
      put(v, { ...p, y: last });
    } else put(v, { ...p, x: p.x + dx });
  };

  return (
    <div ref={grid} className={css.grid} data-dragging={drag ? true : undefined}>
      {inOrder(visuals).map((v) => (
        <div key={v.id} className={css.cell} style={{ '--h': v.place.h, gridColumn: `${v.place.x + 1} / span ${v.place.w}`, gridRow: `${v.place.y + 1} / span ${v.place.h}` } as CSSProperties} data-moving={drag?.id === v.id || undefined}>
          {props.draw(
            v,
            props.onPlaces && (
              <button
                type="button"
                className={`bare ${css.handle}`}
                aria-label={`Move ${props.title(v)}: arrow keys move it, with Shift they resize it`}
                onPointerDown={start(v, 'move')}
                onPointerMove={go}
                onPointerUp={end(v)}
                onPointerCancel={() => setDrag(null)}
                onKeyDown={keys(v)}
              >
                <IconGripVertical size={14} aria-hidden />
              </button>
            ),
          )}
          {props.onPlaces && (
            <span className={css.corner} aria-hidden onPointerDown={start(v, 'size')} onPointerMove={go} onPointerUp={end(v)} onPointerCancel={() => setDrag(null)}>
              <IconArrowsDiagonal2 size={12} />
            </span>
          )}
        </div>
      ))}
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </div>
  );
}
