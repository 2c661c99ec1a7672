import { ActionIcon, Button, Select } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import type { DataSetDraft, FieldType } from '../api/dash';
import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';
import { Late } from './Late';
import type { SheetProps } from './PrepareView';
import { typeNames } from './types';
import css from './datasets.module.css';

type Parameter = NonNullable<DataSetDraft['parameters']>[number];

const kinds = Object.entries(typeNames).map(([value, label]) => ({ value, label }));

/** A value of each type, until one is written. */
const starts: Record<FieldType, string> = { text: '', integer: '0', decimal: '0', date: '2020-01-01', time: '2020-01-01T00:00:00', boolean: 'false' };

/** Values that a viewer sets, which expressions and the statement name. */
export function ParametersSheet({ draft, change, onOpen }: SheetProps) {
  const all = draft.parameters ?? [];
  const set = (i: number, to: Partial<Parameter>) => change((d) => ({ ...d, parameters: d.parameters!.map((p, j) => (i === j ? { ...p, ...to } : p)) }));
  return (
    <Sheet label="Parameters" title="Parameters" onClose={() => onOpen(undefined)}>
      <Part title="Parameters" note="that viewers set">
        <div className={list.form}>
          {all.length === 0 && (
            <p className="muted">
              A statement or an expression reads a parameter as <code>{'${name}'}</code>.
            </p>
          )}
          <ul className={css.entries}>
            {all.map((p, i) => (
              // oxlint-disable-next-line react/no-array-index-key -- names are being written
              <li key={i}>
                <Late label="Name" value={p.name} error={(v) => (/^[A-Za-z_]\w{0,62}$/.test(v) ? undefined : 'Letters, digits and _, not a digit first.')} onChange={(name) => set(i, { name })} />
                <div className={list.pair}>
                  <Select label="Type" data={kinds} value={p.type} comboboxProps={{ shadow: 'sm' }} onChange={(t) => t && set(i, { type: t as FieldType, default: starts[t as FieldType] })} />
                  <Late label="Value at first" value={p.default} onChange={(v) => set(i, { default: v })} />
                </div>
                <ActionIcon size={22} className={css.entryEnd} aria-label={`Delete parameter ${p.name}`} onClick={() => change((d) => ({ ...d, parameters: d.parameters!.filter((_, j) => j !== i) }))}>
                  <IconX size={14} />
                </ActionIcon>
              </li>
            ))}
          </ul>
          <Button
            variant="default"
            leftSection={<IconPlus size={14} />}
            onClick={() => change((d) => ({ ...d, parameters: [...(d.parameters ?? []), { name: `parameter${all.length + 1}`, type: 'text', default: '' }] }))}
          >
            Add parameter
          </Button>
        </div>
      </Part>
    </Sheet>
  );
}
