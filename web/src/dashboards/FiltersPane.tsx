import { ActionIcon, Button, Checkbox, Menu, Select } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import type { Sheet, SheetFilter, Visual } from '../api/dash';
import { choicesOf, valuesOf } from './Controls';
import type { Board } from './board';
import { newID } from './definition';
import { roleOf, type Usable } from './fields';
import { FilterInputs } from './FilterInputs';
import { kindNames, kindsFor, words } from './filterWords';
import { titleOf } from './VisualCard';
import css from './editor.module.css';

/** The filters of a sheet: what they keep, and of what. */
export function FiltersPane(props: {
  board: Board;
  sheet: Sheet;
  visual: Visual | undefined;
  dataSet: string;
  fields: readonly Usable[];
  open: string | undefined;
  onOpen: (id: string | undefined) => void;
  onAdd: (f: SheetFilter) => void;
  onChange: (f: SheetFilter) => void;
  onRemove: (id: string) => void;
  onControl: (f: SheetFilter, on: boolean) => void;
}) {
  const filters = props.sheet.filters ?? [];
  const can = props.fields.filter((f) => !f.coordinate);
  const add = (field: Usable) => {
    const kind = kindsFor(field)[0]!;
    const id = newID();
    props.onAdd({ id, data_set: props.dataSet, kind, field: field.name, ...(field.aggregate || !props.visual || props.visual.kind === 'text' ? {} : { visuals: [props.visual.id] }), ...(field.aggregate && props.visual && { visuals: [props.visual.id] }) });
    props.onOpen(id);
  };
  return (
    <div className={css.filters}>
      <div className={css.filtersHead}>
        <h3>Filters</h3>
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon size={24} aria-label="Add a filter">
              <IconPlus size={15} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown className={css.fieldMenu}>
            {can.map((f) => (
              <Menu.Item key={f.name} onClick={() => add(f)}>
                {f.name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      {filters.length === 0 && <p className="muted">Nothing is filtered. Add a filter by a field.</p>}
      <ul>
        {filters.map((f) => (
          <li key={f.id}>
            <OneFilter {...props} filter={f} isOpen={props.open === f.id} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function OneFilter(props: Parameters<typeof FiltersPane>[0] & { filter: SheetFilter; isOpen: boolean }) {
  const { filter: f, sheet } = props;
  const field = props.fields.find((x) => x.name === f.field);
  const listed = f.kind === 'category' && props.isOpen;
  const q = useQuery({ ...valuesOf(f.data_set, f.field, props.board.definition.calculated), enabled: listed && !field?.aggregate });
  const controlled = (sheet.controls ?? []).some((c) => c.filter === f.id);
  const scope = f.everywhere ? 'everywhere' : !f.visuals?.length ? 'sheet' : f.visuals.length === 1 && f.visuals[0] === props.visual?.id ? 'visual' : 'others';
  const named = sheet.visuals.filter((v) => f.visuals?.includes(v.id)).map(titleOf);
  const set = (changes: Partial<SheetFilter>) => {
    const next = { ...f, ...changes };
    for (const [k, v] of Object.entries(next)) if (v === undefined || v === false) delete next[k as keyof SheetFilter];
    props.onChange(next);
  };
  return (
    <section className={css.filter} aria-label={`Filter by ${f.field}`} data-off={f.off || undefined}>
      <header>
        <button type="button" className={`bare ${css.filterHead}`} aria-expanded={props.isOpen} onClick={() => props.onOpen(props.isOpen ? undefined : f.id)}>
          {props.isOpen ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />}
          <span>
            <b>{f.field}</b> <span className="muted">{words(f)}</span>
          </span>
        </button>
        <ActionIcon aria-label={`Remove the filter by ${f.field}`} size={22} onClick={() => props.onRemove(f.id!)}>
          <IconTrash size={13} />
        </ActionIcon>
      </header>
      {props.isOpen && (
        <div className={css.filterBody}>
          {!field && <p className={css.goneNote}>The data set has no field of this name any more.</p>}
          <Select
            label="Filter type"
            data={kindsFor(field).map((k) => ({ value: k, label: kindNames[k] }))}
            value={f.kind}
            onChange={(k) => {
              const { id, data_set, visuals, everywhere, off } = f;
              const kind = k as SheetFilter['kind'];
              props.onChange({
                ...(id && { id }), data_set, ...(visuals && { visuals }), ...(everywhere && { everywhere }), ...(off && { off }), kind, field: f.field,
                ...(kind === 'relative_dates' && { relative: 'last' as const, n: 7, grain: 'day' as const }),
                ...(kind === 'top_bottom' && { n: 10, by: { field: '*', aggregation: 'count' as const } }),
                ...(kind === 'nulls' && { nulls: 'leave_out' as const }),
              });
            }}
          />
          <FilterInputs
            author
            filter={f}
            field={field}
            choices={choicesOf(q.data)}
            more={q.data?.more}
            measures={props.fields.filter((x) => roleOf(x) === 'measure')}
            onChange={(x) => props.onChange({ ...x, data_set: f.data_set })}
          />
          <Select
            label="Applies to"
            data={[
              ...(props.visual && props.visual.kind !== 'text' ? [{ value: 'visual', label: `only “${titleOf(props.visual)}”` }] : []),
              ...(scope === 'others' ? [{ value: 'others', label: named.length > 0 ? `only ${named.map((n) => `“${n}”`).join(', ')}` : 'only what is gone' }] : []),
              { value: 'sheet', label: 'all visuals of this sheet' },
              { value: 'everywhere', label: 'all sheets' },
            ]}
            value={scope}
            onChange={(s) => {
              if (s === 'others') return;
              set({ everywhere: s === 'everywhere', visuals: s === 'visual' && props.visual ? [props.visual.id] : undefined });
            }}
          />
          {f.kind !== 'nulls' && <Checkbox size="xs" label="Viewers set it, in a control" checked={controlled} onChange={(e) => props.onControl(f, e.currentTarget.checked)} />}
          <Checkbox size="xs" label="Off for now" checked={f.off ?? false} onChange={(e) => set({ off: e.currentTarget.checked })} />
          <div>
            <Button variant="default" onClick={() => props.onOpen(undefined)}>
              Close
            </Button>
          </div>
        </div>
      )}
    </section>
  );
}
