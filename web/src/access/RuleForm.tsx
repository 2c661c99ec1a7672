import { ActionIcon, Autocomplete, Button, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { deleteRule, groups, putRule, roles, users } from '../api/access';
import { databases, ownCatalog, tables } from '../api/catalogs';
import type { ColumnMask, MaskKind, TableRule } from '../api/types';
import { Confirm } from '../buckets/Confirm';
import { moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import list from '../ui/list.module.css';
import css from './access.module.css';

const kinds: { value: MaskKind; label: string }[] = [
  { value: 'hide', label: 'is not there' },
  { value: 'null', label: 'is empty' },
  { value: 'hash', label: 'is a hash' },
  { value: 'expression', label: 'is the value of' },
];

const empty: TableRule = { name: '', database: '', table: '', principals: [], filter: '', masks: [] };

/** A rule of a table, made or changed. */
export function RuleForm(props: { start: TableRule | undefined; onSaved: (r: TableRule) => void; onDeleted: () => void }) {
  const [r, setR] = useState(props.start ?? empty);
  const [removing, setRemoving] = useState(false);
  const made = props.start !== undefined;
  const dbs = useQuery({ ...databases(ownCatalog), enabled: !made });
  const inDatabases = useQueries({ queries: made ? [tables(ownCatalog, r.database)] : (dbs.data ?? []).map((d) => tables(ownCatalog, d.name)) });
  const known = inDatabases.flatMap((q) => q.data?.tables ?? []).filter((t) => t.type !== 'VIRTUAL_VIEW');
  const chosen = known.find((t) => t.database === r.database && t.name === r.table);
  const columns = [...(chosen?.columns ?? []), ...(chosen?.partition_keys ?? [])].map((c) => c.name);
  const save = useMutation({ mutationFn: () => putRule(r), onSuccess: props.onSaved });
  const change = (c: Partial<TableRule>) => {
    save.reset();
    setR({ ...r, ...c });
  };
  const mask = (i: number, c: Partial<ColumnMask>) => change({ masks: r.masks.map((m, j) => (i === j ? { ...m, ...c } : m)) });
  const left = columns.filter((c) => !r.masks.some((m) => m.column === c));
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate();
      }}
    >
      <Part title="Rule" note={r.changed && `changed ${moment(r.changed)}`}>
        <div className={list.form}>
          {made ? (
            <p className="muted">
              of the table {r.database}.{r.table}
            </p>
          ) : (
            <>
              <TextInput label="Name" value={r.name} onChange={(e) => change({ name: e.currentTarget.value })} required withAsterisk={false} autoFocus autoCapitalize="none" spellCheck={false} />
              <Select
                label="Table"
                data={known.map((t) => `${t.database}.${t.name}`)}
                value={r.table ? `${r.database}.${r.table}` : null}
                searchable
                nothingFoundMessage="No table has this name"
                comboboxProps={{ shadow: 'sm' }}
                onChange={(v) => {
                  const t = known.find((k) => `${k.database}.${k.name}` === v);
                  if (t) change({ database: t.database, table: t.name, masks: [] });
                }}
              />
            </>
          )}
          <TextInput label="Description" value={r.description ?? ''} onChange={(e) => change({ description: e.currentTarget.value })} />
        </div>
      </Part>
      <Part title="Whom it applies to" note={r.principals.length === 0 ? 'nobody yet' : undefined}>
        <Principals value={r.principals} onChange={(principals) => change({ principals })} />
      </Part>
      <Part title="Rows" note="an SQL expression that is true for the rows they see; empty means all">
        <Textarea
          aria-label="Filter of rows"
          placeholder="country = 'Germany'"
          classNames={{ input: css.sql }}
          rows={Math.max(2, r.filter.split('\n').length)}
          value={r.filter}
          onChange={(e) => change({ filter: e.currentTarget.value })}
          spellCheck={false}
          autoCapitalize="none"
        />
      </Part>
      <Part title="Columns" note={r.masks.length === 0 ? 'as they are' : 'masked for them'}>
        <ul className={css.items}>
          {r.masks.map((m, i) => (
            <li key={m.column} className={css.mask}>
              <code>{m.column}</code>
              <Select aria-label={`What is seen of ${m.column}`} data={kinds} value={m.kind} comboboxProps={{ shadow: 'sm' }} onChange={(k) => k && mask(i, { kind: k as MaskKind, expression: undefined })} />
              {m.kind === 'expression' && (
                <TextInput
                  aria-label={`Expression for ${m.column}`}
                  placeholder={`substr(${m.column}, 1, 2)`}
                  classNames={{ input: css.sql }}
                  value={m.expression ?? ''}
                  onChange={(e) => mask(i, { expression: e.currentTarget.value })}
                  spellCheck={false}
                />
              )}
              <ActionIcon aria-label={`Show ${m.column} as it is`} className={css.itemEnd} size={22} onClick={() => change({ masks: r.masks.filter((o) => o !== m) })}>
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
        <Select
          aria-label="Mask a column"
          placeholder={r.table ? 'Mask a column' : 'Choose the table first'}
          className={css.add}
          data={left}
          disabled={left.length === 0}
          value={null}
          searchable
          comboboxProps={{ shadow: 'sm' }}
          onChange={(c) => c && change({ masks: [...r.masks, { column: c, kind: 'hide' }] })}
        />
      </Part>
      <Part title={made ? 'Save' : 'Create'} note="counts from the next statement on">
        {save.error && <ProblemView error={save.error} compact />}
        <div className={list.choices}>
          {made && (
            <Button variant="default" onClick={() => setRemoving(true)}>
              Delete rule
            </Button>
          )}
          <Button type="submit" loading={save.isPending} disabled={!r.name || !r.table || r.principals.length === 0}>
            {made ? 'Save rule' : 'Create rule'}
          </Button>
        </div>
      </Part>
      {removing && (
        <Confirm
          title="Delete rule"
          action="Delete"
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await deleteRule(r);
            props.onDeleted();
          }}
        >
          Delete the rule <b>{r.name}</b>? If it is the last of {r.database}.{r.table}, the whole table is seen by everybody who may read it.
        </Confirm>
      )}
    </form>
  );
}

