// A scene is what a chart library needs to draw a visual, and what people are told of it.

import type { EChartsCoreOption } from 'echarts/core';

import type { Mark, Visual } from '../api/dash';
import { type Ink, font } from './ink';
import { type Col, key, type Reading } from './reading';
import type { Picture, Size } from './types';

export interface Line {
  color?: string;
  name: string;
  value: string;
  /** Orders the lines of a tip. */
  n?: number;
}

/** What is told of a point, or of all points at one place of an axis. */
export interface Tip {
  title: string;
  lines: Line[];
}

/** Something that can be pointed at: a datum of a series, and its row in the answer. */
export interface Point {
  series: number;
  index: number;
  row: number;
  /** Which of the row's measures, from 0. */
  value: number;
}

export interface Scene {
  option: EChartsCoreOption;
  /** In the order in which keys go through them: series by series. */
  points: readonly Point[];
  tip: (p: Point) => Tip;
  /** What clicking a point marks, of a place both its degrees; `other` is the second dimension, if there is one. */
  mark: (p: Point, other: boolean) => Mark[];
  /** A tip is about all points at a place of the axis. */
  axis?: boolean;
  /** What a reader must know: what is not drawn, and why. */
  notes: readonly string[];
  map?: boolean;
}

/** What a scene is made from. */
export interface Stage extends Picture {
  reading: Reading;
  ink: Ink;
  size: Size;
  marks: readonly Mark[];
}

/** Why nothing is drawn, in a sentence. */
export class Refusal extends Error {}

/** More marks than these are not told apart, and take long to draw. */
export const mostMarks = 2000;

/** Whether a row is among what is marked in this visual; undefined if nothing is. */
export function marked(visual: Visual, reading: Reading, marks: readonly Mark[]): ((row: number) => boolean) | undefined {
  const byColumn = new Map<Col, Set<string | null>>();
  for (const m of marks) {
    if (m.visual !== visual.id) continue;
    const c = reading.columns.find((c) => !c.measure && c.marks === m.field);
    if (!c) continue;
    const values = byColumn.get(c) ?? new Set();
    values.add(m.value);
    byColumn.set(c, values);
  }
  if (byColumn.size === 0) return undefined;
  const all = [...byColumn];
  return (row) => all.every(([c, values]) => values.has(key(c, row)));
}

/** A mark of a value of a dimension. */
export function markOf(visual: Visual, c: Col | undefined, row: number): Mark | undefined {
  if (!c || c.measure || row < 0) return undefined;
  return { visual: visual.id, field: c.marks, ...(c.grain && { grain: c.grain }), value: key(c, row) };
}

/** Marks of the dimensions that there are. */
export const marksOf = (visual: Visual, columns: readonly (Col | undefined)[], row: number): Mark[] => columns.map((c) => markOf(visual, c, row)).filter((m) => m !== undefined);

/** How much of a mark is left when others are marked. */
export const faint = 0.22;

/** What all charts share: type, quiet axes, no motion. */
export function basics(s: Stage): EChartsCoreOption {
  return {
    animation: false,
    useUTC: true,
    textStyle: { fontFamily: font, fontSize: 11.5, color: s.ink.text },
    tooltip: {
      trigger: 'item', confine: true, transitionDuration: 0, hideDelay: 60, padding: 0, borderWidth: 0, backgroundColor: 'transparent', extraCssText: 'box-shadow:none',
      axisPointer: { lineStyle: { color: s.ink.strong, type: 'solid' }, shadowStyle: { color: s.ink.line, opacity: 0.45 }, label: { show: false }, animation: false },
    },
  };
}

const axisLabel = (ink: Ink) => ({ color: ink.muted, fontSize: 11, fontFamily: font });

/** The axis of figures: hairlines, no line of its own. */
export const valueAxis = (ink: Ink) => ({
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: ink.line, width: 1 } },
  minorSplitLine: { show: false },
  axisLabel: axisLabel(ink),
  nameTextStyle: { color: ink.muted, fontSize: 11, fontFamily: font },
});

/** The axis of categories and times: one line. */
export const baseAxis = (ink: Ink) => ({
  axisLine: { lineStyle: { color: ink.strong, width: 1 }, onZero: true },
  axisTick: { show: false },
  splitLine: { show: false },
  axisLabel: { ...axisLabel(ink), hideOverlap: true },
});

export type LegendPlace = 'none' | 'right' | 'bottom';

/** Where a legend stands: where the author said, else where there is room. */
export const legendPlace = (s: Stage, entries: number): LegendPlace =>
  s.visual.look.legend ?? (entries < 2 ? 'none' : s.size.width >= 520 ? 'right' : 'bottom');

/** A legend of series or slices, and the room that it takes. */
export function legend(s: Stage, names: readonly string[], icon = 'circle'): { option: object; right: number; bottom: number } {
  const place = legendPlace(s, names.length);
  if (place === 'none') return { option: { show: false }, right: 0, bottom: 0 };
  const widest = Math.min(170, Math.max(...names.map((n) => n.length)) * 7 + 34);
  const common = {
    type: 'scroll', icon, itemWidth: 8, itemHeight: 8, itemGap: place === 'right' ? 7 : 14, selectedMode: false, data: [...names], animation: false,
    pageIconSize: 9, pageIconColor: s.ink.muted, pageIconInactiveColor: s.ink.line, pageTextStyle: { color: s.ink.muted, fontSize: 11 },
    textStyle: { color: s.ink.text, fontSize: 11.5, fontFamily: font, width: place === 'right' ? widest - 20 : 150, overflow: 'truncate' },
  };
  return place === 'right'
    ? { option: { ...common, orient: 'vertical', right: 0, top: 8, bottom: 8, width: widest }, right: widest + 14, bottom: 0 }
    : { option: { ...common, orient: 'horizontal', left: 4, right: 4, bottom: 0 }, right: 0, bottom: 24 };
}
