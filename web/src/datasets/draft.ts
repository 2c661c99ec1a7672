import type { DataSet, DataSetDraft, Field, Source } from '../api/dash';
import { quoted, statements } from '../query/statement';
import { roleOf, typeNames, typeOf } from './types';

// What people do to a data set while they prepare it. Each function answers another
// draft and leaves the one it is given as it was.

export const empty: DataSetDraft = { name: '', source: {}, fields: [], mode: 'extract', read_as: 'viewer' };

/** Only what can be changed, of a data set as the service has it. */
export function draftOf(s: DataSet): DataSetDraft {
  const { name, description, source, fields, coordinates, hierarchies, parameters, filters, mode, read_as, rules, refresh, increment } = s;
  return { name, description, source, fields, coordinates, hierarchies, parameters, filters, mode, read_as, rules, refresh, increment };
}

export const hasSource = (s: Source) => (s.sql ?? '').trim() !== '' || (s.tables ?? []).length > 0;

/** A source in a word or two. */
export function sourceName(s: Source): string {
  const tables = s.tables ?? [];
  if (tables.length > 0) return tables.map((t) => `${t.database}.${t.table}`).join(' + ');
  return 'Custom SQL';
}

/** A name for a data set that has none yet: the table that is read first. */
export function nameFor(s: Source): string {
  const table = s.tables?.[0]?.table ?? /\bfrom\s+(?:[\w"]+\.)*"?(\w+)"?/i.exec(s.sql ?? '')?.[1] ?? '';
  return table.replaceAll('_', ' ').trim();
}

/** The statement of an SQL text, without the semicolon after it. */
export const onlyStatement = (text: string) => statements(text)[0]?.text ?? '';

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Whether a name is one of a field or a coordinate already. */
export const taken = (d: DataSetDraft, name: string) => d.fields.some((f) => same(f.name, name)) || (d.coordinates ?? []).some((c) => same(c.name, name));

/** The name, or it with a number, so that nothing else has it. */
export function freeName(d: DataSetDraft, name: string): string {
  for (let n = 1; ; n++) {
    const one = n === 1 ? name : `${name} ${n}`;
    if (!taken(d, one)) return one;
  }
}

export const setField = (d: DataSetDraft, name: string, change: Partial<Field>): DataSetDraft => ({
  ...d,
  fields: d.fields.map((f) => (f.name === name ? { ...f, ...change } : f)),
});

/** Writes another name for a field in an expression, where it is a name and not a text. */
export function renamedIn(expression: string, from: string, to: string): string {
  // Strings and comments are stepped over; a quoted name, or a bare one, is compared.
  return expression.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[^]*?\*\/|"(?:[^"]|"")*"|\$\{[^}]*\}|[\p{L}_][\p{L}\p{N}_]*/gu, (token) => {
    const name = token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : /^[\p{L}_]/u.test(token) ? token : undefined;
    return name !== undefined && same(name, from) ? quoted(to) : token;
  });
}

/** Gives a field another name wherever the draft speaks of it. */
export function renamed(d: DataSetDraft, from: string, to: string): DataSetDraft {
  const name = (n: string) => (n === from ? to : n);
  return {
    ...d,
    fields: d.fields.map((f) => ({ ...f, name: name(f.name), ...(f.expression !== undefined && { expression: renamedIn(f.expression, from, to) }) })),
    coordinates: d.coordinates?.map((c) => ({ ...c, latitude: name(c.latitude), longitude: name(c.longitude) })),
    hierarchies: d.hierarchies?.map((h) => ({ ...h, fields: h.fields.map(name) })),
    filters: d.filters?.map((f) => ({ ...f, field: name(f.field) })),
    rules: d.rules?.map((r) => (r.filter ? { ...r, filter: renamedIn(r.filter, from, to) } : r)),
    increment: d.increment && { ...d.increment, field: name(d.increment.field) },
  };
}

/** Takes away what names fields that are not there. */
export function pruned(d: DataSetDraft): DataSetDraft {
  const has = (n: string) => d.fields.some((f) => f.name === n);
  const places = d.coordinates?.filter((c) => has(c.latitude) && has(c.longitude));
  const known = (n: string) => has(n) || (places ?? []).some((c) => c.name === n);
  return {
    ...d,
    coordinates: places,
    hierarchies: d.hierarchies?.map((h) => ({ ...h, fields: h.fields.filter(known) })).filter((h) => h.fields.length > 0),
    filters: d.filters?.filter((f) => has(f.field)),
    increment: d.increment && has(d.increment.field) ? d.increment : undefined,
  };
}

