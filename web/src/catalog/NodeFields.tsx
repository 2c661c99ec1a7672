import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useRef, useState } from 'react';

import { wrongURI } from './nodes';
import css from './catalog.module.css';

/** A list of node URIs that is being written. */
export function useNodeFields(start: readonly string[]) {
  const next = useRef(start.length);
  const [rows, setRows] = useState(() => (start.length > 0 ? start : ['']).map((text, id) => ({ id, text })));
  const [checked, setChecked] = useState(false);
  const twice = (text: string) => rows.filter((r) => r.text.trim() === text.trim()).length > 1;
  return {
    rows,
    uris: rows.map((r) => r.text.trim()).filter((t) => t !== ''),
    set: (id: number, text: string) => setRows(rows.map((r) => (r.id === id ? { id, text } : r))),
    add: () => setRows([...rows, { id: ++next.current, text: '' }]),
    remove: (id: number) => setRows(rows.filter((r) => r.id !== id)),
    /** Says whether the list can be used, and shows from now on what is wrong. */
    check: () => {
      setChecked(true);
      return rows.every((r) => wrongURI(r.text) === undefined && !twice(r.text));
    },
    error: (text: string) => (checked ? (wrongURI(text) ?? (twice(text) ? 'This node is there twice.' : undefined)) : undefined),
  };
}

/** The fields of a list of nodes. */
export function NodeFields({ fields }: { fields: ReturnType<typeof useNodeFields> }) {
  return (
    <div className={css.nodeFields}>
      {fields.rows.map((r, i) => (
        <div key={r.id} className={css.nodeField}>
          <TextInput
            aria-label={`Node ${i + 1}`}
            placeholder="thrift://host:9083"
            value={r.text}
            error={fields.error(r.text)}
            onChange={(e) => fields.set(r.id, e.currentTarget.value)}
            spellCheck={false}
            autoCapitalize="none"
          />
          {fields.rows.length > 1 && (
            <ActionIcon aria-label={`Remove node ${i + 1}`} onClick={() => fields.remove(r.id)}>
              <IconX size={15} />
            </ActionIcon>
          )}
        </div>
      ))}
      <Button variant="subtle" leftSection={<IconPlus size={14} />} onClick={fields.add}>
        Another node
      </Button>
    </div>
  );
}
