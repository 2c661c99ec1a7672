import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';

/** Where one writes what a list is narrowed to; / goes there and Escape empties it. */
export function FilterBox(props: { label: string; of: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      data-find
      aria-label={props.label}
      placeholder={props.of}
      leftSection={<IconSearch size={14} />}
      value={props.value}
      onChange={(e) => props.onChange(e.currentTarget.value)}
      onKeyDown={(e) => e.key === 'Escape' && props.onChange('')}
    />
  );
}
