import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconTrash, IconX } from '@tabler/icons-react';
import { useState } from 'react';

import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';
import type { SheetProps } from './PrepareView';
import { roleOf } from './types';
import css from './datasets.module.css';

/** Fields to drill down, from the widest. */
export function HierarchySheet(props: SheetProps & { name: string }) {
  const { draft, change, onOpen } = props;
  const made = (draft.hierarchies ?? []).find((h) => h.name === props.name);
  const [name, setName] = useState(made?.name ?? '');
  const [fields, setFields] = useState(made?.fields ?? []);
  const wanted = name.trim();
  const double = wanted !== props.name && (draft.hierarchies ?? []).some((h) => h.name.toLowerCase() === wanted.toLowerCase());
  const left = [...draft.fields.filter((f) => roleOf(f) === 'dimension' && !f.aggregate).map((f) => f.name), ...(draft.coordinates ?? []).map((c) => c.name)].filter((n) => !fields.includes(n));
  const move = (i: number, by: number) => {
    const next = [...fields];
    const [one] = next.splice(i, 1);
    next.splice(i + by, 0, one!);
    setFields(next);
  };
  return (
    <Sheet label="Hierarchy" title={made ? made.name : 'New hierarchy'} onClose={() => onOpen(undefined)}>
      <Part title="Hierarchy" note="to drill down, from the widest">
        <form
          className={list.form}
          onSubmit={(e) => {
            e.preventDefault();
            change((d) => ({ ...d, hierarchies: made ? d.hierarchies!.map((h) => (h.name === made.name ? { name: wanted, fields } : h)) : [...(d.hierarchies ?? []), { name: wanted, fields }] }));
            onOpen(undefined);
          }}
        >
          <TextInput label="Name" value={name} error={double ? 'There is a hierarchy of this name.' : undefined} onChange={(e) => setName(e.currentTarget.value)} autoFocus={!made} autoCapitalize="none" spellCheck={false} />
          <ol className={css.ordered}>
            {fields.map((f, i) => (
              <li key={f}>
                <span className="clip">{f}</span>
                <ActionIcon size={22} aria-label={`Move ${f} up`} disabled={i === 0} onClick={() => move(i, -1)}>
                  <IconArrowUp size={14} />
                </ActionIcon>
                <ActionIcon size={22} aria-label={`Move ${f} down`} disabled={i === fields.length - 1} onClick={() => move(i, 1)}>
                  <IconArrowDown size={14} />
                </ActionIcon>
                <ActionIcon size={22} aria-label={`Take ${f} out`} onClick={() => setFields(fields.filter((x) => x !== f))}>
                  <IconX size={14} />
                </ActionIcon>
              </li>
            ))}
          </ol>
          <Select
            aria-label="Add a field"
            placeholder={fields.length === 0 ? 'The widest field' : 'The next field'}
            data={left}
            value={null}
            searchable
            comboboxProps={{ shadow: 'sm' }}
            onChange={(f) => f && setFields([...fields, f])}
          />
          <Button type="submit" disabled={wanted === '' || double || fields.length < 2}>
            {made ? 'Update' : 'Create hierarchy'}
          </Button>
          {made && (
            <Button
              variant="default"
              leftSection={<IconTrash size={14} />}
              onClick={() => {
                change((d) => ({ ...d, hierarchies: d.hierarchies!.filter((h) => h.name !== made.name) }));
                onOpen(undefined);
              }}
            >
              Delete
            </Button>
          )}
        </form>
      </Part>
    </Sheet>
  );
}
