import { ActionIcon, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import { namesOf, type Tab } from './tabs';
import css from './query.module.css';

/** The open editors. A double click renames one, the middle button closes it. */
export function TabBar(props: {
  list: Tab[];
  active: string;
  before: ReactNode;
  onPick: (t: Tab) => void;
  onClose: (t: Tab) => void;
  onRename: (t: Tab, name: string) => void;
  onNew: () => void;
}) {
  const [renaming, setRenaming] = useState('');
  const names = namesOf(props.list);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    bar.current?.querySelector('[data-active]')?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }, [props.active, props.list.length]);
  return (
    <div className={css.tabs}>
      <div className={css.tabsEdge}>{props.before}</div>
      <div ref={bar} className={css.tabList} role="group" aria-label="Editors">
        {props.list.map((t, i) => {
          const name = names[i]!;
          const now = t.id === props.active;
          return (
            <div
              key={t.id}
              className={css.tab}
              data-active={now || undefined}
              onAuxClick={(e) => e.button === 1 && props.onClose(t)}
            >
              {renaming === t.id ? (
                <input
                  className={css.rename}
                  aria-label="Name of the editor"
                  defaultValue={name}
                  autoFocus
                  onFocus={(e) => e.currentTarget.select()}
                  onBlur={(e) => {
                    props.onRename(t, e.currentTarget.value.trim());
                    setRenaming('');
                  }}
                  onKeyDown={(e) => {
                    if (e.key === 'Enter') e.currentTarget.blur();
                    if (e.key === 'Escape') setRenaming('');
                  }}
                />
              ) : (
                <button
                  type="button"
                  className={`bare clip ${css.tabName}`}
                  aria-pressed={now}
                  title={name}
                  onClick={() => props.onPick(t)}
                  onDoubleClick={() => setRenaming(t.id)}
                >
                  {name}
                </button>
              )}
              <button type="button" className={`bare ${css.tabClose}`} aria-label={`Close ${name}`} onClick={() => props.onClose(t)}>
                <IconX size={13} />
              </button>
            </div>
          );
        })}
      </div>
      <div className={css.tabsEdge}>
        <Tooltip label="New editor">
          <ActionIcon aria-label="New editor" onClick={props.onNew}>
            <IconPlus size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </div>
    </div>
  );
}
