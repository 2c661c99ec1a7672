import { IconChevronRight, IconDatabase, IconEye, IconTable } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';

import { databases, tables } from '../api/catalogs';
import type { Field, Table } from '../api/types';
import { Empty } from '../ui/Empty';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import css from './tree.module.css';

/** Databases, their tables and, where asked, the tables' columns. */
export function Tree(props: {
  catalog: string;
  /** The database whose tables are shown from the start. */
  database?: string;
  selected?: { database: string; table?: string };
  filter: string;
  withColumns?: boolean;
  onDatabase?: (database: string) => void;
  onTable?: (t: Table) => void;
  /** A button at the end of a table's or column's line. */
  extra?: (t: Table, column?: Field) => ReactNode;
}) {
  const { catalog, filter } = props;
  const dbs = useQuery(databases(catalog));
  const [toggled, setToggled] = useState<Record<string, boolean>>({});
  const list = useRef<HTMLDivElement>(null);
  const needle = filter.trim().toLowerCase();

  const isOpen = (name: string, def: boolean) => toggled[name] ?? def;
  const all = dbs.data ?? [];
  const dbOpen = (name: string) => isOpen(name, needle !== '' || name === props.database || name === props.selected?.database || all.length === 1);
  const opened = all.filter((d) => dbOpen(d.name)).map((d) => d.name);
  const found = useQueries({ queries: opened.map((d) => tables(catalog, d)) });

  const shown = useMemo(() => {
    const byName = new Map(opened.map((d, i) => [d, found[i]!]));
    return all
      .map((d) => {
        const q = byName.get(d.name);
        const ts = q?.data?.tables ?? [];
        const self = d.name.includes(needle);
        return { db: d, query: q, tables: needle && !self ? ts.filter((t) => matches(t, needle)) : ts, self };
      })
      .filter((x) => needle === '' || x.self || x.tables.length > 0 || x.query?.isPending);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- opened and found are new arrays each time; this is cheap
  }, [all, found, needle]);

  if (dbs.error) return <ProblemView error={dbs.error} retry={() => void dbs.refetch()} compact />;
  if (!dbs.data) return <Waiting label="Loading databases" />;
  if (all.length === 0) return <Empty>This catalog has no databases yet. Run CREATE DATABASE on the Query page to make one.</Empty>;
  if (shown.length === 0) return <p className={css.none}>No table or column is called “{filter.trim()}”.</p>;

  const toggle = (name: string, now: boolean) => setToggled((t) => ({ ...t, [name]: !now }));

  /** Arrow keys, as in trees elsewhere: over the lines, and into and out of them. */
  const onKeyDown = (e: KeyboardEvent) => {
    const lines = [...(list.current?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? [])];
    const at = lines.indexOf(document.activeElement as HTMLElement);
    const line = lines[at];
    if (!line) return;
    const level = Number(line.getAttribute('aria-level'));
    const expanded = line.getAttribute('aria-expanded');
    const focus = (i: number) => lines[i]?.focus();
    switch (e.key) {
      case 'ArrowDown':
      case 'j':
        focus(at + 1);
        break;
      case 'ArrowUp':
      case 'k':
        focus(at - 1);
        break;
      case 'Home':
        focus(0);
        break;
      case 'End':
        focus(lines.length - 1);
        break;
      case 'ArrowRight':
        if (expanded === 'false') line.querySelector<HTMLElement>('[data-toggle]')?.click();
        else if (expanded === 'true') focus(at + 1);
        break;
      case 'ArrowLeft':
        if (expanded === 'true') line.querySelector<HTMLElement>('[data-toggle]')?.click();
        else focus(lines.findLastIndex((l, i) => i < at && Number(l.getAttribute('aria-level')) < level));
        break;
      case 'Enter':
      case ' ':
        line.click();
        break;
      default:
        return;
    }
    e.preventDefault();
    e.stopPropagation();
  };

  return (
    <div role="tree" aria-label="Databases and tables" className={css.tree} ref={list} onKeyDown={onKeyDown}>
      {shown.map(({ db, query, tables: ts }, n) => {
        const open = dbOpen(db.name);
        return [
          <Line
            key={db.name}
            level={1}
            first={n === 0}
            open={open}
            selected={props.selected?.database === db.name && !props.selected.table}
            icon={<IconDatabase size={15} stroke={1.6} />}
            name={db.name}
            onToggle={() => toggle(db.name, open)}
            onClick={() => (props.onDatabase ? props.onDatabase(db.name) : toggle(db.name, open))}
          />,
          open && query?.error && <ProblemView key={`${db.name} problem`} error={query.error} compact />,
          open && query?.data && ts.length === 0 && (
            <p key={`${db.name} empty`} className={css.none}>
              No tables
            </p>
          ),
          open &&
            ts.map((t) => {
              const key = `${t.database}.${t.name}`;
              const columnHit = needle !== '' && !t.name.includes(needle) && !t.database.includes(needle);
              const wide = props.withColumns === true && isOpen(key, columnHit);
              return [
                <Line
                  key={key}
                  level={2}
                  open={props.withColumns ? wide : undefined}
                  selected={props.selected?.database === t.database && props.selected.table === t.name}
                  icon={t.format === 'view' ? <IconEye size={15} stroke={1.6} /> : <IconTable size={15} stroke={1.6} />}
                  name={t.name}
                  extra={props.extra?.(t)}
                  onToggle={() => toggle(key, wide)}
                  onClick={() => (props.onTable ? props.onTable(t) : toggle(key, wide))}
                />,
                wide &&
                  [...(t.columns ?? []), ...(t.partition_keys ?? [])].map((c) => (
                    <Line key={`${key}.${c.name}`} level={3} name={c.name} detail={c.type} mark={columnHit && c.name.includes(needle)} extra={props.extra?.(t, c)} />
                  )),
              ];
            }),
        ];
      })}
    </div>
  );
}

const matches = (t: Table, needle: string) =>
  t.name.includes(needle) || [...(t.columns ?? []), ...(t.partition_keys ?? [])].some((c) => c.name.includes(needle));

function Line(props: {
  level: number;
  first?: boolean;
  open?: boolean;
  selected?: boolean;
  mark?: boolean;
  icon?: ReactNode;
  name: string;
  detail?: string;
  extra?: ReactNode;
  onToggle?: () => void;
  onClick?: () => void;
}) {
  return (
    <div
      role="treeitem"
      aria-level={props.level}
      aria-expanded={props.open}
      aria-selected={props.selected ?? false}
      tabIndex={props.first ? 0 : -1}
      className={css.line}
      data-level={props.level}
      data-mark={props.mark || undefined}
      onClick={props.onClick}
    >
      {props.open !== undefined ? (
        <span
          data-toggle
          aria-hidden
          className={css.toggle}
          data-open={props.open || undefined}
          onClick={(e) => {
            e.stopPropagation();
            props.onToggle?.();
          }}
        >
          <IconChevronRight size={13} />
        </span>
      ) : (
        <span className={css.toggle} />
      )}
      {props.icon && <span className={css.icon}>{props.icon}</span>}
      <span className={`clip ${css.name}`} title={props.name}>
        {props.name}
      </span>
      {props.detail && (
        <span className={`clip ${css.detail}`} title={props.detail}>
          {props.detail}
        </span>
      )}
      {props.extra && <span className={css.extra}>{props.extra}</span>}
    </div>
  );
}
