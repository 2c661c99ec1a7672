import { TextInput } from '@mantine/core';
import { useState } from 'react';

import { Part, Sheet } from '../ui/Sheet';
import { taken } from './draft';
import { Expression } from './Expression';
import type { SheetProps } from './PrepareView';

/** A field that is calculated from others. */
export function NewField(props: SheetProps) {
  const [name, setName] = useState('');
  const wanted = name.trim();
  const double = taken(props.draft, wanted);
  return (
    <Sheet label="Calculated field" title="Calculated field" onClose={() => props.onOpen(undefined)}>
      <Part title="Name">
        <TextInput
          aria-label="Name of the field"
          value={name}
          error={double ? 'There is a field of this name.' : undefined}
          onChange={(e) => setName(e.currentTarget.value)}
          autoFocus
          autoCapitalize="none"
          spellCheck={false}
        />
      </Part>
      <Part title="Expression" note="of SQL, over other fields">
        <Expression
          {...props}
          name={double ? '' : wanted}
          text=""
          action="Add field"
          ready={wanted !== '' && !double}
          onDone={(expression) => {
            props.change((d) => ({ ...d, fields: [...d.fields, { name: wanted, expression }] }));
            props.onOpen(`field:${wanted}`);
          }}
        />
      </Part>
    </Sheet>
  );
}
