import { ActionIcon, Button, Menu, NumberInput, Popover, Select, TextInput } from '@mantine/core';
import { IconChevronDown, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import { type Aggregation, type Format, type Grain, type Visual, type Well, type WellField, wells } from '../api/dash';
import { fieldDrag } from '../datasets/FieldList';
import { aggregationName, isNumber, isTime, type Usable, wellFieldName } from './fields';
import { carry, changeAt, put, shift, takes } from './wellFields';
import css from './editor.module.css';
import { without } from './without';

/** Under which a drag says which field of which well it carries. */
const wellDrag = 'application/x-lethe-well';

const aggregations: Aggregation[] = ['sum', 'average', 'min', 'max', 'count', 'count_distinct', 'median', 'percentile_95', 'deviation', 'variance'];
const grains: Grain[] = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute'];

/** The field wells of a visual. Fields are dropped into them, or chosen from a menu. */
export function Wells(props: { visual: Visual; fields: readonly Usable[]; onChange: (v: Visual, of?: string) => void }) {
  const { visual: v } = props;
  return (
    <div className={css.wells}>
      {wells[v.kind].map((w) => (
        <WellBox key={w.name} well={w} {...props} />
      ))}
    </div>
  );
}

function WellBox({ visual: v, well: w, fields, onChange }: { visual: Visual; well: Well; fields: readonly Usable[]; onChange: (v: Visual, of?: string) => void }) {
  const [over, setOver] = useState(false);
  const there = v.wells?.[w.name] ?? [];
  const can = fields.filter((f) => takes(v.kind, w, f));
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- what can be dropped here, the menu puts here too
    <section
      className={css.well}
      aria-label={w.title}
      data-over={over || undefined}
      onDragOver={(e) => {
        if (!e.dataTransfer.types.includes(fieldDrag) && !e.dataTransfer.types.includes(wellDrag)) return;
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        setOver(false);
        const f = fields.find((f) => f.name === e.dataTransfer.getData(fieldDrag));
        if (!f) return;
        e.preventDefault();
        const [from, index] = e.dataTransfer.getData(wellDrag).split(' ');
        onChange(from && from !== w.name ? carry(v, from, Number(index), w.name, f) : put(v, w.name, f));
      }}
    >
      <header>
        <h3>{w.title}</h3>
        {w.min > there.length && <span className="muted">needed</span>}
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon size={20} aria-label={`Add a field to ${w.title}`}>
              <IconPlus size={13} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown className={css.fieldMenu}>
            {can.map((f) => (
              <Menu.Item key={f.name} onClick={() => onChange(put(v, w.name, f))}>
                {f.name}
              </Menu.Item>
            ))}
            {w.takes === 'measure' && <Menu.Item onClick={() => onChange({ ...v, wells: { ...v.wells, [w.name]: [...there.slice(0, w.max - 1), { field: '*', aggregation: 'count' }] } })}>Number of rows</Menu.Item>}
            {can.length === 0 && w.takes === 'dimension' && <Menu.Label>No field fits here.</Menu.Label>}
          </Menu.Dropdown>
        </Menu>
      </header>
      {there.map((f, i) => (
        <WellChip key={`${f.field} ${f.aggregation ?? ''} ${i}`} visual={v} well={w} index={i} value={f} fields={fields} onChange={onChange} />
      ))}
    </section>
  );
}

