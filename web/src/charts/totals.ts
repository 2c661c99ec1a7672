// What of many rows can be made one without asking again.

import type { Col } from './reading';
import { figure } from './reading';

/** Sums and counts add up; a least and a most are the least and the most of theirs; nothing else is. */
export const additive = (c: Col) => c.measure && (c.aggregation === 'sum' || c.aggregation === 'count');

/** The value of rows together; undefined where it cannot be told, null where there is none. */
export function total(c: Col, rows: Iterable<number>): number | null | undefined {
  if (!c.measure || !(additive(c) || c.aggregation === 'min' || c.aggregation === 'max')) return undefined;
  if (c.type !== 'integer' && c.type !== 'decimal') return undefined;
  let all: number | null = null;
  for (const row of rows) {
    const v = figure(c, row);
    if (v === undefined) continue;
    if (c.type === 'integer' && !Number.isSafeInteger(v)) return undefined;
    if (all === null) all = v;
    else if (c.aggregation === 'min') all = Math.min(all, v);
    else if (c.aggregation === 'max') all = Math.max(all, v);
    else all += v;
  }
  return c.type === 'integer' && all !== null && !Number.isSafeInteger(all) ? undefined : all;
}
