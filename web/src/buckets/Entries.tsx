import { IconFile, IconFolder } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';

import type { StoredObject } from '../api/types';
import { bytes, moment } from '../ui/format';
import css from './buckets.module.css';

export type Entry = ({ folder: true; key: string }) | ({ folder: false } & StoredObject);

const height = 30;

/** Folders and objects, of which only those in view exist. */
export function Entries(props: {
  bucket: string;
  prefix: string;
  entries: Entry[];
  selected: string | undefined;
  onOpen: (key: string) => void;
  onEnd: () => void;
}) {
  const { entries, prefix, onEnd } = props;
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(() => Math.max(0, entries.findIndex((e) => e.key === props.selected)));
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    scrollPaddingStart: height,
  });
  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last > entries.length - 100) onEnd();
  }, [last, entries.length, onEnd]);

  const open = (e: Entry) => {
    if (e.folder) void navigate({ to: '/buckets/$bucket', params: { bucket: props.bucket }, search: { prefix: e.key } });
    else props.onOpen(e.key);
  };
  const go = (i: number) => {
    const next = Math.max(0, Math.min(entries.length - 1, i));
    setActive(next);
    rows.scrollToIndex(next);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(active + 1),
      j: () => go(active + 1),
      ArrowUp: () => go(active - 1),
      k: () => go(active - 1),
      PageDown: () => go(active + 20),
      PageUp: () => go(active - 20),
      Home: () => go(0),
      End: () => go(entries.length - 1),
      Enter: () => entries[active] && open(entries[active]),
    };
    const move = moves[e.key];
    if (!move) return;
    e.preventDefault();
    move();
  };

  return (
    <div
      ref={scroller}
      className={css.entries}
      role="grid"
      tabIndex={0}
      aria-label="Objects"
      aria-rowcount={entries.length + 1}
      aria-activedescendant={visible.some((v) => v.index === active) ? `entry-${active}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div className={css.entriesHead} role="row" aria-rowindex={1}>
        <span role="columnheader">Name</span>
        <span role="columnheader" className={css.sizeCell}>
          Size
        </span>
        <span role="columnheader" className={css.whenCell}>
          Modified
        </span>
      </div>
      <div role="presentation" style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {visible.map((v) => {
          const e = entries[v.index]!;
          return (
            <div
              key={v.key}
              id={`entry-${v.index}`}
              role="row"
              aria-rowindex={v.index + 2}
              aria-selected={e.key === props.selected}
              className={css.row}
              data-active={v.index === active || undefined}
              style={{ transform: `translateY(${v.start}px)` }}
              onClick={() => {
                setActive(v.index);
                open(e);
              }}
            >
              <span role="gridcell" className={css.nameCell}>
                {e.folder ? <IconFolder size={16} stroke={1.6} aria-hidden /> : <IconFile size={16} stroke={1.6} aria-hidden />}
                <span className="clip" title={e.key}>
                  {e.key.slice(prefix.length) || '(empty name)'}
                </span>
              </span>
              <span role="gridcell" className={`num ${css.sizeCell}`}>
                {e.folder ? '' : bytes(e.size)}
              </span>
              <span role="gridcell" className={`num ${css.whenCell}`}>
                {e.folder ? '' : moment(e.modified)}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