function WellChip(props: { visual: Visual; well: Well; index: number; value: WellField; fields: readonly Usable[]; onChange: (v: Visual, of?: string) => void }) {
  const { visual: v, well: w, index, value: f } = props;
  const [open, setOpen] = useState(false);
  const known = props.fields.find((k) => k.name === f.field);
  const set = (changes: Partial<WellField>, of?: string) => {
    const next = { ...f, ...changes };
    for (const [k, x] of Object.entries(next)) if (x === undefined || x === '') delete next[k as keyof WellField];
    props.onChange(changeAt(v, w.name, index, next), of && `${of} ${w.name} ${index}`);
  };
  const format = (changes: Partial<Format>) => {
    const next: Format = { ...f.format, ...changes };
    for (const [k, x] of Object.entries(next)) if (x === undefined || x === '') delete next[k as keyof Format];
    set({ format: Object.keys(next).length > 0 ? next : undefined }, 'format');
  };
  const numeric = w.takes === 'measure' || isNumber(known);
  const sorted = v.sort?.well === w.name && (v.sort.index ?? 0) === index ? (v.sort.descending ? 'down' : 'up') : '';
  const act = (next: Visual) => {
    setOpen(false);
    props.onChange(next);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="right-start" withinPortal trapFocus shadow="sm" width={250}>
      <Popover.Target>
        <button
          type="button"
          className={`bare ${css.chip}`}
          data-role={w.takes}
          aria-haspopup="dialog"
          aria-expanded={open}
          draggable
          onClick={() => setOpen(!open)}
          onKeyDown={(e) => {
            if (e.key !== 'Delete' && e.key !== 'Backspace') return;
            e.preventDefault();
            props.onChange(changeAt(v, w.name, index, undefined));
          }}
          onDragStart={(e) => {
            e.dataTransfer.setData(fieldDrag, f.field);
            e.dataTransfer.setData(wellDrag, `${w.name} ${index}`);
            e.dataTransfer.effectAllowed = 'copyMove';
          }}
        >
          <span className="clip">{wellFieldName(f)}</span>
          {!known && f.field !== '*' && <span className={css.gone}>gone</span>}
          <IconChevronDown size={12} aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`${wellFieldName(f)} in ${w.title}`}>
        <div className={css.chipForm}>
          {w.takes === 'measure' && !known?.aggregate && f.field !== '*' && (
            <Select
              label="Aggregation"
              data={aggregations.filter((a) => isNumber(known) || a.startsWith('count') || a === 'min' || a === 'max').map((a) => ({ value: a, label: aggregationName(a) }))}
              value={f.aggregation ?? 'sum'}
              onChange={(a) => set({ aggregation: a as Aggregation })}
            />
          )}
          {w.takes === 'dimension' && isTime(known) && <Select label="Granularity" data={grains} value={f.grain ?? 'day'} onChange={(g) => set({ grain: g as Grain })} />}
          {v.kind === 'histogram' && <NumberInput size="xs" label="About so many bins" min={2} max={200} value={f.bins ?? 20} onChange={(n) => set({ bins: Number(n) || undefined }, 'bins')} />}
          <TextInput label="Shown as" placeholder={wellFieldName({ ...f, label: undefined })} value={f.label ?? ''} onChange={(e) => set({ label: e.currentTarget.value }, 'label')} />
          {numeric && (
            <>
              <div className={css.pair}>
                <Select
                  label="Format"
                  data={[
                    { value: '', label: 'by itself' },
                    { value: 'number', label: 'number' },
                    { value: 'compact', label: '1.2K, 3M' },
                    { value: 'percent', label: 'percent' },
                    { value: 'currency', label: 'currency' },
                  ]}
                  value={f.format?.style ?? ''}
                  onChange={(s) => format({ style: (s || undefined) as Format['style'], currency: s === 'currency' ? (f.format?.currency ?? 'EUR') : undefined })}
                />
                <NumberInput size="xs" hideControls label="Decimals" min={0} max={10} value={f.format?.decimals ?? ''} onChange={(n) => format({ decimals: n === '' ? undefined : Number(n) })} />
              </div>
              {f.format?.style === 'currency' && <TextInput label="Currency" value={f.format.currency ?? ''} onChange={(e) => format({ currency: e.currentTarget.value.toUpperCase().slice(0, 3) })} />}
              <div className={css.pair}>
                <TextInput label="Before it" value={f.format?.prefix ?? ''} onChange={(e) => format({ prefix: e.currentTarget.value })} />
                <TextInput label="After it" value={f.format?.suffix ?? ''} onChange={(e) => format({ suffix: e.currentTarget.value })} />
              </div>
            </>
          )}
          {w.takes === 'dimension' && isTime(known) && <TextInput label="Date format" placeholder="d MMM yyyy" value={f.format?.date ?? ''} onChange={(e) => format({ date: e.currentTarget.value })} />}
          <Select
            label="Sort by it"
            data={[
              { value: '', label: 'no' },
              { value: 'down', label: 'largest first' },
              { value: 'up', label: 'smallest first' },
            ]}
            value={sorted}
            onChange={(s) => {
              const rest = without(v, 'sort');
              props.onChange(s ? { ...rest, sort: { well: w.name, ...(index > 0 && { index }), ...(s === 'down' && { descending: true }) } } : rest);
            }}
          />
          <div className={css.chipActions}>
            {known &&
              wells[v.kind]
                .filter((o) => o.name !== w.name && takes(v.kind, o, known))
                .map((o) => (
                  <Button key={o.name} variant="default" onClick={() => act(carry(v, w.name, index, o.name, known))}>
                    To {o.title}
                  </Button>
                ))}
            {index > 0 && (
              <Button variant="default" onClick={() => act(shift(v, w.name, index, -1))}>
                Up
              </Button>
            )}
            {index < (v.wells?.[w.name]?.length ?? 0) - 1 && (
              <Button variant="default" onClick={() => act(shift(v, w.name, index, 1))}>
                Down
              </Button>
            )}
            <Button variant="default" onClick={() => act(changeAt(v, w.name, index, undefined))}>
              Remove
            </Button>
          </div>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
