import { IconEyeOff, IconMathFunction } from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';

import { FilterBox } from '../ui/FilterBox';
import type { DataSetDraft, Field } from '../api/dash';
import { roleOf } from './types';
import { TypeIcon } from './TypeIcon';
import css from './datasets.module.css';

/** What a line of the list stands for. */
export interface FieldItem {
  what: 'field' | 'coordinate' | 'hierarchy';
  name: string;
  /** Of a field. */
  field?: Field;
}

/** Under which a dragged line's name is found in a drop. */
export const fieldDrag = 'application/x-lethe-field';

/** The fields of a data set: those that group, those that are counted, and what was made of
 * them. Arrow keys move in it, Enter picks, and lines can be dragged. */
export function FieldList(props: {
  label?: string;
  of: Pick<DataSetDraft, 'fields' | 'coordinates' | 'hierarchies'>;
  /** Shows hidden fields too, as the one who prepares them needs. */
  withHidden?: boolean;
  selected?: (item: FieldItem) => boolean;
  onPick: (item: FieldItem) => void;
  draggable?: boolean;
  /** Beside a line. */
  extra?: (item: FieldItem) => ReactNode;
}) {
  const [filter, setFilter] = useState('');
  const list = useRef<HTMLDivElement>(null);
  const needle = filter.trim().toLowerCase();
  const fits = (i: FieldItem) => needle === '' || i.name.toLowerCase().includes(needle) || (i.field?.description ?? '').toLowerCase().includes(needle);
  const fields = props.of.fields.filter((f) => props.withHidden || !f.hidden).map((field): FieldItem => ({ what: 'field', name: field.name, field }));
  const groups = [
    { title: 'Dimensions', items: fields.filter((i) => roleOf(i.field!) === 'dimension') },
    { title: 'Measures', items: fields.filter((i) => roleOf(i.field!) === 'measure') },
    { title: 'Coordinates', items: (props.of.coordinates ?? []).map((c): FieldItem => ({ what: 'coordinate', name: c.name })) },
    { title: 'Hierarchies', items: (props.of.hierarchies ?? []).map((h): FieldItem => ({ what: 'hierarchy', name: h.name })) },
  ]
    .map((g) => ({ ...g, items: g.items.filter(fits) }))
    .filter((g) => g.items.length > 0);

  const onKeyDown = (e: KeyboardEvent) => {
    const lines = [...(list.current?.querySelectorAll<HTMLElement>('[data-line]') ?? [])];
    const at = lines.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[e.key];
    if (at < 0 || to === undefined) return;
    e.preventDefault();
    lines[Math.max(0, Math.min(lines.length - 1, to))]?.focus();
  };

  let nth = 0;
  return (
    <div className={css.fieldList}>
      <div className={css.fieldFind}>
        <FilterBox label="Filter fields" of="Fields" value={filter} onChange={setFilter} />
      </div>
      <div ref={list} role="group" aria-label={props.label ?? 'Fields'} className={css.fieldGroups}>
        {groups.length === 0 && <p className={`muted ${css.none}`}>{needle === '' ? 'No fields yet.' : `No field is called “${filter.trim()}”.`}</p>}
        {groups.map((g) => (
          <section key={g.title} aria-label={g.title}>
            <h2>{g.title}</h2>
            <ul>
              {g.items.map((i) => (
                <li key={i.name} data-hidden={i.field?.hidden || undefined} data-selected={props.selected?.(i) || undefined}>
                  <button
                    type="button"
                    data-line
                    className={`bare ${css.field}`}
                    tabIndex={nth++ === 0 || props.selected?.(i) ? 0 : -1}
                    aria-pressed={props.selected?.(i)}
                    title={i.field?.description}
                    draggable={props.draggable}
                    onKeyDown={onKeyDown}
                    onDragStart={(e) => {
                      e.dataTransfer.setData(fieldDrag, i.name);
                      e.dataTransfer.setData('text/plain', i.name);
                      e.dataTransfer.effectAllowed = 'copy';
                    }}
                    onClick={() => props.onPick(i)}
                  >
                    <TypeIcon of={i.field ?? (i.what as 'coordinate' | 'hierarchy')} />
                    <span className={`clip ${css.fieldName}`}>{i.name}</span>
                    {i.field && i.field.column === undefined && !i.field.aggregate && <IconMathFunction size={13} aria-label="calculated" className={css.fieldSign} />}
                    {i.field?.hidden && <IconEyeOff size={13} aria-label="hidden" className={css.fieldSign} />}
                  </button>
                  {props.extra?.(i)}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  );
}
