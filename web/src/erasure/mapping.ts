import type { Identifier, IdentifierType, Mapping } from '../api/erasure';

/** How many values an identifier of a type has. */
export const partsOf = (t: IdentifierType | undefined) => Math.max(1, t?.parts?.length ?? 0);

/** Where identifiers of a mapping are, in words. */
export function whereOf(i: Identifier): string {
  if (i.columns && i.columns.length > 0) return i.columns.join(', ');
  for (const [place, v] of Object.entries(i)) if (place !== 'type' && place !== 'columns') return `${place} ${typeof v === 'string' ? v : JSON.stringify(v)}`;
  return '';
}

/** Which table or place a mapping is of. */
export const tableOf = (m: Mapping) => (m.table ? `${m.database}.${m.table}` : (m.location ?? ''));

/** What becomes of records, in the order in which they are offered. */
export const modes = [
  { value: 'delete', label: 'Delete the record', done: 'deleted' },
  { value: 'blank', label: 'Leave an empty record', done: 'left empty' },
  { value: 'replace', label: 'Replace values', done: 'replaced in part' },
  { value: 'object', label: 'Delete the whole object', done: 'deleted with their object' },
];

/** What a person has written, as the server takes it: without what the mode does not use. */
export function tidy(m: Mapping): Mapping {
  const t: Mapping = { ...m, identifiers: m.identifiers.filter((i) => whereOf(i) !== '') };
  if (t.mode !== 'replace') delete t.replace;
  for (const k of ['database', 'table', 'location', 'format', 'mode'] as const) if (!t[k]) delete t[k];
  return t;
}

/** A JSON text as a mapping; throws what is wrong with it. */
export function parsed(text: string, name: string): Mapping {
  const m = JSON.parse(text) as Mapping;
  if (typeof m !== 'object' || m === null || !Array.isArray(m.identifiers)) throw new Error('It must be an object with a list of identifiers.');
  return { ...m, name };
}
