import { ActionIcon, Select, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';

import type { Identifier, IdentifierType } from '../api/erasure';
import list from '../ui/list.module.css';
import { Part } from '../ui/Sheet';
import type { ColumnNode } from './columns';
import { ColumnTree } from './ColumnTree';
import { type Place, placeOf, places, partsOf } from './mapping';

/** Where identifiers of one type are. */
export function IdentifierPart(props: {
  nth: number;
  of: Identifier;
  types: IdentifierType[];
  tree: ColumnNode[];
  /** Whether columns are chosen of the table's, written, or not read. */
  columns: 'tree' | 'written' | 'none';
  onChange: (i: Identifier) => void;
  onRemove?: () => void;
}) {
  const { of: id, types } = props;
  const type = types.find((t) => t.name === id.type) ?? types[0];
  const name = type?.name ?? '';
  const n = partsOf(type);
  const place = placeOf(id);
  const columns = id.columns ?? [];
  const named = type?.parts && type.parts.length > 0 ? type.parts : [name];
  const at = (p: Place): Identifier => ({ type: name, ...(p === 'key' ? { key: '' } : p === 'tags' ? { tags: Array.from({ length: n }, () => '') } : p === 'sidecar' ? { sidecar: '' } : {}) });
  /** Takes a column: away if it is there, and otherwise as the next part. */
  const choose = (path: string) => props.onChange({ type: name, columns: columns.includes(path) ? columns.filter((c) => c !== path) : [...columns, path].slice(-n) });
  const nth = `of identifier ${props.nth}`;
  return (
    <Part
      title={`Identifier ${props.nth}`}
      note={place === 'columns' && n > 1 ? `${n} columns, in the order ${named.join(', ')}` : undefined}
      action={
        props.onRemove && (
          <ActionIcon aria-label={`Remove identifier ${props.nth}`} size={22} onClick={props.onRemove}>
            <IconX size={14} />
          </ActionIcon>
        )
      }
    >
      <div className={list.form}>
        <div className={list.pair}>
          <Select aria-label={`Type ${nth}`} data={types.map((t) => t.name)} value={name || null} comboboxProps={{ shadow: 'sm' }} onChange={(v) => v && props.onChange({ ...at(place), type: v })} />
          <Select
            aria-label={`Place ${nth}`}
            data={props.columns === 'none' ? places.filter((p) => p.value !== 'columns') : places}
            value={place}
            comboboxProps={{ shadow: 'sm' }}
            onChange={(v) => v && props.onChange(at(v as Place))}
          />
        </div>
        {place === 'columns' &&
          props.columns === 'tree' &&
          (props.tree.length > 0 ? (
            <ColumnTree
              tree={props.tree}
              label={`Columns ${nth}`}
              chosen={(path) => (columns.includes(path) ? named[columns.indexOf(path)] : undefined)}
              onChoose={choose}
            />
          ) : (
            <p className="muted">Choose the table first.</p>
          ))}
        {place === 'columns' && props.columns === 'written' && <Written what="Column" nth={nth} named={named} value={columns} onChange={(v) => props.onChange({ type: name, columns: v })} />}
        {place === 'tags' && <Written what="Tag" nth={nth} named={named} value={id.tags ?? []} onChange={(tags) => props.onChange({ type: name, tags })} />}
        {place === 'key' && (
          <TextInput
            label="Pattern"
            description={`{${named[0]}} is the identifier, * anything within a segment, ** any segments`}
            placeholder={`${named.map((p) => `{${p}}`).join('-')}-*.csv`}
            value={id.key}
            onChange={(e) => props.onChange({ type: name, key: e.currentTarget.value })}
            autoCapitalize="none"
            spellCheck={false}
          />
        )}
        {place === 'sidecar' && (
          <TextInput
            label="Metadata file"
            description="one beside each object, or one for a folder, as metadata.json"
            placeholder="{object}.meta.json"
            value={id.sidecar}
            onChange={(e) => props.onChange({ type: name, sidecar: e.currentTarget.value })}
            autoCapitalize="none"
            spellCheck={false}
          />
        )}
      </div>
    </Part>
  );
}

/** Names that are written, one for each part. */
function Written(props: { what: string; nth: string; named: string[]; value: string[]; onChange: (v: string[]) => void }) {
  return props.named.map((p, i) => (
    <TextInput
      key={p}
      label={props.named.length > 1 ? `${props.what} of ${p}` : props.what}
      value={props.value[i] ?? ''}
      onChange={(e) => props.onChange(props.named.map((_, j) => (j === i ? e.currentTarget.value : (props.value[j] ?? ''))))}
      autoCapitalize="none"
      spellCheck={false}
    />
  ));
}
