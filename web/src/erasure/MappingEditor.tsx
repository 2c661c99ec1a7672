import { ActionIcon, Button, Select, Textarea, TextInput } from '@mantine/core';
import { IconArrowLeft, IconPlus } from '@tabler/icons-react';
import { useMutation, useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { databases, ownCatalog, tables } from '../api/catalogs';
import { deleteMapping, type Identifier, identifierTypes, type Mapping, putMapping } from '../api/erasure';
import { Confirm } from '../buckets/Confirm';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { columnTree, leaves } from './columns';
import { IdentifierPart } from './IdentifierPart';
import { modes, parsed, tidy } from './mapping';
import { MappingPreview } from './MappingPreview';
import { Replacements } from './Replacements';
import css from './erasure.module.css';

const formats = [
  { value: '', label: 'are not read' },
  { value: 'csv', label: 'CSV with a header' },
  { value: 'jsonl', label: 'JSON lines' },
  { value: 'parquet', label: 'Parquet' },
];

const empty: Mapping = { name: '', identifiers: [{ type: '' }] };

/** A mapping, made or changed, with what it finds beside it. */
export function MappingEditor(props: { start: Mapping | undefined; onDone: (name: string | undefined) => void }) {
  const made = props.start !== undefined;
  const [m, setM] = useState<Mapping>(props.start ?? empty);
  // What is written as JSON counts, while it is written so.
  const [json, setJSON] = useState<string | null>(null);
  const [wrong, setWrong] = useState('');
  const [removing, setRemoving] = useState(false);
  const types = useQuery(identifierTypes).data ?? [];
  const dbs = useQuery(databases(ownCatalog));
  const inDatabases = useQueries({ queries: (dbs.data ?? []).map((d) => tables(ownCatalog, d.name)) });
  const known = inDatabases.flatMap((q) => q.data?.tables ?? []).filter((t) => t.type !== 'VIRTUAL_VIEW');
  const chosen = known.find((t) => t.database === m.database && t.name === m.table);
  const tree = columnTree([...(chosen?.columns ?? []), ...(chosen?.partition_keys ?? [])]);
  const ofTable = m.location === undefined;
  // Until a type is chosen, it is the first, as is shown.
  const whole = tidy({ ...m, identifiers: m.identifiers.map((i) => ({ ...i, type: i.type || (types[0]?.name ?? '') })) });
  const save = useMutation({ mutationFn: () => putMapping(whole), onSuccess: () => props.onDone(undefined) });
  const change = (c: Partial<Mapping>) => {
    save.reset();
    setM({ ...m, ...c });
  };
  const identifier = (i: number, to: Identifier) => change({ identifiers: m.identifiers.map((o, j) => (i === j ? to : o)) });
  return (
    <div className={css.editor}>
      <form
        className={css.editorForm}
        aria-label={made ? `Mapping ${m.name}` : 'New mapping'}
        onSubmit={(e) => {
          e.preventDefault();
          save.mutate();
        }}
      >
        <header className={css.editorHead}>
          <ActionIcon aria-label="All mappings" onClick={() => props.onDone(undefined)}>
            <IconArrowLeft size={16} />
          </ActionIcon>
          <h2 className="clip">{made ? m.name : 'New mapping'}</h2>
          <Button
            variant="default"
            onClick={() => {
              setWrong('');
              setJSON(json === null ? JSON.stringify({ ...whole, name: undefined }, null, 2) : null);
            }}
          >
            {json === null ? 'As JSON' : 'As form'}
          </Button>
        </header>
        <Part title="Mapping">
          <div className={list.form}>
            {!made && <TextInput label="Name" value={m.name} onChange={(e) => change({ name: e.currentTarget.value })} autoFocus autoCapitalize="none" spellCheck={false} />}
            {json === null && (
              <Select
                label="Of"
                data={[
                  { value: 'table', label: 'a table of the catalog' },
                  { value: 'location', label: 'objects without a table' },
                ]}
                value={ofTable ? 'table' : 'location'}
                comboboxProps={{ shadow: 'sm' }}
                onChange={(v) => change({ database: undefined, table: undefined, format: undefined, location: v === 'table' ? undefined : 's3://', identifiers: [{ type: types[0]?.name ?? '', ...(v === 'table' ? {} : { key: '' }) }] })}
              />
            )}
            {json === null && ofTable && (
              <Select
                label="Table"
                data={known.map((t) => `${t.database}.${t.name}`)}
                value={m.table ? `${m.database}.${m.table}` : null}
                searchable
                nothingFoundMessage="No table has this name"
                comboboxProps={{ shadow: 'sm' }}
                onChange={(v) => {
                  const t = known.find((k) => `${k.database}.${k.name}` === v);
                  if (t) change({ database: t.database, table: t.name, identifiers: [{ type: types[0]?.name ?? '' }], replace: undefined, name: m.name || t.name });
                }}
              />
            )}
            {json === null && !ofTable && (
              <>
                <TextInput label="Location" placeholder="s3://bucket/folder/" value={m.location} onChange={(e) => change({ location: e.currentTarget.value })} autoCapitalize="none" spellCheck={false} />
                <Select label="Records" data={formats} value={m.format ?? ''} comboboxProps={{ shadow: 'sm' }} onChange={(v) => change({ format: v || undefined })} />
              </>
            )}
            {json !== null && (
              <Textarea
                label="JSON"
                classNames={{ input: css.json }}
                rows={14}
                value={json}
                error={wrong}
                spellCheck={false}
                onChange={(e) => {
                  const text = e.currentTarget.value;
                  setJSON(text);
                  try {
                    save.reset();
                    setM(parsed(text, m.name));
                    setWrong('');
                  } catch (problem) {
                    setWrong(problem instanceof Error ? problem.message : String(problem));
                  }
                }}
              />
            )}
          </div>
        </Part>
        {json === null &&
          m.identifiers.map((id, i) => (
            <IdentifierPart
              // oxlint-disable-next-line react/no-array-index-key -- they have no other name
              key={i}
              nth={i + 1}
              of={id}
              types={types}
              tree={tree}
              columns={ofTable ? 'tree' : m.format ? 'written' : 'none'}
              onChange={(to) => identifier(i, to)}
              onRemove={m.identifiers.length > 1 ? () => change({ identifiers: m.identifiers.filter((_, j) => j !== i) }) : undefined}
            />
          ))}
        {json === null && (
          <div className={css.addIdentifier}>
            <Button
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => change({ identifiers: [...m.identifiers, { type: (types.find((t) => m.identifiers.every((i) => i.type !== t.name)) ?? types[0])?.name ?? '' }] })}
            >
              Add identifier
            </Button>
          </div>
        )}
        {json === null && (
          <Part title="What becomes of a record">
            <div className={list.form}>
              <Select aria-label="What becomes of a record" data={modes.map(({ value, label }) => ({ value, label }))} value={m.mode || 'delete'} comboboxProps={{ shadow: 'sm' }} onChange={(v) => change({ mode: v ?? undefined, replace: v === 'replace' ? (m.replace ?? {}) : undefined })} />
              {m.mode === 'replace' && <Replacements value={m.replace ?? {}} columns={leaves(tree).map((n) => n.path)} onChange={(replace) => change({ replace })} />}
            </div>
          </Part>
        )}
        <Part title={made ? 'Save' : 'Create'} note="the index has it after the next build">
          {save.error && <ProblemView error={save.error} compact />}
          <div className={list.choices}>
            {made && (
              <Button variant="default" onClick={() => setRemoving(true)}>
                Delete mapping
              </Button>
            )}
            <Button type="submit" loading={save.isPending} disabled={m.name === '' || wrong !== ''}>
              {made ? 'Save mapping' : 'Create mapping'}
            </Button>
          </div>
        </Part>
        {removing && (
          <Confirm
            title="Delete mapping"
            action="Delete"
            onClose={() => setRemoving(false)}
            onConfirm={async () => {
              await deleteMapping(m.name);
              props.onDone(undefined);
            }}
          >
            Delete the mapping <b>{m.name}</b>? Nobody is found in {m.table ? `${m.database}.${m.table}` : 'its objects'} any more.
          </Confirm>
        )}
      </form>
      <MappingPreview mapping={whole} />
    </div>
  );
}
