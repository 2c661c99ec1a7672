import { CopyButton } from '@mantine/core';
import { IconCheck, IconCopy, IconX } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type PointerEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';

import type { Column, Row } from '../api/types';
import { count as figure } from '../ui/format';
import { headHeight, isNumeric, numberWidth, rowHeight, widths } from './columns';
import css from './grid.module.css';

/** Browsers end elements at some 17 million pixels: more rows are not shown. */
export const mostRows = 500_000;

/** Rows that are drawn above and below the view. */
const overscan = 8;

interface Cell {
  row: number;
  column: number;
}

/** A table of any length. Only what is in view exists; rows that have not come
 * yet are shown as such. Keys move from cell to cell, Enter reads a whole row. */
export function Grid(props: {
  label: string;
  columns: Column[];
  count: number;
  /** The row at an index, undefined until it has come. */
  rowAt: (index: number) => Row | undefined;
  /** Told which rows are in view, so that they can be fetched. */
  onWindow?: (first: number, last: number) => void;
  /** What stands at a column's head, in place of its name and type. */
  head?: (column: number) => ReactNode;
}) {
  const { columns, rowAt, onWindow } = props;
  const count = Math.min(props.count, mostRows);
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState<Cell>({ row: 0, column: 0 });
  const [reading, setReading] = useState(false);
  const [resized, setResized] = useState<Record<number, number>>({});

  // Measured once the first rows are there, and kept: columns must not jump while one scrolls.
  const first = rowAt(0);
  const fitted = useMemo(() => {
    const sample: Row[] = [];
    for (let i = 0; i < Math.min(count, 100); i++) {
      const r = rowAt(i);
      if (r) sample.push(r);
    }
    return widths(columns, sample);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [columns, first === undefined]);
  const gutter = numberWidth(count);

  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: 12,
  });
  const cols = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => resized[i] ?? fitted[i] ?? 100,
    overscan: 3,
    scrollPaddingStart: gutter,
    // It hears the same scrolling as the rows do, and has rarely anything to add.
    useFlushSync: false,
  });
  useEffect(() => cols.measure(), [cols, fitted, resized]);

  const visible = rows.getVirtualItems();
  // Rows that leave the view lend their elements to those that enter it: at any
  // time the indexes in view differ by less than this.
  const slots = Math.ceil((rows.scrollRect?.height ?? 0) / rowHeight) + 2 * overscan + 2;
  const from = visible[0]?.index ?? 0;
  const to = visible.at(-1)?.index ?? 0;
  useEffect(() => onWindow?.(from, to), [onWindow, from, to]);

  const across = cols.getVirtualItems();
  const leftmost = across[0]?.index ?? 0;
  const rightmost = across.at(-1)?.index ?? -1;
  // One array as long as nothing about the columns in view changes, so that rows are not drawn again.
  const places = useMemo(
    () => across.map((c) => ({ index: c.index, start: c.start + gutter, size: c.size, right: isNumeric(columns[c.index]?.type ?? '') })),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `across` is new on each call; these say whether it differs
    [leftmost, rightmost, columns, gutter, fitted, resized, cols.getTotalSize()],
  );

  const go = (row: number, column: number) => {
    const next = {
      row: Math.max(0, Math.min(count - 1, row)),
      column: Math.max(0, Math.min(columns.length - 1, column)),
    };
    setActive(next);
    rows.scrollToIndex(next.row);
    cols.scrollToIndex(next.column);
  };

  const onKeyDown = (e: KeyboardEvent) => {
    const screen = Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 0) - headHeight) / rowHeight) - 1);
    const far = e.ctrlKey || e.metaKey;
    const { row, column } = active;
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(far ? count - 1 : row + 1, column),
      ArrowUp: () => go(far ? 0 : row - 1, column),
      ArrowRight: () => go(row, far ? columns.length - 1 : column + 1),
      ArrowLeft: () => go(row, far ? 0 : column - 1),
      PageDown: () => go(row + screen, column),
      PageUp: () => go(row - screen, column),
      Home: () => go(far ? 0 : row, 0),
      End: () => go(far ? count - 1 : row, columns.length - 1),
      Enter: () => setReading((r) => !r),
      Escape: () => setReading(false),
    };
    if (far && e.key.toLowerCase() === 'c' && getSelection()?.isCollapsed !== false) {
      const value = rowAt(row)?.[column];
      if (value != null) void navigator.clipboard?.writeText(value);
      return;
    }
    const move = moves[e.key];
    if (move && !e.altKey) {
      e.preventDefault();
      move();
    }
  };

  const resize = (i: number, e: PointerEvent<HTMLElement>) => {
    e.preventDefault();
    const handle = e.currentTarget;
    const start = e.clientX;
    const before = resized[i] ?? fitted[i] ?? 100;
    handle.setPointerCapture(e.pointerId);
    const move = (m: globalThis.PointerEvent) => setResized((r) => ({ ...r, [i]: Math.max(40, before + m.clientX - start) }));
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), { once: true });
  };

  const width = gutter + cols.getTotalSize();
  const total = rows.getTotalSize() + headHeight;
  return (
    <div className={css.frame}>
      <div
        ref={scroller}
        className={css.scroller}
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={props.count + 1}
        aria-colcount={columns.length}
        aria-activedescendant={visible.some((v) => v.index === active.row) ? `${id}-${active.row}-${active.column}` : undefined}
        onKeyDown={onKeyDown}
      >
        <div style={{ width, height: total, position: 'relative', minWidth: '100%' }}>
          <div className={css.header} role="row" aria-rowindex={1} style={{ width }}>
            <div className={css.corner} role="columnheader" style={{ width: gutter }}>
              <span className="visually-hidden">Row</span>
            </div>
            {places.map((p) => (
              <div
                key={p.index}
                role="columnheader"
                aria-colindex={p.index + 1}
                className={css.name}
                data-right={p.right || undefined}
                style={{ left: p.start, width: p.size }}
                title={`${columns[p.index]!.name} ${columns[p.index]!.type}`}
              >
                {props.head?.(p.index) ?? (
                  <>
                    <span className="clip">{columns[p.index]!.name}</span>
                    <span className={`clip ${css.type}`}>{columns[p.index]!.type}</span>
                  </>
                )}
                <span className={css.handle} onPointerDown={(e) => resize(p.index, e)} aria-hidden />
              </div>
            ))}
          </div>
          {visible.map((v) => (
            <GridRow
              key={v.index % Math.max(slots, visible.length)}
              id={id}
              index={v.index}
              top={v.start + headHeight}
              width={width}
              gutter={gutter}
              places={places}
              row={rowAt(v.index)}
              active={v.index === active.row ? active.column : -1}
              onPick={setActive}
              onRead={setReading}
            />
          ))}
        </div>
      </div>
      {reading && <Reader columns={columns} index={active.row} row={rowAt(active.row)} column={active.column} onClose={() => setReading(false)} />}
    </div>
  );
}

