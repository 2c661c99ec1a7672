// An answer by the wells of its visual.

import { type Answer, type AnswerColumn, type Field, type FieldType, type Format, type Grain, type Visual, type WellField, type Value, wells } from '../api/dash';
import { formatFigure, formatValue } from './format';

/** A column of an answer, and the field of the well that asked for it. */
export interface Col {
  /** Number in the answer. */
  index: number;
  field: string;
  /** As marks name it: the field, or a half of a coordinate. */
  marks: string;
  /** As people read it: the label, or the field and what was made of it. */
  title: string;
  type: FieldType;
  grain?: Grain;
  format?: Format;
  measure: boolean;
  aggregation?: WellField['aggregation'];
  /** Width of bins. */
  bin?: number;
  values: readonly Value[];
}

/** A coordinate: two columns of which the first stands in `columns`. */
export interface Reading {
  rows: number;
  /** By the name of the well, in the order of its fields. A coordinate gives two. */
  wells: Readonly<Record<string, readonly Col[]>>;
  /** All columns, in the answer's order. */
  columns: readonly Col[];
  /** What the visual asked for and the answer does not have. */
  missing: readonly string[];
}

const said: Record<string, string> = {
  sum: 'sum', average: 'average', min: 'minimum', max: 'maximum', count: 'count', count_distinct: 'distinct',
  median: 'median', percentile_95: '95th percentile', deviation: 'deviation', variance: 'variance',
};

/** What a field of a well is called beside a chart. */
export function titleOf(f: WellField): string {
  if (f.label) return f.label;
  if (f.field === '*') return 'Rows';
  return f.aggregation && f.aggregation !== 'sum' ? `${f.field} (${said[f.aggregation] ?? f.aggregation})` : f.field;
}

/** Reads an answer: its columns stand in the order of the kind's wells. */
export function read(visual: Visual, answer: Answer): Reading {
  const byWell: Record<string, Col[]> = {};
  const columns: Col[] = [];
  const missing: string[] = [];
  let at = 0;
  const take = (f: WellField, measure: boolean, c: AnswerColumn, title: string): Col => {
    const col: Col = {
      index: at, field: f.field, marks: c.name === `${f.field}.latitude` || c.name === `${f.field}.longitude` ? c.name : f.field, title, type: c.type, grain: f.grain, format: f.format, measure, aggregation: f.aggregation, bin: c.bin, values: c.values,
    };
    at++;
    columns.push(col);
    return col;
  };
  const kinds = wells[visual.kind] ?? [];
  for (const w of kinds) {
    const cols: Col[] = (byWell[w.name] = []);
    for (const f of visual.wells?.[w.name] ?? []) {
      const c = answer.columns[at];
      if (!c) {
        missing.push(titleOf(f));
        continue;
      }
      const pair = w.takes === 'dimension' && c.name === `${f.field}.latitude` ? answer.columns[at + 1] : undefined;
      if (pair) {
        cols.push(take(f, false, c, `${titleOf(f)}, latitude`), take(f, false, pair, `${titleOf(f)}, longitude`));
      } else {
        cols.push(take(f, w.takes === 'measure', c, titleOf(f)));
      }
    }
  }
  // Rows are counted where a visual needs a value and names none.
  const value = kinds.find((w) => w.takes === 'measure')?.name ?? 'count';
  for (let c = answer.columns[at]; c; c = answer.columns[at]) {
    const counted: WellField = { field: '*', aggregation: 'count' };
    (byWell[value] ??= []).push(take(counted, true, c, c.name === '*' ? 'Rows' : c.name));
  }
  return { rows: answer.rows, wells: byWell, columns, missing };
}

/** A cell as people read it. */
export const cell = (c: Col, row: number) =>
  c.measure ? formatFigure(c.values[row], c.type, c.format) : c.bin ? binText(c, row) : formatValue(c.values[row], c.type, c.format, c.grain);

/** A bin by both its ends. */
function binText(c: Col, row: number): string {
  const v = c.values[row];
  if (v === null || v === undefined) return formatValue(null, c.type);
  const low = Number(v);
  return `${formatValue(low, c.type, c.format)} to ${formatValue(binEnd(c, low), c.type, c.format)}`;
}

/** Ends are multiples of the width; floating point would say 0.30000000000000004. */
const binEnd = (c: Col, low: number) => Number((low + c.bin!).toPrecision(12));

/** The number in a cell; undefined of what is null or none. */
export function figure(c: Col | undefined, row: number): number | undefined {
  const v = c?.values[row];
  if (v === null || v === undefined || typeof v === 'boolean' || v === '') return undefined;
  const n = typeof v === 'number' ? v : Number(v);
  return Number.isFinite(n) ? n : undefined;
}

/** A value of a dimension as marks name it: a bin by both its ends, LOW..HIGH. */
export const key = (c: Col, row: number): string | null => {
  const v = c.values[row];
  if (v === null || v === undefined) return null;
  return c.bin ? `${String(v)}..${binEnd(c, Number(v))}` : String(v);
};

export const isTime = (c: Col | undefined) => c?.type === 'date' || c?.type === 'time';
export const isNumber = (c: Col | undefined) => c?.type === 'integer' || c?.type === 'decimal';

/** The fields by their names. */
export const byName = (fields: readonly Field[]) => new Map(fields.map((f) => [f.name, f]));
