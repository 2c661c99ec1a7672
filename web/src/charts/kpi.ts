// A key figure: the value, how it stands to its target, and how it came to be.

import type { Answer, Visual } from '../api/dash';
import { formatNumber, instant } from './format';
import { cell, type Col, figure, isTime, read } from './reading';

export interface KeyFigure {
  title: string;
  value: string;
  /** In full, where the value is shortened. */
  exact: string;
  /** What it is compared with, in words; and whether it is above. */
  comparisons: { text: string; up?: boolean }[];
  /** Of the target, from 0. */
  progress?: number;
  /** The trend, oldest first; undefined where there is none. */
  trend: (number | undefined)[];
  /** Of the value, if there is a trend: "10 Sep 2020". */
  at?: string;
}

const percent = (n: number) => formatNumber(n, { style: 'percent', decimals: Math.abs(n) < 0.1 ? 1 : 0 });

/** A figure as large type shows it: short, unless its format says how. */
function short(c: Col, row: number): string {
  const v = figure(c, row);
  return v !== undefined && !c.format && Math.abs(v) >= 1_000_000 ? formatNumber(v, { style: 'compact', decimals: 2 }) : cell(c, row);
}

export function keyFigure(visual: Visual, answer: Answer): KeyFigure | undefined {
  const reading = read(visual, answer);
  const value = reading.wells.value?.[0];
  if (!value || reading.rows === 0) return undefined;
  const [trend, target] = [reading.wells.trend?.[0], reading.wells.target?.[0]];
  let rows = Array.from({ length: reading.rows }, (_, i) => i);
  if (trend && isTime(trend)) rows = rows.filter((r) => instant(trend.values[r]) !== undefined).toSorted((a, b) => instant(trend.values[a])! - instant(trend.values[b])!);
  const last = trend ? (rows.at(-1) ?? 0) : 0;
  const now = figure(value, last);
  const comparisons: KeyFigure['comparisons'] = [];
  let progress: number | undefined;
  const goal = figure(target, last);
  if (target && goal !== undefined && now !== undefined) {
    if (goal > 0) progress = now / goal;
    comparisons.push({ text: goal === 0 ? `target ${cell(target, last)}` : `${percent(now / goal)} of ${cell(target, last)}` });
  }
  if (trend && rows.length > 1) {
    const before = rows.at(-2)!;
    const was = figure(value, before);
    if (was !== undefined && now !== undefined && was !== 0) {
      const change = (now - was) / Math.abs(was);
      comparisons.push({ text: change === 0 ? `as on ${cell(trend, before)}` : `${percent(Math.abs(change))} ${change > 0 ? 'above' : 'below'} ${cell(trend, before)}`, up: change === 0 ? undefined : change > 0 });
    }
  }
  return {
    title: value.title, value: short(value, last), exact: cell(value, last), comparisons, progress,
    trend: trend && rows.length > 1 ? rows.map((r) => figure(value, r)) : [],
    at: trend ? cell(trend, last) : undefined,
  };
}

/** A path of a trend in a box; gaps stay gaps. */
export function sparkline(values: readonly (number | undefined)[], width: number, height: number): { line: string; end?: [number, number] } {
  const known = values.filter((v) => v !== undefined);
  const [min, max] = [known.reduce((a, b) => Math.min(a, b), Infinity), known.reduce((a, b) => Math.max(a, b), -Infinity)];
  const y = (v: number) => (max > min ? height - ((v - min) / (max - min)) * height : height / 2);
  const x = (i: number) => (values.length > 1 ? (i / (values.length - 1)) * width : width / 2);
  let line = '';
  let pen = false;
  let end: [number, number] | undefined;
  values.forEach((v, i) => {
    if (v === undefined) pen = false;
    else {
      line += `${pen ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
      pen = true;
      end = [x(i), y(v)];
    }
  });
  return { line, end };
}
