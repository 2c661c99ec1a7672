import { Button, Checkbox, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { count } from '../ui/format';
import css from './dashboards.module.css';

/** A value that a filter can keep, and in how many rows it is, if that is known. */
export interface Choice {
  value: string;
  rows?: number;
}

/** Lines that are drawn at once; what is typed finds the others. */
const most = 200;

/** Values to choose of, with a search. What is typed and not among them can be chosen too. */
export function ValuesList(props: { label: string; choices: readonly Choice[]; values: readonly string[]; onChange: (values: string[]) => void; more?: boolean; onFind?: ((text: string) => void) | undefined }) {
  const [find, setFind] = useState('');
  const needle = find.trim().toLowerCase();
  const chosen = new Set(props.values);
  const known = new Set(props.choices.map((c) => c.value));
  const all: Choice[] = [...props.values.filter((v) => !known.has(v)).map((value) => ({ value })), ...props.choices];
  const found = all.filter((c) => c.value.toLowerCase().includes(needle));
  const typed = find.trim();
  const { onFind } = props;
  useEffect(() => onFind?.(typed), [onFind, typed]);
  // Enter chooses the value that is typed out, or the only one that is found, and makes room for the next.
  const enter = () => {
    const value = all.find((c) => c.value.toLowerCase() === needle)?.value ?? (found.length === 1 ? found[0]!.value : found.length === 0 ? typed : '');
    if (typed === '' || value === '') return;
    set(value, !chosen.has(value));
    setFind('');
  };
  const set = (value: string, on: boolean) => props.onChange(on ? [...props.values, value] : props.values.filter((v) => v !== value));
  return (
    <div className={css.values} role="group" aria-label={props.label}>
      <TextInput aria-label={`Find values of ${props.label}`} placeholder="Find a value" title="Enter chooses it" leftSection={<IconSearch size={13} />} value={find} onChange={(e) => setFind(e.currentTarget.value)} onKeyDown={(e) => e.key === 'Enter' && enter()} />
      <div className={css.valueActions}>
        <Button variant="subtle" onClick={() => props.onChange([...new Set([...props.values, ...found.map((c) => c.value)])])} disabled={found.length === 0}>
          {needle === '' ? 'All' : 'All found'}
        </Button>
        <Button variant="subtle" onClick={() => props.onChange([])} disabled={props.values.length === 0}>
          None
        </Button>
        <span className="muted num">{props.values.length > 0 ? `${count(props.values.length)} chosen` : 'not filtered'}</span>
      </div>
      <ul className={css.valueList}>
        {found.slice(0, most).map((c) => (
          <li key={c.value}>
            <Checkbox size="xs" label={c.value === '' ? 'empty' : c.value} checked={chosen.has(c.value)} onChange={(e) => set(c.value, e.currentTarget.checked)} />
            {c.rows !== undefined && <span className="num muted">{count(c.rows)}</span>}
          </li>
        ))}
        {typed !== '' && !all.some((c) => c.value === typed) && (
          <li>
            <Checkbox size="xs" label={`“${typed}”`} checked={false} onChange={() => set(typed, true)} />
          </li>
        )}
      </ul>
      {(found.length > most || props.more) && <p className="muted">There are more. Type to find them.</p>}
    </div>
  );
}
