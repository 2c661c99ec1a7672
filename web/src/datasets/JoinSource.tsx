import { ActionIcon, Button, Select } from '@mantine/core';
import { IconPlayerPlayFilled, IconPlus, IconX } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Fragment, useState } from 'react';

import { catalogs, databases, ownCatalog, tables } from '../api/catalogs';
import type { Source, SourceTable } from '../api/dash';
import type { Table } from '../api/types';
import { ProblemView } from '../ui/Problem';
import { aliasFor, type Columns, joined, pairsFor, ready, without } from './joins';
import type { Reading } from './SourceView';
import css from './datasets.module.css';

const kinds = [
  { value: 'inner', label: 'only rows that match' },
  { value: 'left', label: 'all rows before, and what matches' },
  { value: 'right', label: 'all of its rows, and what matches before' },
  { value: 'full', label: 'all rows of both' },
];

const join = '\u0000';

/** Tables as cards, each joined to those before it. */
export function JoinSource(props: { source: Source; reading: Reading }) {
  const [list, setList] = useState<SourceTable[]>(props.source.tables ?? []);
  const cs = (useQuery(catalogs).data ?? [{ name: ownCatalog }]).map((c) => c.name);
  const dbs = useQueries({ queries: cs.map((c) => databases(c)), combine: (rs) => rs.flatMap((r, i) => (r.data ?? []).map((d) => ({ catalog: cs[i]!, name: d.name }))) });
  const found = useQueries({
    queries: dbs.map((d) => tables(d.catalog, d.name)),
    combine: (rs) => rs.flatMap((r, i) => (r.data?.tables ?? []).map((table) => ({ catalog: dbs[i]!.catalog, table }))),
  });
  const tableOf = (t: SourceTable) => found.find((f) => f.catalog === t.catalog && f.table.database === t.database && f.table.name === t.table)?.table;
  const columnsOf = (t: SourceTable) => columnNames(tableOf(t));
  const columns: Columns = Object.fromEntries(list.map((t) => [t.alias, columnsOf(t)]));

  const groups = cs
    .map((c) => ({
      group: c,
      items: found.filter((f) => f.catalog === c).map((f) => ({ value: [c, f.table.database, f.table.name].join(join), label: `${f.table.database}.${f.table.name}` })),
    }))
    .filter((g) => g.items.length > 0);

  const add = (value: string) => {
    const [catalog, database, table] = value.split(join) as [string, string, string];
    const t: SourceTable = { alias: aliasFor(list, table), catalog, database, table };
    const own = columnsOf(t);
    props.reading.reset();
    setList([...list, list.length === 0 ? t : { ...t, join: { kind: 'inner', on: pairsFor(list, columns, own) } }]);
  };
  const set = (next: SourceTable[]) => {
    props.reading.reset();
    setList(next);
  };

  return (
    <div className={css.joins}>
      {props.reading.error && <ProblemView error={props.reading.error} />}
      <ol className={css.joinCards}>
        {list.map((t, i) => {
          const before = list.slice(0, i);
          const left = before.flatMap((b) => (columns[b.alias] ?? []).map((c) => ({ value: b.alias + join + c, label: `${b.alias}.${c}` })));
          return (
            <Fragment key={t.alias}>
              <li className={css.joinCard}>
                <header>
                  <h2 className="clip">
                    {t.database}.{t.table}
                  </h2>
                  <span className="muted">
                    as <code>{t.alias}</code>
                    {columns[t.alias]!.length > 0 && ` · ${columns[t.alias]!.length} columns`}
                  </span>
                  <ActionIcon size={22} aria-label={`Take ${t.alias} out`} onClick={() => set(without(list, t.alias))}>
                    <IconX size={14} />
                  </ActionIcon>
                </header>
                {t.join && (
                  <>
                    <Select
                      aria-label={`Kind of join of ${t.alias}`}
                      data={kinds}
                      value={t.join.kind}
                      comboboxProps={{ shadow: 'sm' }}
                      onChange={(kind) => kind && set(joined(list, t.alias, { ...t.join!, kind: kind as 'inner' }))}
                    />
                    <ul>
                      {t.join.on.map((p, n) => {
                        const pair = (to: Partial<typeof p>) => set(joined(list, t.alias, { ...t.join!, on: t.join!.on.map((o, m) => (m === n ? { ...o, ...to } : o)) }));
                        return (
                          // oxlint-disable-next-line react/no-array-index-key -- pairs have no other name
                          <li key={n} className={css.pair}>
                            <Select
                              aria-label={`Column before ${t.alias}, pair ${n + 1}`}
                              placeholder="Column"
                              data={left}
                              value={p.left ? p.alias + join + p.left : null}
                              searchable
                              comboboxProps={{ shadow: 'sm' }}
                              onChange={(v) => {
                                const [alias, column] = (v ?? '').split(join);
                                if (alias && column) pair({ alias, left: column });
                              }}
                            />
                            <span aria-hidden>=</span>
                            <Select
                              aria-label={`Column of ${t.alias}, pair ${n + 1}`}
                              placeholder="Column"
                              data={columns[t.alias]}
                              value={p.column || null}
                              searchable
                              comboboxProps={{ shadow: 'sm' }}
                              onChange={(v) => v && pair({ column: v })}
                            />
                            <ActionIcon size={22} aria-label={`Remove pair ${n + 1} of ${t.alias}`} onClick={() => set(joined(list, t.alias, { ...t.join!, on: t.join!.on.filter((_, m) => m !== n) }))}>
                              <IconX size={14} />
                            </ActionIcon>
                          </li>
                        );
                      })}
                    </ul>
                    <Button
                      variant="subtle"
                      leftSection={<IconPlus size={14} />}
                      onClick={() => set(joined(list, t.alias, { ...t.join!, on: [...t.join!.on, { alias: before[0]!.alias, left: '', column: '' }] }))}
                    >
                      Pair of columns
                    </Button>
                  </>
                )}
              </li>
            </Fragment>
          );
        })}
      </ol>
      <div className={css.joinFoot}>
        <Select
          aria-label={list.length === 0 ? 'First table' : 'Join a table'}
          placeholder={list.length === 0 ? 'First table' : 'Join a table'}
          data={groups}
          value={null}
          searchable
          nothingFoundMessage="No table has this name"
          maxDropdownHeight={320}
          comboboxProps={{ shadow: 'sm' }}
          onChange={(v) => v && add(v)}
        />
        <Button leftSection={<IconPlayerPlayFilled size={13} />} disabled={!ready(list)} loading={props.reading.isPending} onClick={() => props.reading.mutate({ tables: list })}>
          Preview
        </Button>
      </div>
    </div>
  );
}

const columnNames = (t: Table | undefined) => [...(t?.columns ?? []), ...(t?.partition_keys ?? [])].map((c) => c.name);
