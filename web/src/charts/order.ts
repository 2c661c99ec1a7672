import { type Col, figure, isNumber } from './reading';

/** Rows by a column: numbers by size, texts as people sort them ("a2" before "a10"); null is last both ways. */
export function sorted(rows: readonly number[], c: Col, descending: boolean): number[] {
  const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const sign = descending ? -1 : 1;
  const none = (row: number) => c.values[row] === null || c.values[row] === undefined;
  const compare = isNumber(c)
    ? (a: number, b: number) => (figure(c, a) ?? 0) - (figure(c, b) ?? 0)
    : c.type === 'text'
      ? (a: number, b: number) => words.compare(String(c.values[a]), String(c.values[b]))
      : (a: number, b: number) => (String(c.values[a]) < String(c.values[b]) ? -1 : String(c.values[a]) > String(c.values[b]) ? 1 : 0);
  return rows.toSorted((a, b) => Number(none(a)) - Number(none(b)) || (none(a) ? 0 : sign * compare(a, b)) || a - b);
}
