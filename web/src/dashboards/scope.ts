import type { Definition, Sheet, SheetFilter, View, Visual } from '../api/dash';
import { type Address, viewOf } from './view';
import { without } from './without';

// What concerns a visual, of all that is set on its page. Nothing else is sent with its
// question: a change that does not concern it asks nothing again.

/** The filters that apply to a visual: those of its sheet, and those of others that apply everywhere. */
export function filtersFor(d: Definition, s: Sheet, v: Visual): SheetFilter[] {
  return d.sheets.flatMap((of) => (of.filters ?? []).filter((f) => f.data_set === v.data_set && (of.id === s.id ? !f.visuals?.length || f.visuals.includes(v.id) : f.everywhere)));
}

/** All filters that controls of a sheet, or filters of everywhere, can mean. */
export const filtersOn = (d: Definition, s: Sheet): SheetFilter[] => d.sheets.flatMap((of) => (of.filters ?? []).filter((f) => of.id === s.id || f.everywhere));

/** The sheet that an address names, else the first, and its view. */
export function lookedAt(d: Definition, search: Address): { sheet: Sheet; view: View } {
  const sheet = d.sheets.find((s) => s.id === search.sheet) ?? d.sheets[0]!;
  return { sheet, view: viewOf(search, filtersOn(d, sheet).map((f) => without(f, 'data_set'))) };
}

/** What of a view concerns a visual: its filters, what was clicked in others of its data set, and its own drills. */
export function viewFor(d: Definition, s: Sheet, v: Visual, view: View): View {
  const filters = filtersFor(d, s, v);
  const out: View = {};
  const set = (view.filters ?? []).filter((f) => filters.some((x) => x.id === f.id));
  if (set.length > 0) out.filters = set;
  const marks = (view.marks ?? []).filter((m) => m.visual !== v.id && s.visuals.some((o) => o.id === m.visual && o.data_set === v.data_set));
  if (marks.length > 0) out.marks = marks;
  const drills = view.drills?.[v.id];
  if (drills && drills.length > 0) out.drills = { [v.id]: drills };
  if (view.parameters && Object.keys(view.parameters).length > 0) out.parameters = view.parameters;
  return out;
}

/** What of a visual its question depends on: neither its place nor its look. */
export function question(v: Visual): Visual {
  const bare = Object.fromEntries(Object.entries(v.wells ?? {}).map(([name, fields]) => [name, fields.map((f) => without(f, 'label', 'format'))]));
  return { ...without(v, 'title', 'lines', 'text'), wells: bare, look: {}, place: { x: 0, y: 0, w: 1, h: 1 } };
}
