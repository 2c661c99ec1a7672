import { ActionIcon, Button, Checkbox, NumberInput, Select, TagsInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';

import type { Field, Filter, FilterKind, Grain } from '../api/dash';
import { Part, Sheet } from '../ui/Sheet';
import list from '../ui/list.module.css';
import type { SheetProps } from './PrepareView';
import { Late } from './Late';
import { isNumber, isTime, typeOf } from './types';
import { known } from './usePreview';
import css from './datasets.module.css';

const kindNames: Partial<Record<FilterKind, string>> = {
  category: 'is one of',
  numeric_range: 'lies between',
  numeric_equality: 'equals one of',
  time_range: 'lies between',
  relative_dates: 'is recent',
  nulls: 'is, or is not, empty',
};

const kindsOf = (f: Field): FilterKind[] => {
  const t = typeOf(f);
  if (isNumber(t)) return ['numeric_range', 'numeric_equality', 'nulls'];
  if (isTime(t)) return ['time_range', 'relative_dates', 'nulls'];
  return ['category', 'nulls'];
};

const first = (f: Field): Filter => {
  const kind = kindsOf(f)[0]!;
  return { kind, field: f.name };
};

/** What keeps rows from everybody, before anything is aggregated. */
export function FiltersSheet({ draft, change, preview, onOpen }: SheetProps) {
  const all = draft.filters ?? [];
  const fields = known(draft.fields, preview).filter((f) => !f.aggregate);
  const set = (i: number, to: Filter, kind?: string) => change((d) => ({ ...d, filters: d.filters!.map((f, j) => (i === j ? to : f)) }), kind && `${kind} ${i}`);
  return (
    <Sheet label="Filters" title="Filters" onClose={() => onOpen(undefined)}>
      <Part title="Filters of the data set" note="for whoever asks it">
        <div className={list.form}>
          <ul className={css.entries}>
            {all.map((f, i) => {
              const field = fields.find((x) => x.name === f.field);
              const values = preview?.answer.columns.find((c) => c.name === f.field)?.values ?? [];
              return (
                // oxlint-disable-next-line react/no-array-index-key -- filters have no names
                <li key={i} data-off={f.off || undefined}>
                  <div className={list.pair}>
                    <Select
                      aria-label={`Field of filter ${i + 1}`}
                      data={fields.map((x) => x.name)}
                      value={f.field}
                      searchable
                      comboboxProps={{ shadow: 'sm' }}
                      onChange={(v) => {
                        const to = fields.find((x) => x.name === v);
                        if (to) set(i, first(to));
                      }}
                    />
                    {field && (
                      <Select
                        aria-label={`Kind of filter ${i + 1}`}
                        data={kindsOf(field).map((k) => ({ value: k, label: kindNames[k] ?? k }))}
                        value={f.kind}
                        comboboxProps={{ shadow: 'sm' }}
                        onChange={(k) => k && set(i, starts[k as FilterKind]?.(f.field) ?? { kind: k as FilterKind, field: f.field })}
                      />
                    )}
                  </div>
                  <Bounds of={f} nth={i + 1} examples={values} onChange={(to, kind) => set(i, to, kind)} />
                  <Checkbox size="xs" label="On" checked={!f.off} onChange={(e) => set(i, { ...f, off: e.currentTarget.checked ? undefined : true })} />
                  <ActionIcon size={22} className={css.entryEnd} aria-label={`Delete filter ${i + 1}`} onClick={() => change((d) => ({ ...d, filters: d.filters!.filter((_, j) => j !== i) }))}>
                    <IconX size={14} />
                  </ActionIcon>
                </li>
              );
            })}
          </ul>
          <Select
            aria-label="Filter a field"
            placeholder="Filter a field"
            leftSection={<IconPlus size={14} />}
            data={fields.map((f) => f.name)}
            value={null}
            searchable
            comboboxProps={{ shadow: 'sm' }}
            onChange={(v) => {
              const f = fields.find((x) => x.name === v);
              if (f) change((d) => ({ ...d, filters: [...(d.filters ?? []), first(f)] }));
            }}
          />
          {all.length === 0 && <p className="muted">No rows are kept back. What viewers filter themselves belongs on a dashboard.</p>}
          {all.length > 0 && (
            <Button variant="default" onClick={() => onOpen(undefined)}>
              Done
            </Button>
          )}
        </div>
      </Part>
    </Sheet>
  );
}

const starts: Partial<Record<FilterKind, (field: string) => Filter>> = {
  relative_dates: (field) => ({ kind: 'relative_dates', field, relative: 'last', n: 30, grain: 'day' }),
  nulls: (field) => ({ kind: 'nulls', field, nulls: 'leave_out' }),
};

const grains: Grain[] = ['day', 'week', 'month', 'quarter', 'year'];

/** What a filter keeps, by its kind. */
function Bounds(props: { of: Filter; nth: number; examples: readonly unknown[]; onChange: (f: Filter, kind?: string) => void }) {
  const { of: f, nth, onChange } = props;
  switch (f.kind) {
    case 'category':
    case 'numeric_equality':
      return (
        <>
          <TagsInput
            size="xs"
            aria-label={`Values of filter ${nth}`}
            placeholder="Values, each ended by Enter"
            data={[...new Set(props.examples.filter((v) => v !== null).map(String))].slice(0, 50)}
            value={f.values ?? []}
            comboboxProps={{ shadow: 'sm' }}
            onChange={(values) => onChange({ ...f, values })}
          />
          <Checkbox size="xs" label="All but these" checked={f.exclude ?? false} onChange={(e) => onChange({ ...f, exclude: e.currentTarget.checked || undefined })} />
        </>
      );
    case 'numeric_range':
    case 'time_range': {
      const time = f.kind === 'time_range';
      return (
        <>
          <div className={list.pair}>
            <Late label="From" placeholder={time ? '2020-09-10' : undefined} value={f.from ?? ''} onChange={(v) => onChange({ ...f, from: v || undefined })} />
            <Late label={time ? 'To, excluded' : 'To, included'} placeholder={time ? '2020-09-11' : undefined} value={f.to ?? ''} onChange={(v) => onChange({ ...f, to: v || undefined })} />
          </div>
        </>
      );
    }
    case 'relative_dates':
      return (
        <div className={list.pair}>
          <Select
            aria-label={`Which, of filter ${nth}`}
            data={[
              { value: 'last', label: 'the last' },
              { value: 'next', label: 'the next' },
              { value: 'this', label: 'this' },
              { value: 'to_date', label: 'so far this' },
            ]}
            value={f.relative ?? 'last'}
            comboboxProps={{ shadow: 'sm' }}
            onChange={(r) => onChange({ ...f, relative: r as Filter['relative'] })}
          />
          {(f.relative === 'last' || f.relative === 'next') && (
            <NumberInput size="xs" hideControls min={1} aria-label={`How many, of filter ${nth}`} value={f.n ?? 1} onChange={(n) => onChange({ ...f, n: Number(n) || 1 }, 'filter n')} />
          )}
          <Select aria-label={`Unit of filter ${nth}`} data={grains} value={f.grain ?? 'day'} comboboxProps={{ shadow: 'sm' }} onChange={(g) => onChange({ ...f, grain: g as Grain })} />
        </div>
      );
    case 'nulls':
      return (
        <Select
          aria-label={`Empty values of filter ${nth}`}
          data={[
            { value: 'leave_out', label: 'only rows that have a value' },
            { value: 'only', label: 'only rows that are empty' },
          ]}
          value={f.nulls ?? 'leave_out'}
          comboboxProps={{ shadow: 'sm' }}
          onChange={(n) => onChange({ ...f, nulls: n as Filter['nulls'] })}
        />
      );
    default:
      return null;
  }
}
