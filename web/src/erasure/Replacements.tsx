import { ActionIcon, Checkbox, Select, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';

import css from './erasure.module.css';

/** New values of columns, in mode replace. */
export function Replacements(props: { value: Record<string, string | null>; columns: string[]; onChange: (v: Record<string, string | null>) => void }) {
  const { value, onChange } = props;
  return (
    <>
      <ul className={css.given}>
        {Object.entries(value).map(([column, to]) => (
          <li key={column}>
            <code className={css.replaced}>{column}</code>
            <TextInput
              aria-label={`New value of ${column}`}
              className={css.values}
              value={to ?? ''}
              disabled={to === null}
              placeholder={to === null ? 'null' : 'empty'}
              onChange={(e) => onChange({ ...value, [column]: e.currentTarget.value })}
            />
            <Checkbox size="xs" label="null" aria-label={`${column} becomes null`} checked={to === null} onChange={(e) => onChange({ ...value, [column]: e.currentTarget.checked ? null : '' })} />
            <ActionIcon aria-label={`Leave ${column} as it is`} onClick={() => onChange(Object.fromEntries(Object.entries(value).filter(([c]) => c !== column)))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <Select
        aria-label="Replace a column"
        placeholder="Replace a column"
        data={props.columns.filter((c) => !(c in value))}
        value={null}
        searchable
        comboboxProps={{ shadow: 'sm' }}
        onChange={(c) => c && onChange({ ...value, [c]: null })}
      />
    </>
  );
}