/** Users, groups and roles, or everyone. */
function Principals(props: { value: string[]; onChange: (v: string[]) => void }) {
  const us = useQuery(users);
  const gs = useQuery(groups);
  const rs = useQuery(roles);
  const [text, setText] = useState('');
  const known = [
    '*',
    ...(gs.data ?? []).map((g) => `group/${g.name}`),
    ...(us.data ?? []).map((u) => `user/${u.name}`),
    ...(rs.data ?? []).map((r) => `role/${r.name}`),
  ].filter((p) => !props.value.includes(p));
  const add = (p: string) => {
    const v = p.trim();
    if (v && !props.value.includes(v)) props.onChange([...props.value, v]);
    setText('');
  };
  return (
    <>
      <ul className={css.items}>
        {props.value.map((p) => (
          <li key={p}>
            {p === '*' ? 'everyone' : p}
            <ActionIcon aria-label={`Remove ${p}`} className={css.itemEnd} size={22} onClick={() => props.onChange(props.value.filter((o) => o !== p))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <div className={css.addRow}>
        <Autocomplete
          size="xs"
          aria-label="Add somebody"
          placeholder="user/NAME, group/NAME, role/NAME or *"
          className={css.add}
          data={known}
          value={text}
          onChange={setText}
          onOptionSubmit={add}
          onKeyDown={(e) => {
            if (e.key === 'Enter') {
              e.preventDefault();
              add(text);
            }
          }}
          comboboxProps={{ shadow: 'sm' }}
          spellCheck={false}
          autoCapitalize="none"
        />
        <ActionIcon aria-label="Add" disabled={text.trim() === ''} onClick={() => add(text)}>
          <IconPlus size={15} />
        </ActionIcon>
      </div>
    </>
  );
}
