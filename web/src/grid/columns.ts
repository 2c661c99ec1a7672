import type { Column, Row } from '../api/types';

/** Heights and widths of the grid, in CSS pixels. */
export const rowHeight = 28;
export const headHeight = 42;
const narrow = 64;
const wide = 360;
/** Letters are narrower than figures, which are all as wide as the widest. */
const perLetter = 7.6;
const perFigure = 8.5;
const padding = 24;

const numeric = /^(tinyint|smallint|int(eger)?|bigint|real|float|double|decimal)\b/i;

export const isNumeric = (type: string) => numeric.test(type);

/** Widths that fit the names, the types, and the first rows' values. */
export function widths(columns: Column[], sample: Row[]): number[] {
  return columns.map((c, i) => {
    let longest = 0;
    for (const row of sample) longest = Math.max(longest, Math.min(row[i]?.length ?? 4, 60));
    const head = Math.max(c.name.length, c.type.length) * perLetter;
    const values = longest * (isNumeric(c.type) ? perFigure : perLetter);
    return Math.round(Math.min(wide, Math.max(narrow, head + padding, values + padding)));
  });
}

/** The width of the column of row numbers. */
export const numberWidth = (count: number) => Math.max(44, String(count).length * 8 + 20);
