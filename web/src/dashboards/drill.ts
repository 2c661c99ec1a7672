import { type Mark, type Visual, wells, type KnownSet } from '../api/dash';
import { without } from './without';

/** Where a visual can be drilled down: its field, what comes below it. */
export interface Step {
  well: string;
  index: number;
  field: string;
  next: string;
}

/** The fields of a visual that have one below them in a hierarchy. */
export function steps(v: Visual, set: KnownSet | undefined): Step[] {
  const out: Step[] = [];
  for (const w of wells[v.kind]) {
    if (w.takes !== 'dimension') continue;
    for (const [index, f] of (v.wells?.[w.name] ?? []).entries()) {
      for (const h of set?.hierarchies ?? []) {
        const next = h.fields[h.fields.indexOf(f.field) + 1];
        if (h.fields.includes(f.field) && next !== undefined) {
          out.push({ well: w.name, index, field: f.field, next });
          break;
        }
      }
    }
  }
  return out;
}

/** The visual as it is drawn after it was drilled down: its field is the one below. */
export function drilled(v: Visual, drills: readonly Mark[] | undefined, set: KnownSet | undefined): Visual {
  let out = v;
  for (const d of drills ?? []) {
    const step = steps(out, set).find((s) => s.field === d.field);
    if (!step) continue;
    const fields = out.wells![step.well]!.map((f, i) => {
      if (i !== step.index) return f;
      return { ...without(f, 'label', 'grain'), field: step.next };
    });
    out = { ...out, wells: { ...out.wells, [step.well]: fields } };
  }
  return out;
}
