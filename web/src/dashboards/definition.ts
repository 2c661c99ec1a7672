import type { AnalysisField, Control, Definition, Sheet, SheetFilter, Visual, VisualKind } from '../api/dash';
import { free, inOrder, settled } from './layout';
import { without } from './without';

// Changes of a definition. Each returns a new one, and leaves what it does not change as it is.

/** A short name for a new thing, as good as unique within a definition. */
export function newID(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32, so that each is as likely
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => alphabet[b % 32]).join('');
}

const sizes: Partial<Record<VisualKind, [number, number]>> = { kpi: [3, 3], text: [12, 2], points_on_map: [7, 9], filled_map: [7, 9] };

export function begin(dataSet: string): Definition {
  const sheet: Sheet = { id: newID(), name: 'Sheet 1', visuals: [] };
  const d: Definition = { data_sets: [dataSet], sheets: [sheet] };
  // The first has the sheet to itself.
  return withVisual(d, sheet.id, { ...newVisual(sheet, dataSet, 'table'), place: { x: 0, y: 0, w: 12, h: 9 } });
}

export function newVisual(s: Sheet, dataSet: string | undefined, kind: VisualKind): Visual {
  const [w, h] = sizes[kind] ?? [6, 7];
  return { id: newID(), kind, ...(dataSet !== undefined && kind !== 'text' && { data_set: dataSet }), look: {}, place: free(s.visuals, w, h) };
}

export const changeSheet = (d: Definition, sheet: string, f: (s: Sheet) => Sheet): Definition => ({ ...d, sheets: d.sheets.map((s) => (s.id === sheet ? f(s) : s)) });

export const withVisual = (d: Definition, sheet: string, v: Visual): Definition => {
  const next = changeSheet(d, sheet, (s) => ({ ...s, visuals: [...s.visuals, v] }));
  return v.data_set && !d.data_sets.includes(v.data_set) ? { ...next, data_sets: [...d.data_sets, v.data_set] } : next;
};

export const changeVisual = (d: Definition, sheet: string, id: string, f: (v: Visual) => Visual): Definition =>
  changeSheet(d, sheet, (s) => ({ ...s, visuals: s.visuals.map((v) => (v.id === id ? f(v) : v)) }));

export const withoutVisual = (d: Definition, sheet: string, id: string): Definition =>
  changeSheet(d, sheet, (s) => ({
    ...s,
    visuals: settled(s.visuals.filter((v) => v.id !== id)),
    // A filter of this visual alone has nothing left to filter; without it, it would filter all.
    filters: (s.filters ?? []).filter((f) => f.visuals?.length !== 1 || f.visuals[0] !== id).map((f) => (f.visuals ? { ...f, visuals: f.visuals.filter((v) => v !== id) } : f)),
  }));

export function copyOf(s: Sheet, v: Visual): Visual {
  return { ...v, id: newID(), place: free(s.visuals, v.place.w, v.place.h) };
}

export function withSheet(d: Definition): { definition: Definition; sheet: Sheet } {
  const names = new Set(d.sheets.map((s) => s.name));
  let n = d.sheets.length + 1;
  while (names.has(`Sheet ${n}`)) n++;
  const sheet: Sheet = { id: newID(), name: `Sheet ${n}`, visuals: [] };
  return { definition: { ...d, sheets: [...d.sheets, sheet] }, sheet };
}

export const withoutSheet = (d: Definition, id: string): Definition => (d.sheets.length > 1 ? { ...d, sheets: d.sheets.filter((s) => s.id !== id) } : d);

export const withFilter = (d: Definition, sheet: string, f: SheetFilter): Definition => changeSheet(d, sheet, (s) => ({ ...s, filters: [...(s.filters ?? []), f] }));

export const changeFilter = (d: Definition, sheet: string, id: string, f: SheetFilter): Definition =>
  changeSheet(d, sheet, (s) => ({ ...s, filters: (s.filters ?? []).map((x) => (x.id === id ? f : x)) }));

/** Takes a filter away, and the controls that set it. */
export const withoutFilter = (d: Definition, sheet: string, id: string): Definition => {
  const next = changeSheet(d, sheet, (s) => ({ ...s, filters: (s.filters ?? []).filter((x) => x.id !== id) }));
  return { ...next, sheets: next.sheets.map((s) => (s.controls?.some((c) => c.filter === id) ? { ...s, controls: s.controls.filter((c) => c.filter !== id) } : s)) };
};

export const withControl = (d: Definition, sheet: string, c: Control): Definition => changeSheet(d, sheet, (s) => ({ ...s, controls: [...(s.controls ?? []), c] }));
export const withoutControl = (d: Definition, sheet: string, id: string): Definition => changeSheet(d, sheet, (s) => ({ ...s, controls: (s.controls ?? []).filter((c) => c.id !== id) }));

/** Adds a calculated field of the analysis, or changes the one of this name. */
export const withField = (d: Definition, f: AnalysisField, old?: string): Definition => {
  const others = (d.calculated ?? []).filter((c) => c.data_set !== f.data_set || (c.name !== f.name && c.name !== old));
  return { ...d, calculated: [...others, f] };
};
export const withoutField = (d: Definition, f: AnalysisField): Definition => ({ ...d, calculated: (d.calculated ?? []).filter((c) => c.data_set !== f.data_set || c.name !== f.name) });

/** Gives a value a colour, or with undefined the one it has by itself. */
export function withColor(d: Definition, field: string, value: string, color: string | undefined): Definition {
  const rest = without(d.colors?.[field] ?? {}, value);
  const of = color === undefined ? rest : { ...rest, [value]: color };
  const others = without(d.colors ?? {}, field);
  const colors = Object.keys(of).length > 0 ? { ...others, [field]: of } : others;
  return { ...d, colors };
}

/** As text, in which the order of keys does not count: the server has one of its own. */
const canonical = (x: unknown): string => JSON.stringify(x, (_, v: unknown) => (v !== null && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1))) : v));

/** Visuals that differ between two definitions, in words: for two who edited at once. */
export function differences(mine: Definition, theirs: Definition, title: (v: Visual) => string): string[] {
  const all = (d: Definition) => d.sheets.flatMap((s) => inOrder(s.visuals).map((v) => ({ sheet: s, v })));
  const a = new Map(all(mine).map((x) => [x.v.id, x]));
  const b = new Map(all(theirs).map((x) => [x.v.id, x]));
  const out: string[] = [];
  for (const [id, x] of a) {
    const y = b.get(id);
    if (!y) out.push(`only yours has “${title(x.v)}”`);
    else if (canonical(x.v) !== canonical(y.v)) out.push(`“${title(y.v)}” differs`);
  }
  for (const [id, y] of b) if (!a.has(id)) out.push(`only theirs has “${title(y.v)}”`);
  const around = (d: Definition) => canonical({ ...d, sheets: d.sheets.map((s) => ({ ...s, visuals: [] })) });
  if (around(mine) !== around(theirs)) out.push('sheets, filters, controls, fields or colours differ');
  return out;
}
