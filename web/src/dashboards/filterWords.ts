import type { Filter } from '../api/dash';
import { aggregationName, isNumber, isTime, roleOf, type Usable } from './fields';

/** The kinds of filters, as QuickSight names them. */
export const kindNames: Record<Filter['kind'], string> = {
  category: 'Filter list',
  numeric_equality: 'Equals',
  numeric_range: 'Range',
  time_equality: 'Date equals',
  time_range: 'Time range',
  relative_dates: 'Relative dates',
  top_bottom: 'Top and bottom',
  nulls: 'Nulls',
};

/** The kinds that make sense for a field, the likeliest first. */
export function kindsFor(f: Usable | undefined): Filter['kind'][] {
  if (!f) return ['category', 'nulls'];
  if (f.aggregate) return ['numeric_range', 'numeric_equality', 'nulls'];
  if (isTime(f)) return ['time_range', 'relative_dates', 'time_equality', 'top_bottom', 'nulls'];
  if (isNumber(f)) return roleOf(f) === 'dimension' ? ['category', 'numeric_range', 'numeric_equality', 'top_bottom', 'nulls'] : ['numeric_range', 'numeric_equality', 'category', 'nulls'];
  return ['category', 'top_bottom', 'nulls'];
}

const few = (values: readonly string[]) => (values.length > 3 ? `${values.slice(0, 3).join(', ')} and ${values.length - 3} more` : values.join(', '));

function relative(f: Filter): string {
  const n = f.n ?? 1;
  const unit = f.grain ?? 'day';
  const since = f.anchor ? ` seen from ${f.anchor}` : '';
  switch (f.relative) {
    case 'last':
      return (n === 1 ? `in the last ${unit}` : `in the last ${n} ${unit}s`) + since;
    case 'next':
      return (n === 1 ? `in the next ${unit}` : `in the next ${n} ${unit}s`) + since;
    case 'to_date':
      return `from the beginning of this ${unit} to now${since}`;
    default:
      return `in this ${unit}${since}`;
  }
}

/** Whether a filter has what it needs to keep anything away. */
export function sets(f: Filter): boolean {
  switch (f.kind) {
    case 'category':
    case 'numeric_equality':
    case 'time_equality':
      return (f.values?.length ?? 0) > 0 || !!f.contains;
    case 'numeric_range':
    case 'time_range':
      return !!f.from || !!f.to;
    case 'nulls':
      return f.nulls !== undefined && f.nulls !== 'keep';
    default:
      return true;
  }
}

/** What a filter keeps, in words, without the field's name. */
export function words(f: Filter): string {
  if (f.off) return 'off';
  if (!sets(f)) return 'all';
  const nulls = f.kind !== 'nulls' && f.nulls === 'keep' ? ', or nothing' : f.nulls === 'only' && f.kind !== 'nulls' ? ', nothing only' : '';
  switch (f.kind) {
    case 'category':
      if (f.contains) return `${f.exclude ? 'without' : 'with'} “${f.contains}”${nulls}`;
      return (f.exclude ? 'all but ' : '') + few(f.values ?? []) + nulls;
    case 'numeric_equality':
    case 'time_equality':
      return `${f.exclude ? '≠' : '='} ${few(f.values ?? [])}${nulls}`;
    case 'time_range':
      if (f.from && f.to) return `from ${f.from}${f.exclude_from ? ' (without it)' : ''} until before ${f.to}${nulls}`;
      return (f.from ? `from ${f.from}${f.exclude_from ? ' (without it)' : ''} on` : `before ${f.to}`) + nulls;
    case 'numeric_range': {
      const low = f.from ? `${f.exclude_from ? '>' : '≥'} ${f.from}` : '';
      const high = f.to ? `${f.exclude_to ? '<' : '≤'} ${f.to}` : '';
      return [low, high].filter(Boolean).join(' and ') + nulls;
    }
    case 'relative_dates':
      return relative(f) + nulls;
    case 'top_bottom': {
      const by = f.by?.field === '*' ? 'number of rows' : f.by?.aggregation ? `${aggregationName(f.by.aggregation).toLowerCase()} of ${f.by.field}` : (f.by?.field ?? '');
      return `${f.bottom ? 'bottom' : 'top'} ${f.n ?? 10} by ${by}`;
    }
    case 'nulls':
      return f.nulls === 'only' ? 'nothing only' : 'without nothing';
  }
}
