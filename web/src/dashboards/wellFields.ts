import { type Visual, type VisualKind, type Well, type WellField, wells } from '../api/dash';
import { measure } from '../charts/suggest';
import { isNumber, isTime, roleOf, type Usable } from './fields';
import { without } from './without';

// What goes into which well, and as what.

export const wellOf = (kind: VisualKind, name: string): Well | undefined => wells[kind].find((w) => w.name === name);

/** Whether a well can take a field. */
export function takes(kind: VisualKind, w: Well, f: Usable): boolean {
  if (f.coordinate) return kind === 'points_on_map' && w.name === 'geospatial';
  if (f.aggregate) return w.takes === 'measure';
  if (kind === 'points_on_map' && w.name === 'geospatial') return f.geo === 'country' || f.geo === 'region';
  if (kind === 'histogram') return isNumber(f);
  return true;
}

/** A field as a well takes it: grouped, or aggregated. */
export function asIn(w: Well, f: Usable): WellField {
  if (w.takes === 'measure') return measure(f);
  return { field: f.name, ...(isTime(f) && { grain: 'day' as const }) };
}

/** Puts a field into a well. A well that is full gives its last one for it. */
export function put(v: Visual, well: string, f: Usable): Visual {
  const w = wellOf(v.kind, well);
  if (!w || !takes(v.kind, w, f)) return v;
  const there = v.wells?.[well] ?? [];
  const next = asIn(w, f);
  if (there.some((x) => x.field === next.field && x.aggregation === next.aggregation && w.takes === 'dimension')) return v;
  const kept = there.slice(0, w.max - 1);
  return { ...v, wells: { ...v.wells, [well]: [...(there.length < w.max ? there : kept), next] } };
}

/** Puts a field where it fits best: into a well for its role with room, then one it can be in, then in place of another. */
export function putAnywhere(v: Visual, f: Usable): Visual {
  const can = wells[v.kind].filter((w) => takes(v.kind, w, f));
  const room = (w: Well) => (v.wells?.[w.name]?.length ?? 0) < w.max;
  const role = roleOf(f);
  const best =
    can.find((w) => w.takes === role && room(w) && (v.wells?.[w.name]?.length ?? 0) < w.min) ??
    can.find((w) => w.takes === role && room(w)) ??
    can.find((w) => w.takes === role) ??
    can.find(room) ??
    can[0];
  return best ? put(v, best.name, f) : v;
}

const withWell = (v: Visual, well: string, fields: WellField[]): Visual => {
  const others = without(v.wells ?? {}, well);
  const next = { ...v, wells: fields.length > 0 ? { ...others, [well]: fields } : others };
  return next.sort && !next.wells[next.sort.well]?.[next.sort.index ?? 0] ? without(next, 'sort') : next;
};

/** Changes a field in a well; with undefined takes it out. */
export const changeAt = (v: Visual, well: string, index: number, f: WellField | undefined): Visual =>
  withWell(v, well, (v.wells?.[well] ?? []).flatMap((x, i) => (i === index ? (f ? [f] : []) : [x])));

/** Moves a field within its well. */
export function shift(v: Visual, well: string, index: number, by: number): Visual {
  const fields = [...(v.wells?.[well] ?? [])];
  const to = index + by;
  if (!fields[index] || to < 0 || to >= fields.length) return v;
  [fields[index], fields[to]] = [fields[to]!, fields[index]];
  return withWell(v, well, fields);
}

/** Moves a field from a well into another. */
export function carry(v: Visual, from: string, index: number, to: string, f: Usable): Visual {
  const next = put(v, to, f);
  return next === v ? v : changeAt(next, from, index, undefined);
}

/** Makes a visual one of another kind, with as many of its fields as that has wells for. */
export function asKind(v: Visual, kind: VisualKind, fields: readonly Usable[]): Visual {
  if (kind === v.kind) return v;
  const known = (f: WellField) => fields.find((k) => k.name === f.field);
  const old = wells[v.kind].flatMap((w) => (v.wells?.[w.name] ?? []).map((field) => ({ field, takes: w.takes, used: false })));
  const next: Record<string, WellField[]> = {};
  const fill = (w: Well, most: number, exact: boolean) => {
    for (const o of old) {
      if ((next[w.name]?.length ?? 0) >= most) return;
      const f = known(o.field);
      if (o.used || (exact && o.takes !== w.takes) || (f && !takes(kind, w, f))) continue;
      if (!f && o.takes !== w.takes) continue;
      o.used = true;
      (next[w.name] ??= []).push(o.takes === w.takes || !f ? o.field : { ...asIn(w, f), ...(o.field.label && { label: o.field.label }) });
    }
  };
  // First what each well must have, then what it can have; a field changes its role only where it must.
  for (const w of wells[kind]) fill(w, w.min, true);
  for (const w of wells[kind]) fill(w, w.max, true);
  for (const w of wells[kind]) fill(w, w.min, false);
  return { ...without(v, 'sort', 'wells'), kind, ...(kind !== 'text' && { wells: next }) };
}

/** Whether there is something to ask for a visual, and all its wells have what they must. */
export function complete(v: Visual): boolean {
  if (v.kind === 'text') return false;
  const count = (w: Well) => v.wells?.[w.name]?.length ?? 0;
  return wells[v.kind].every((w) => count(w) >= w.min) && wells[v.kind].some((w) => count(w) > 0);
}

/** The wells that still must have a field. */
export const missing = (v: Visual): Well[] => wells[v.kind].filter((w) => (v.wells?.[w.name]?.length ?? 0) < w.min);
