// A pivot table: groups of rows down, groups of columns across, values where they meet.

import type { Answer, Mark, Value, Visual } from '../api/dash';
import { formatFigure } from './format';
import { cell, type Col, key, read, type Reading } from './reading';
import { markOf } from './scene';
import { additive, total } from './totals';

export interface Head {
  text: string;
  mark?: Mark;
  /** Columns that it stands over. */
  span: number;
}

export interface PivotRow {
  /** The row's own headers, one for each field of rows; undefined where it is the one above. */
  heads: ({ text: string; mark?: Mark } | undefined)[];
  cells: string[];
  /** A subtotal of the first field, or the total of all. */
  kind: 'row' | 'subtotal' | 'total';
  /** Rows of the answer. */
  from: number[];
}

export interface Pivot {
  reading: Reading;
  rowFields: readonly Col[];
  /** Headers across, one list for each field of columns, and one for the values if there are several. */
  across: Head[][];
  rows: PivotRow[];
  /** Columns left out. */
  cut: number;
}

export const mostColumns = 100;

const joined = (cols: readonly Col[], row: number) => JSON.stringify(cols.map((c) => key(c, row)));

export function pivot(visual: Visual, answer: Answer): Pivot {
  const reading = read(visual, answer);
  const rowFields = reading.wells.rows ?? [];
  const columnFields = reading.wells.columns ?? [];
  const values = reading.wells.value ?? [];

  /** Groups in the order in which their parts come first, so that equal heads stand together. */
  const groups = (cols: readonly Col[]) => {
    const rank = cols.map(() => new Map<string | null, number>());
    const all = new Map<string, number[]>();
    for (let row = 0; row < reading.rows; row++) {
      cols.forEach((c, i) => {
        const k = key(c, row);
        if (!rank[i]!.has(k)) rank[i]!.set(k, rank[i]!.size);
      });
      const k = joined(cols, row);
      const rows = all.get(k);
      if (rows) rows.push(row);
      else all.set(k, [row]);
    }
    const list = [...all].map(([k, rows]) => ({ k, rows, ranks: cols.map((c, i) => (c.type === 'date' || c.type === 'time' ? 0 : rank[i]!.get(key(c, rows[0]!))!)) }));
    return list.toSorted((a, b) => {
      for (let i = 0; i < cols.length; i++) {
        const c = cols[i]!;
        if (c.type === 'date' || c.type === 'time') {
          const [x, y] = [key(c, a.rows[0]!), key(c, b.rows[0]!)];
          if (x !== y) return x === null ? 1 : y === null ? -1 : x < y ? -1 : 1;
        } else if (a.ranks[i] !== b.ranks[i]) return a.ranks[i]! - b.ranks[i]!;
      }
      return 0;
    });
  };
  const down = groups(rowFields);
  const allAcross = groups(columnFields);
  const perGroup = Math.max(1, values.length);
  const shown = allAcross.slice(0, Math.max(1, Math.floor(mostColumns / perGroup)));
  const whole = answer.more !== true;
  // A total across is a further group of columns, of those values that add up.
  const adding = columnFields.length > 0 && allAcross.length > 1 && whole ? values.filter(additive) : [];

  const at = new Map<string, number>();
  for (let row = 0; row < reading.rows; row++) at.set(`${joined(rowFields, row)} ${joined(columnFields, row)}`, row);

  const across: Head[][] = columnFields.map((c, i) => {
    const heads: Head[] = [];
    let before: string | undefined;
    for (const g of shown) {
      const k = JSON.stringify(columnFields.slice(0, i + 1).map((c) => key(c, g.rows[0]!)));
      if (k === before) heads.at(-1)!.span += perGroup;
      else heads.push({ text: cell(c, g.rows[0]!), mark: markOf(visual, c, g.rows[0]!), span: perGroup });
      before = k;
    }
    if (adding.length) heads.push({ text: i === 0 ? 'Total' : '', span: adding.length });
    return heads;
  });
  if (values.length > 1 || columnFields.length === 0) {
    across.push([...shown.flatMap(() => values.map((v): Head => ({ text: v.title, span: 1 }))), ...adding.map((v): Head => ({ text: v.title, span: 1 }))]);
  }

  const figureOf = (v: Col, n: Value | undefined) => (n === undefined ? '' : formatFigure(n, v.type, v.format));
  /** Cells of rows that are one: exact where one row is, else where it adds up. */
  const together = (rows: readonly number[]): string[] => {
    const byGroup = new Map<string, number[]>();
    for (const row of rows) {
      const k = joined(columnFields, row);
      const list = byGroup.get(k);
      if (list) list.push(row);
      else byGroup.set(k, [row]);
    }
    return [
      ...shown.flatMap((g) => values.map((v) => (byGroup.has(g.k) ? figureOf(v, total(v, byGroup.get(g.k)!)) : ''))),
      ...adding.map((v) => figureOf(v, total(v, rows))),
    ];
  };

  const rows: PivotRow[] = [];
  const totals = whole && values.some(additive);
  const sub = totals && rowFields.length > 1;
  let block: { first: string | null; rows: number[]; count: number } | undefined;
  const close = () => {
    if (sub && block && block.count > 1) {
      rows.push({ heads: rowFields.map((c, i) => (i === 0 ? { text: `${cell(c, block!.rows[0]!)} total` } : { text: '' })), cells: together(block.rows), kind: 'subtotal', from: block.rows });
    }
  };
  let before: readonly (string | null)[] = [];
  for (const g of down) {
    const row = g.rows[0]!;
    const keys = rowFields.map((c) => key(c, row));
    const first = keys[0] ?? null;
    if (!block || block.first !== first) {
      close();
      block = { first, rows: [], count: 0 };
    }
    block.rows.push(...g.rows);
    block.count++;
    let same = before.length > 0;
    const heads = rowFields.map((c, i) => {
      same &&= keys[i] === before[i];
      return same && i < rowFields.length - 1 ? undefined : { text: cell(c, row), mark: markOf(visual, c, row) };
    });
    before = keys;
    const cells = shown.flatMap((c) => {
      const r = at.get(`${g.k} ${c.k}`);
      return values.map((v) => (r === undefined ? '' : figureOf(v, v.values[r] ?? null)));
    });
    rows.push({ heads, cells: [...cells, ...adding.map((v) => figureOf(v, total(v, g.rows)))], kind: 'row', from: g.rows });
  }
  close();
  if (totals && down.length > 1) {
    rows.push({ heads: rowFields.map((_, i) => ({ text: i === 0 ? 'Total' : '' })), cells: together(Array.from({ length: reading.rows }, (_, i) => i)), kind: 'total', from: [] });
  }
  return { reading, rowFields, across, rows, cut: allAcross.length - shown.length };
}
