import type { Identifier, IdentifierType, Mapping } from '../api/erasure';

/** How many values an identifier of a type has. */
export const partsOf = (t: IdentifierType | undefined) => Math.max(1, t?.parts?.length ?? 0);

export type Place = 'columns' | 'key' | 'tags' | 'sidecar';

/** Where identifiers can be, in the order in which it is offered. */
export const places: { value: Place; label: string }[] = [
  { value: 'columns', label: 'In a column' },
  { value: 'key', label: "In the object's name" },
  { value: 'tags', label: 'In an object tag' },
  { value: 'sidecar', label: 'In a metadata file' },
];

export const placeOf = (i: Identifier): Place => (['key', 'tags', 'sidecar'] as const).find((p) => i[p] !== undefined) ?? 'columns';

/** Where identifiers of a mapping are, in words; '' if that was not said yet. */
export function whereOf(i: Identifier): string {
  switch (placeOf(i)) {
    case 'key':
      return i.key ?? '';
    case 'tags':
      return i.tags!.some((t) => t !== '') ? `tag ${i.tags!.join(', ')}` : '';
    case 'sidecar':
      return i.sidecar ?? '';
    default:
      return i.columns?.join(', ') ?? '';
  }
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
