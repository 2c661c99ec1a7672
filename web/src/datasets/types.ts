import type { Field, FieldType, Role } from '../api/dash';

export const typeNames: Record<FieldType, string> = {
  text: 'Text',
  integer: 'Integer',
  decimal: 'Decimal',
  date: 'Date',
  time: 'Time',
  boolean: 'Boolean',
};

/** The type that a column of the source has, if nothing else is said. */
export function typeOfSource(source: string | undefined): FieldType {
  const name = (source ?? '').toLowerCase();
  if (/^(tinyint|smallint|int|integer|bigint)\b/.test(name)) return 'integer';
  if (/^(real|float|double|decimal)\b/.test(name)) return 'decimal';
  if (name === 'date') return 'date';
  if (name.startsWith('timestamp')) return 'time';
  if (name === 'boolean') return 'boolean';
  return 'text';
}

export const typeOf = (f: Field): FieldType => f.type ?? typeOfSource(f.source_type);

export const isNumber = (t: FieldType) => t === 'integer' || t === 'decimal';
export const isTime = (t: FieldType) => t === 'date' || t === 'time';

/** How a field is used where nothing else is said. */
export const roleOf = (f: Field): Role => f.role ?? (f.aggregate || (isNumber(typeOf(f)) && !f.geo) ? 'measure' : 'dimension');
