import type { UseQueryOptions } from '@tanstack/react-query';

import type { Chosen } from '../api/dashboards';
import type { Answer, Definition, Field, Mark, Sheet, View, Visual, KnownSet } from '../api/dash';
import type { Colors } from '../charts';

/** A sheet of visuals as it is looked at, whether on a dashboard or while it is edited. */
export interface Board {
  definition: Definition;
  sheet: Sheet;
  sets: readonly KnownSet[];
  view: View;
  colors: Colors;
  /** How a visual's answer is asked for. */
  question: (v: Visual, view: View) => UseQueryOptions<Answer, Error, Answer, readonly unknown[]>;
  /** All rows of a visual as CSV, where the server writes it. */
  csv?: (v: Visual, view: View) => Promise<string>;
  /** How a viewer asks which values a control offers that contain a text. */
  values?: (control: string, search: string) => UseQueryOptions<Chosen, Error, Chosen, readonly unknown[]>;
  /** Whether the data sets can be asked other questions too, as those who edit can. */
  mayAsk?: boolean;
  onView: (next: View, step: boolean) => void;
  /** Visuals that are shown as tables. */
  tables: ReadonlySet<string>;
  onTable: (visual: string) => void;
  onSQL: (visual: string) => void;
}

export const setOf = (b: Pick<Board, 'sets'>, v: { data_set?: string }) => b.sets.find((s) => s.id === v.data_set);

/** The fields that a visual can name: its data set's, and the analysis's over it. */
export function fieldsOf(b: Pick<Board, 'sets' | 'definition'>, dataSet: string | undefined): Field[] {
  return [...(b.sets.find((s) => s.id === dataSet)?.fields ?? []), ...(b.definition.calculated ?? []).filter((f) => f.data_set === dataSet)];
}

/** Drills a visual down into a mark, which stops filtering the others. */
export function into(view: View, m: Mark): View {
  return {
    ...view,
    marks: (view.marks ?? []).filter((x) => x.visual !== m.visual),
    drills: { ...view.drills, [m.visual]: [...(view.drills?.[m.visual] ?? []), m] },
  };
}

/** Goes back up to the nth level of a visual. */
export function up(view: View, visual: string, level: number): View {
  const rest = (view.drills?.[visual] ?? []).slice(0, level);
  return { ...view, marks: (view.marks ?? []).filter((x) => x.visual !== visual), drills: { ...view.drills, [visual]: rest } };
}
