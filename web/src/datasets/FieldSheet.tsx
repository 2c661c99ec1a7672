import { Autocomplete, Button, Checkbox, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconArrowRight, IconEye, IconEyeOff, IconMapPin, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import type { Field, FieldType, Geo, Role } from '../api/dash';
import { count, counted } from '../ui/format';
import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';
import { renamed, setField, taken, withoutField } from './draft';
import { Expression } from './Expression';
import { formatsOf, guess } from './formats';
import type { SheetProps } from './PrepareView';
import { geoNames, TypeIcon } from './TypeIcon';
import { isNumber, isTime, roleOf, typeNames, typeOf, typeOfSource } from './types';
import css from './datasets.module.css';

const kinds = Object.entries(typeNames).map(([value, label]) => ({ value, label }));

/** One field: its name, its type and what it means. */
export function FieldSheet(props: SheetProps & { field: Field }) {
  const { field: f, draft, change, preview, onOpen } = props;
  const set = (to: Partial<Field>, kind?: string) => change((d) => setField(d, f.name, to), kind && `${kind} ${f.name}`);
  const type = typeOf(f);
  const calculated = f.column === undefined;
  const failure = preview?.failures.find((x) => x.field === f.name && x.rows > 0);
  const values = preview?.answer.columns.find((c) => c.name === f.name)?.values ?? [];
  const fits = type === 'text' && !calculated ? guess(values) : undefined;

  const convert = (to: FieldType) => {
    const format = isTime(to) ? (f.format ?? guess(values)?.format) : undefined;
    set({ type: to, format, role: isNumber(to) && !f.geo ? 'measure' : 'dimension', cumulative: isNumber(to) ? f.cumulative : undefined });
  };

  return (
    <Sheet
      label={`Field ${f.name}`}
      title={
        <span className={css.sheetTitle}>
          <TypeIcon of={f} /> {f.name}
        </span>
      }
      onClose={() => onOpen(undefined)}
    >
      <Part title="Data type" note={calculated ? 'calculated' : <code>{f.source_type}</code>}>
        <div className={list.form}>
          {fits && (
            <Button variant="light" justify="space-between" rightSection={<IconArrowRight size={14} />} onClick={() => set({ type: fits.type, format: fits.format, role: 'dimension' })}>
              Change to {typeNames[fits.type].toLowerCase()}, {fits.format}
            </Button>
          )}
          {!calculated && (
            <Select
              aria-label="Data type"
              data={kinds}
              value={type}
              leftSection={<TypeIcon of={{ ...f, geo: undefined, aggregate: undefined }} />}
              comboboxProps={{ shadow: 'sm' }}
              onChange={(t) => t && convert(t as FieldType)}
            />
          )}
          {!calculated && isTime(type) && typeOfSource(f.source_type) === 'text' && (
            <Format key={f.format} type={type as 'date' | 'time'} value={f.format ?? ''} onChange={(format) => set({ format: format || undefined })} />
          )}
          {failure && (
            <div className={css.failure} role="status">
              <IconAlertTriangle size={15} aria-hidden />
              <div>
                <p>
                  {counted(failure.rows, 'row')} of {count(failure.of)} do not convert, and are left empty.
                </p>
                <p className="muted">
                  {failure.examples.map((x, i) => (
                    <span key={x}>
                      {i > 0 && ', '}
                      <code>{x}</code>
                    </span>
                  ))}
                </p>
              </div>
            </div>
          )}
        </div>
      </Part>
      {calculated && (
        <Part title="Expression">
          <Expression {...props} name={f.name} text={f.expression ?? ''} action="Update" onDone={(expression) => set({ expression })} />
        </Part>
      )}
      <Part title="Field">
        <div className={list.form}>
          <Name {...props} />
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label="Role"
            data={[
              { value: 'dimension', label: 'Dimension' },
              { value: 'measure', label: 'Measure' },
            ]}
            value={roleOf(f)}
            disabled={f.aggregate}
            onChange={(role) => set({ role: role as Role })}
          />
          {roleOf(f) === 'measure' && !f.aggregate && (
            <Checkbox
              size="xs"
              label="Adds up over time already"
              description="Summing it over dates warns"
              checked={f.cumulative ?? false}
              onChange={(e) => set({ cumulative: e.currentTarget.checked || undefined })}
            />
          )}
          <Select
            label="Place"
            data={[{ value: '', label: 'None' }, ...Object.entries(geoNames).map(([value, label]) => ({ value, label }))]}
            value={f.geo ?? ''}
            comboboxProps={{ shadow: 'sm' }}
            onChange={(g) => set({ geo: (g || undefined) as Geo | undefined, ...(g && { role: 'dimension' as const }) })}
          />
          {(f.geo === 'latitude' || f.geo === 'longitude') && !(draft.coordinates ?? []).some((c) => c[f.geo as 'latitude'] === f.name) && (
            <Button variant="default" leftSection={<IconMapPin size={14} />} onClick={() => onOpen('coordinate:')}>
              Add to coordinates
            </Button>
          )}
          <Textarea size="xs" label="Description" autosize minRows={2} maxRows={6} value={f.description ?? ''} onChange={(e) => set({ description: e.currentTarget.value || undefined }, 'description')} />
        </div>
      </Part>
      <Part title="Use">
        <div className={css.uses}>
          <Button variant="default" leftSection={f.hidden ? <IconEye size={14} /> : <IconEyeOff size={14} />} onClick={() => set({ hidden: f.hidden ? undefined : true })}>
            {f.hidden ? 'Show' : 'Hide'}
          </Button>
          <Button
            variant="default"
            leftSection={<IconTrash size={14} />}
            onClick={() => {
              change((d) => withoutField(d, f.name));
              onOpen(undefined);
            }}
          >
            {calculated ? 'Delete' : 'Do not read'}
          </Button>
        </div>
      </Part>
    </Sheet>
  );
}

/** A name, taken when it is done being written. */
function Name({ field: f, draft, change, onOpen }: SheetProps & { field: Field }) {
  const [name, setName] = useState(f.name);
  const wanted = name.trim();
  const wrong = wanted === '' ? 'A field needs a name.' : wanted.toLowerCase() !== f.name.toLowerCase() && taken(draft, wanted) ? 'There is a field of this name.' : undefined;
  const done = () => {
    if (wrong || wanted === f.name) return;
    change((d) => renamed(d, f.name, wanted));
    onOpen(`field:${wanted}`);
  };
  return (
    <TextInput
      label="Name"
      value={name}
      error={wrong}
      onChange={(e) => setName(e.currentTarget.value)}
      onBlur={done}
      onKeyDown={(e) => e.key === 'Enter' && done()}
      spellCheck={false}
      autoCapitalize="none"
    />
  );
}

/** A pattern in Joda's letters, taken when it is done being written. */
function Format(props: { type: 'date' | 'time'; value: string; onChange: (v: string) => void }) {
  const [value, setValue] = useState(props.value);
  const done = (v: string) => v.trim() !== props.value && props.onChange(v.trim());
  return (
    <form
      className={css.format}
      onSubmit={(e) => {
        e.preventDefault();
        done(value);
      }}
    >
      <Autocomplete
        size="xs"
        label="Format"
        description="as yyyy-MM-dd; empty reads ISO's"
        data={formatsOf(props.type)}
        value={value}
        onChange={setValue}
        onOptionSubmit={done}
        comboboxProps={{ shadow: 'sm' }}
        spellCheck={false}
        autoCapitalize="none"
      />
      <Button type="submit" variant="default" disabled={value.trim() === props.value}>
        Update
      </Button>
    </form>
  );
}
