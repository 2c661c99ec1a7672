import { TextInput } from '@mantine/core';
import { useState } from 'react';

/** A text that counts when it is done being written: what is half written is asked of nobody. */
export function Late(props: { label: string; placeholder?: string; value: string; error?: (v: string) => string | undefined; onChange: (v: string) => void }) {
  const [written, setWritten] = useState<string>();
  const value = written ?? props.value;
  const error = props.error?.(value);
  const done = () => {
    if (written === undefined || error !== undefined) return;
    setWritten(undefined);
    if (written.trim() !== props.value) props.onChange(written.trim());
  };
  return (
    <TextInput
      label={props.label}
      placeholder={props.placeholder}
      value={value}
      error={error}
      onChange={(e) => setWritten(e.currentTarget.value)}
      onBlur={done}
      onKeyDown={(e) => e.key === 'Enter' && done()}
      autoCapitalize="none"
      spellCheck={false}
    />
  );
}
