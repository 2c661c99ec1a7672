import { Checkbox, NumberInput, Select, TextInput } from '@mantine/core';

import type { Filter, Grain } from '../api/dash';
import { aggregationName, isNumber, typeOf, type Usable } from './fields';
import { type Choice, ValuesList } from './ValuesList';
import css from './dashboards.module.css';

const grains: Grain[] = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute'];

/** What a filter keeps, to be set: of the author in the filters' pane, of the viewer in a control. */
export function FilterInputs(props: {
  filter: Filter;
  field: Usable | undefined;
  /** Values to choose of, if the filter's kind has a list of them. */
  choices?: readonly Choice[];
  more?: boolean;
  /** Told of what is looked for among them. */
  onFind?: ((text: string) => void) | undefined;
  /** An author sets more than a viewer does. */
  author?: boolean;
  /** To rank by. */
  measures?: readonly Usable[];
  onChange: (f: Filter) => void;
}) {
  const { filter: f } = props;
  const set = (changes: Partial<Filter>) => {
    const next = { ...f, ...changes };
    // What is unset is not there, so that equal filters are equal texts.
    for (const [k, v] of Object.entries(next)) if (v === undefined || v === '' || v === false) delete next[k as keyof Filter];
    props.onChange(next);
  };
  const input = props.field && typeOf(props.field) === 'time' ? 'datetime-local' : 'date';
  const nulls = (
    <Select
      label="Nulls"
      data={[
        { value: '', label: f.kind === 'category' || f.kind.endsWith('range') || f.kind.endsWith('equality') ? 'left out where something is set' : 'kept' },
        { value: 'keep', label: 'kept' },
        { value: 'leave_out', label: 'left out' },
        { value: 'only', label: 'nothing else' },
      ]}
      value={f.nulls ?? ''}
      onChange={(v) => set({ nulls: (v || undefined) as Filter['nulls'] })}
    />
  );
  switch (f.kind) {
    case 'category':
      return (
        <div className={css.inputs}>
          {props.author && (
            <div className={css.pair}>
              <Select
                aria-label="Keeps"
                data={[
                  { value: 'in', label: 'keeps what is chosen' },
                  { value: 'out', label: 'leaves out what is chosen' },
                ]}
                value={f.exclude ? 'out' : 'in'}
                onChange={(v) => set({ exclude: v === 'out' })}
              />
            </div>
          )}
          <ValuesList label={f.field} choices={props.choices ?? []} more={props.more} onFind={props.onFind} values={f.values ?? []} onChange={(values) => set({ values: values.length > 0 ? values : undefined })} />
          {props.author && <TextInput label="Or what contains" value={f.contains ?? ''} onChange={(e) => set({ contains: e.currentTarget.value })} />}
          {props.author && nulls}
        </div>
      );
    case 'numeric_equality':
    case 'time_equality':
      return (
        <div className={css.inputs}>
          <TextInput
            label={f.exclude ? 'Not' : 'Value'}
            type={f.kind === 'time_equality' ? input : 'text'}
            inputMode={f.kind === 'numeric_equality' ? 'decimal' : undefined}
            value={f.values?.[0] ?? ''}
            onChange={(e) => set({ values: e.currentTarget.value === '' ? undefined : [e.currentTarget.value] })}
          />
          {props.author && <Checkbox size="xs" label="Leave it out instead" checked={f.exclude ?? false} onChange={(e) => set({ exclude: e.currentTarget.checked })} />}
          {props.author && nulls}
        </div>
      );
    case 'numeric_range':
      return (
        <div className={css.inputs}>
          <div className={css.pair}>
            <TextInput label="From" inputMode="decimal" value={f.from ?? ''} onChange={(e) => set({ from: e.currentTarget.value })} />
            <TextInput label="To" inputMode="decimal" value={f.to ?? ''} onChange={(e) => set({ to: e.currentTarget.value })} />
          </div>
          {props.author && (
            <div className={css.pair}>
              <Checkbox size="xs" label="without it" aria-label="Without the start" checked={f.exclude_from ?? false} onChange={(e) => set({ exclude_from: e.currentTarget.checked })} />
              <Checkbox size="xs" label="without it" aria-label="Without the end" checked={f.exclude_to ?? false} onChange={(e) => set({ exclude_to: e.currentTarget.checked })} />
            </div>
          )}
          {props.author && nulls}
        </div>
      );
    case 'time_range':
      return (
        <div className={css.inputs}>
          <TextInput label="Start" type={input} value={f.from ?? ''} onChange={(e) => set({ from: e.currentTarget.value })} />
          <TextInput label="End" type={input} value={f.to ?? ''} onChange={(e) => set({ to: e.currentTarget.value })} />
          <p className="muted">The start is included, the end is not.</p>
          {props.author && nulls}
        </div>
      );
    case 'relative_dates': {
      const kind = f.relative ?? 'this';
      return (
        <div className={css.inputs}>
          <Select
            aria-label="Which"
            data={[
              { value: 'this', label: 'this' },
              { value: 'last', label: 'the last' },
              { value: 'next', label: 'the next' },
              { value: 'to_date', label: 'until now, of this' },
            ]}
            value={kind}
            onChange={(v) => set({ relative: v as Filter['relative'], n: v === 'last' || v === 'next' ? (f.n ?? 7) : undefined })}
          />
          <div className={css.pair}>
            {(kind === 'last' || kind === 'next') && <NumberInput size="xs" hideControls aria-label="How many" min={1} max={10_000} allowDecimal={false} value={f.n ?? 1} onChange={(n) => set({ n: Number(n) || 1 })} />}
            <Select aria-label="Unit" data={grains} value={f.grain ?? 'day'} onChange={(v) => set({ grain: v as Grain })} />
          </div>
          {props.author && <TextInput label="Seen from" description="today if empty" type="date" value={f.anchor ?? ''} onChange={(e) => set({ anchor: e.currentTarget.value })} />}
          {props.author && nulls}
        </div>
      );
    }
    case 'top_bottom':
      return (
        <div className={css.inputs}>
          <div className={css.pair}>
            <Select aria-label="End" data={['top', 'bottom']} value={f.bottom ? 'bottom' : 'top'} onChange={(v) => set({ bottom: v === 'bottom' })} />
            <NumberInput size="xs" hideControls aria-label="How many" min={1} max={1000} allowDecimal={false} value={f.n ?? 10} onChange={(n) => set({ n: Number(n) || 1 })} />
          </div>
          {props.author && (
            <div className={css.pair}>
              <Select
                label="By"
                data={[{ value: '*', label: 'Rows' }, ...(props.measures ?? []).map((m) => ({ value: m.name, label: m.name }))]}
                value={f.by?.field ?? '*'}
                onChange={(v) => {
                  const m = props.measures?.find((m) => m.name === v);
                  set({ by: !m ? { field: '*', aggregation: 'count' } : m.aggregate ? { field: m.name } : { field: m.name, aggregation: isNumber(m) ? 'sum' : 'count' } });
                }}
              />
              {f.by && f.by.field !== '*' && f.by.aggregation && (
                <Select
                  label="As"
                  data={(['sum', 'average', 'min', 'max', 'count', 'count_distinct', 'median'] as const).map((a) => ({ value: a, label: aggregationName(a) }))}
                  value={f.by.aggregation}
                  onChange={(v) => set({ by: { field: f.by!.field, aggregation: v as NonNullable<Filter['by']>['aggregation'] } })}
                />
              )}
            </div>
          )}
        </div>
      );
    case 'nulls':
      return (
        <Select
          aria-label="Nulls"
          data={[
            { value: 'leave_out', label: 'left out' },
            { value: 'only', label: 'nothing else' },
            { value: 'keep', label: 'kept' },
          ]}
          value={f.nulls ?? 'keep'}
          onChange={(v) => set({ nulls: v as Filter['nulls'] })}
        />
      );
  }
}