interface Place {
  index: number;
  start: number;
  size: number;
  right: boolean;
}

const GridRow = memo(function GridRow(props: {
  id: string;
  index: number;
  top: number;
  width: number;
  gutter: number;
  places: Place[];
  row: Row | undefined;
  active: number;
  onPick: (c: Cell) => void;
  onRead: (read: boolean) => void;
}) {
  const { index, row } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={css.row}
      data-active={props.active >= 0 || undefined}
      style={{ transform: `translateY(${props.top}px)`, width: props.width }}
    >
      <div role="rowheader" className={css.number} style={{ width: props.gutter }}>
        {figure(index + 1)}
      </div>
      {props.places.map((p) => {
        const value = row?.[p.index];
        return (
          <div
            key={p.index}
            id={`${props.id}-${index}-${p.index}`}
            role="gridcell"
            aria-colindex={p.index + 1}
            aria-selected={props.active === p.index}
            className={css.cell}
            data-right={p.right || undefined}
            data-null={value === null || undefined}
            style={{ left: p.start, width: p.size }}
            onMouseDown={() => props.onPick({ row: index, column: p.index })}
            onDoubleClick={() => props.onRead(true)}
          >
            {row === undefined ? <span className={css.coming} /> : value === null ? 'null' : clip(value ?? '')}
          </div>
        );
      })}
    </div>
  );
});

/** Cells show the beginning of long values; the reader shows all of them. */
const clip = (s: string) => (s.length > 300 ? s.slice(0, 300) + '…' : s);

/** One row as a list of names and whole values. */
function Reader(props: { columns: Column[]; index: number; row: Row | undefined; column: number; onClose: () => void }) {
  const list = useRef<HTMLDListElement>(null);
  useEffect(() => {
    list.current?.children[props.column]?.scrollIntoView({ block: 'nearest' });
  }, [props.column]);
  return (
    <aside className={css.reader} aria-label={`Row ${props.index + 1}`}>
      <div className={css.readerHead}>
        <span className="num">Row {figure(props.index + 1)}</span>
        <button type="button" className={`bare ${css.icon}`} onClick={props.onClose} aria-label="Close the row">
          <IconX size={15} />
        </button>
      </div>
      <dl ref={list}>
        {props.columns.map((c, i) => {
          const value = props.row?.[i];
          return (
            <div key={i} data-active={i === props.column || undefined}>
              <dt>
                {c.name} <span>{c.type}</span>
                {typeof value === 'string' && (
                  <CopyButton value={value}>
                    {({ copied, copy }) => (
                      <button type="button" className={`bare ${css.icon}`} onClick={copy} aria-label={`Copy ${c.name}`}>
                        {copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
                      </button>
                    )}
                  </CopyButton>
                )}
              </dt>
              <dd className={value == null ? 'muted' : undefined}>{value === null ? 'null' : (value ?? '…')}</dd>
            </div>
          );
        })}
      </dl>
    </aside>
  );
}