export const withoutField = (d: DataSetDraft, name: string): DataSetDraft => pruned({ ...d, fields: d.fields.filter((f) => f.name !== name) });

/** Another source: what was prepared stays where the source still has the column, what is new
 * is added, and what is gone goes. */
export function withSource(d: DataSetDraft, source: Source, found: Field[]): DataSetDraft {
  const by = new Map(found.map((f) => [f.column, f]));
  const kept = d.fields.filter((f) => f.column === undefined || by.has(f.column)).map((f) => (f.column === undefined ? f : { ...f, source_type: by.get(f.column)!.source_type }));
  const fresh = found.filter((f) => !kept.some((k) => k.column === f.column));
  const next: DataSetDraft = { ...d, source, name: d.name || nameFor(source), fields: kept };
  for (const f of fresh) next.fields = [...next.fields, { ...f, name: freeName(next, f.name) }];
  return pruned(next);
}

/** The fields that make a place together and are not yet one. */
export function pairable(d: DataSetDraft): { latitude: string; longitude: string } | undefined {
  const of = (geo: Field['geo']) => d.fields.filter((f) => f.geo === geo && !f.hidden && !(d.coordinates ?? []).some((c) => c.latitude === f.name || c.longitude === f.name));
  const latitude = of('latitude');
  const longitude = of('longitude');
  return latitude.length === 1 && longitude.length === 1 ? { latitude: latitude[0]!.name, longitude: longitude[0]!.name } : undefined;
}

export const withCoordinate = (d: DataSetDraft, latitude: string, longitude: string, name = freeName(d, 'coordinate')): DataSetDraft => ({
  ...d,
  fields: d.fields.map((f) => (f.name === latitude ? { ...f, geo: 'latitude' } : f.name === longitude ? { ...f, geo: 'longitude' } : f)),
  coordinates: [...(d.coordinates ?? []), { name, latitude, longitude }],
});

/** What differs in b from a, in words, for whoever has to choose between them. */
export function differences(a: DataSetDraft, b: DataSetDraft): string[] {
  const out: string[] = [];
  if (a.name !== b.name) out.push(`is called ${b.name}`);
  if (JSON.stringify(a.source) !== JSON.stringify(b.source)) out.push('reads another source');
  const key = (f: Field) => f.column ?? `\u0000${f.name}`;
  const before = new Map(a.fields.map((f) => [key(f), f]));
  const after = new Set(b.fields.map(key));
  for (const f of b.fields) {
    const was = before.get(key(f));
    if (!was) {
      out.push(`${f.name} is new`);
      continue;
    }
    if (was.name !== f.name) out.push(`${was.name} is called ${f.name}`);
    if (typeOf(was) !== typeOf(f)) out.push(`${f.name} is ${typeNames[typeOf(f)].toLowerCase()}`);
    else if ((was.format ?? '') !== (f.format ?? '')) out.push(`${f.name} is read as ${f.format ?? 'ISO'}`);
    if ((was.expression ?? '') !== (f.expression ?? '')) out.push(`${f.name} is calculated otherwise`);
    if (!!was.hidden !== !!f.hidden) out.push(`${f.name} is ${f.hidden ? 'hidden' : 'shown'}`);
    if (roleOf(was) !== roleOf(f)) out.push(`${f.name} is a ${roleOf(f)}`);
    if (was.geo !== f.geo || !!was.cumulative !== !!f.cumulative || (was.description ?? '') !== (f.description ?? '')) out.push(`${f.name} is described otherwise`);
  }
  for (const f of a.fields) if (!after.has(key(f))) out.push(`${f.name} is gone`);
  const rest = [
    ['coordinates', 'other coordinates'],
    ['hierarchies', 'other hierarchies'],
    ['parameters', 'other parameters'],
    ['filters', 'other filters'],
    ['rules', 'other rules of rows'],
    ['refresh', 'another schedule'],
    ['increment', 'another increment'],
  ] as const;
  for (const [k, words] of rest) if (JSON.stringify(a[k] ?? null) !== JSON.stringify(b[k] ?? null)) out.push(`has ${words}`);
  if (a.mode !== b.mode) out.push(b.mode === 'live' ? 'is asked live' : 'is an extract');
  if (a.read_as !== b.read_as) out.push(`is read as its ${b.read_as}`);
  return out;
}
