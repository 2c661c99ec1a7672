import type { Filter, Grain, Mark, View } from '../api/dash';
import { without } from './without';

// What a viewer has set stands in the address, readable:
//
//   ?f.day=2020-09-10..2020-09-11    the filter "day" has these bounds
//   ?f.who=Italy*France              the filter "who" has these values
//   ?m.map=country**Italy            of the visual "map" Italy was clicked
//   ?d.map=country**Italy            the visual "map" was drilled down into Italy
//   ?p.limit=3                       the parameter "limit" has this value
//
// Parts are separated by *. A part that begins with _ and a letter says something other than a
// value; values have their own * and _ written as _a and __, null is _0 and the empty text _e.

/** The part of a page's address that holds a view: keys that begin with f., m., d. or p. */
export type Address = Record<string, string | undefined>;

const kinds = ['f.', 'm.', 'd.', 'p.'];

/** Whether a key of an address is of a view. */
export const ofView = (key: string) => kinds.some((k) => key.startsWith(k) && key.length > k.length);

/** Writes a value as a part. */
export function part(v: string | null): string {
  if (v === null) return '_0';
  if (v === '') return '_e';
  return v.replaceAll('_', '__').replaceAll('*', '_a');
}

/** Reads what part wrote; undefined for what says something else. */
export function value(p: string): string | null | undefined {
  if (p === '_0') return null;
  if (p === '_e') return '';
  let text = '';
  for (let i = 0; i < p.length; i++) {
    if (p[i] !== '_') {
      text += p[i];
      continue;
    }
    const next = p[++i];
    if (next === '_') text += '_';
    else if (next === 'a') text += '*';
    else return undefined;
  }
  return text;
}

const range = /^([^*_]*)\.\.([^*_]*)$/;
const ranged = (f: Filter) => f.kind === 'numeric_range' || f.kind === 'time_range';

/** Writes what a viewer may set of a filter. */
export function filterText(f: Filter): string {
  const parts: string[] = [];
  if (f.off) parts.push('_o');
  if (f.exclude) parts.push('_x');
  if (f.nulls) parts.push('_z' + part(f.nulls));
  if (f.contains) parts.push('_c' + part(f.contains));
  if (ranged(f)) parts.push(`${f.from ?? ''}..${f.to ?? ''}`);
  if (f.exclude_from) parts.push('_f');
  if (f.exclude_to) parts.push('_t');
  if (f.relative) parts.push('_r' + f.relative);
  if (f.n !== undefined) parts.push('_n' + f.n);
  if (f.grain) parts.push('_g' + f.grain);
  if (f.anchor) parts.push('_h' + part(f.anchor));
  if (f.bottom) parts.push('_b');
  if (!ranged(f)) for (const v of f.values ?? []) parts.push(part(v));
  return parts.join('*');
}

/** Sets of a filter what a text says. What the text does not say is unset. */
export function withText(f: Filter, text: string): Filter {
  const out: Filter = without(f, 'off', 'exclude', 'nulls', 'contains', 'from', 'to', 'exclude_from', 'exclude_to', 'relative', 'n', 'grain', 'anchor', 'bottom', 'values');
  for (const p of text === '' ? [] : text.split('*')) {
    const rest = p.slice(2);
    const bounds = ranged(f) ? range.exec(p) : null;
    if (bounds) {
      if (bounds[1]) out.from = bounds[1];
      if (bounds[2]) out.to = bounds[2];
      continue;
    }
    const v = value(p);
    if (typeof v === 'string') {
      (out.values ??= []).push(v);
      continue;
    }
    switch (p.slice(0, 2)) {
      case '_o': out.off = true; break;
      case '_x': out.exclude = true; break;
      case '_z': out.nulls = (value(rest) ?? undefined) as Filter['nulls']; break;
      case '_c': out.contains = value(rest) ?? undefined; break;
      case '_f': out.exclude_from = true; break;
      case '_t': out.exclude_to = true; break;
      case '_r': out.relative = rest as Filter['relative']; break;
      case '_n': out.n = Number(rest) || undefined; break;
      case '_g': out.grain = rest as Grain; break;
      case '_h': out.anchor = value(rest) ?? undefined; break;
      case '_b': out.bottom = true; break;
    }
  }
  return out;
}

function marksText(marks: readonly Mark[]): string {
  return marks.flatMap((m) => [part(m.field), m.grain ?? '', part(m.value)]).join('*');
}

function marksOf(visual: string, text: string): Mark[] {
  const parts = text.split('*');
  const marks: Mark[] = [];
  for (let i = 0; i + 2 < parts.length; i += 3) {
    const field = value(parts[i]!);
    const v = value(parts[i + 2]!);
    if (typeof field !== 'string' || v === undefined) continue;
    marks.push({ visual, field, ...(parts[i + 1] && { grain: parts[i + 1] as Grain }), value: v });
  }
  return marks;
}

/** Writes a view as the keys of an address. */
export function addressOf(v: View): Address {
  const a: Address = {};
  for (const f of v.filters ?? []) if (f.id) a['f.' + f.id] = filterText(f) || '_';
  const visuals = new Map<string, Mark[]>();
  for (const m of v.marks ?? []) visuals.set(m.visual, [...(visuals.get(m.visual) ?? []), m]);
  for (const [id, marks] of visuals) a['m.' + id] = marksText(marks);
  for (const [id, marks] of Object.entries(v.drills ?? {})) if (marks.length > 0) a['d.' + id] = marksText(marks);
  for (const [name, text] of Object.entries(v.parameters ?? {})) a['p.' + name] = part(text);
  return a;
}

/** Reads a view of an address. Of filters it takes those that are given: an address can set them, and not make any. */
export function viewOf(a: Address, filters: readonly Filter[]): View {
  const v: View = {};
  for (const [key, text] of Object.entries(a)) {
    if (!ofView(key) || text === undefined) continue;
    const id = key.slice(2);
    if (key.startsWith('f.')) {
      const f = filters.find((f) => f.id === id);
      if (f) (v.filters ??= []).push(withText(f, text === '_' ? '' : text));
    } else if (key.startsWith('m.')) {
      const marks = marksOf(id, text);
      if (marks.length > 0) (v.marks ??= []).push(...marks);
    } else if (key.startsWith('d.')) {
      const marks = marksOf(id, text);
      if (marks.length > 0) (v.drills ??= {})[id] = marks;
    } else {
      const t = value(text);
      if (typeof t === 'string') (v.parameters ??= {})[id] = t;
    }
  }
  return v;
}

const same = (a: Mark, b: Mark) => a.visual === b.visual && a.field === b.field && a.grain === b.grain && a.value === b.value;

/** Marks what was clicked, or takes the mark away. A field of a visual has one mark; with several, more. */
export function toggled(marks: readonly Mark[], m: Mark, several = false): Mark[] {
  if (marks.some((x) => same(x, m))) return marks.filter((x) => !same(x, m));
  return [...marks.filter((x) => (several ? true : x.visual !== m.visual || x.field !== m.field)), m];
}

/** The marks with a place that is clicked, which two marks are together; without it if it is marked. */
export function toggledPlace(marks: readonly Mark[], place: readonly Mark[]): Mark[] {
  const others = marks.filter((x) => !place.some((m) => m.visual === x.visual && m.field === x.field));
  return place.every((m) => marks.some((x) => same(x, m))) ? others : [...others, ...place];
}
