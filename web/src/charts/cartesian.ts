// Lines, areas and bars.

import { measureColor } from './colors';
import { formatFigure, formatTick, formatValue, instant, noValue } from './format';
import { font } from './ink';
import { cell, type Col, figure, isNumber, isTime, key } from './reading';
import { basics, baseAxis, faint, legend, marked, marksOf, mostMarks, Refusal, type Line, type Point, type Scene, type Stage, valueAxis } from './scene';
import { buckets, gapOf } from './time';

/** More lines than these are a thicket. */
const mostSeries = 50;
const mostBars = 500;
/** So many lines are named at their ends, and need no legend. */
const mostEnds = 9;

interface Series {
  name: string;
  color: string;
  /** Number among the measures. */
  measure: number;
  col: Col;
  /** Row of the answer by position on the x axis. */
  rows: Map<number, number>;
  dimmed: boolean;
  weight: number;
}

interface Position {
  text: string;
  /** On an axis of times or numbers. */
  at?: number;
}

const isAdditive = (c: Col) => c.aggregation === 'sum' || c.aggregation === 'count';

export function cartesian(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const { look, kind } = visual;
  const x = reading.wells.x?.[0];
  const color = reading.wells.color?.[0];
  const values = reading.wells.value ?? [];
  if (!x) throw new Refusal('Choose a field for the axis.');
  if (values.length === 0) throw new Refusal('Choose a field for the value.');
  const notes: string[] = [];
  const bar = kind === 'bar';
  const numeric = isTime(x) ? 'time' : isNumber(x) && !bar ? 'value' : undefined;
  const isMarked = marked(visual, reading, s.marks);

  // Positions on the axis, in the answer's order unless they have one of their own.
  const places = new Map<string | null, number>();
  let positions: Position[] = [];
  const placeOfRow: number[] = [];
  let strays = 0;
  for (let row = 0; row < reading.rows; row++) {
    const k = key(x, row);
    let place = places.get(k);
    if (place === undefined) {
      const at = numeric === 'time' ? instant(x.values[row]) : numeric === 'value' ? figure(x, row) : undefined;
      if (numeric && at === undefined) {
        strays++;
        placeOfRow.push(-1);
        continue;
      }
      const others = visual.others && k === null && row === reading.rows - 1 && s.answer.more !== false;
      place = positions.push({ text: others ? 'Others' : cell(x, row), at }) - 1;
      places.set(k, place);
    }
    placeOfRow.push(place);
  }
  if (strays) notes.push(`${strays.toLocaleString('en')} ${strays === 1 ? 'row has' : 'rows have'} no ${x.title} and ${strays === 1 ? 'is' : 'are'} not drawn.`);

  // Sorted, with what is missing between them where bars would hide it.
  let order = positions.map((_, i) => i);
  if (numeric) order.sort((a, b) => positions[a]!.at! - positions[b]!.at!);
  if (bar && numeric === 'time' && visual.sort?.well !== 'value') {
    const sorted = order.map((i) => positions[i]!.at!);
    const byTime = new Map(order.map((i) => [positions[i]!.at!, i]));
    order = buckets(sorted, x.grain ?? 'day', mostBars).map((at) => {
      const known = byTime.get(at);
      if (known !== undefined) return known;
      return positions.push({ text: formatValue(new Date(at).toISOString(), x.type, x.format, x.grain), at }) - 1;
    });
  } else if (bar && numeric === 'time') {
    order = positions.map((_, i) => i);
  }
  if (bar && order.length > mostBars) {
    notes.push(`Shows the first ${mostBars} of ${order.length.toLocaleString('en')} bars.`);
    order = order.slice(0, mostBars);
  }
  const newPlace = new Map(order.map((old, i) => [old, i]));
  positions = order.map((i) => positions[i]!);

  // Series by colour, or by measure.
  let series: Series[] = [];
  const byName = new Map<string, Series>();
  for (let row = 0; row < reading.rows; row++) {
    const place = newPlace.get(placeOfRow[row]!);
    if (place === undefined) continue;
    for (let m = 0; m < values.length; m++) {
      const k = color ? key(color, row) : null;
      const id = `${m}:${color ? (k === null ? 'null' : `=${k}`) : ''}`;
      let one = byName.get(id);
      if (!one) {
        const of = color ? cell(color, row) : values[m]!.title;
        one = {
          name: color && values.length > 1 ? `${of}, ${values[m]!.title}` : of,
          color: color ? s.colors.of(color.field, k, s.scheme) : measureColor(m, s.scheme),
          measure: m, col: values[m]!, rows: new Map(), dimmed: false, weight: 0,
        };
        byName.set(id, one);
        series.push(one);
      }
      one.rows.set(place, row);
      one.weight = Math.max(one.weight, Math.abs(figure(values[m], row) ?? 0));
    }
  }
  if (series.length > mostSeries) {
    const kept = new Set(series.toSorted((a, b) => b.weight - a.weight).slice(0, mostSeries));
    notes.push(`Shows ${mostSeries} of ${series.length.toLocaleString('en')} ${bar ? 'groups' : 'lines'}: those that reach highest.`);
    series = series.filter((one) => kept.has(one));
  }
  if (bar && series.length * positions.length > mostMarks) {
    const most = Math.max(1, Math.floor(mostMarks / series.length));
    notes.push(`Shows the first ${most.toLocaleString('en')} of ${positions.length.toLocaleString('en')} groups of bars.`);
    positions = positions.slice(0, most);
  }
  if (isMarked) for (const one of series) one.dimmed = ![...one.rows.values()].some(isMarked);

  const stacked = kind === 'area' ? (look.stack ?? (series.length > 1 && values.every(isAdditive) ? 'stacked' : undefined)) : bar ? look.stack : undefined;
  const share = stacked === 'share';
  const log = look.log === true && !stacked;
  const sums = positions.map((_, place) => series.reduce((n, one) => n + Math.abs(one.rows.has(place) ? (figure(one.col, one.rows.get(place)!) ?? 0) : 0), 0));

  // Data of each series with the rows that they stand for; a gap stands for none.
  let low = 0;
  const gap = !bar && numeric === 'time' && (x.grain !== undefined || x.type === 'date') ? gapOf(positions.map((p) => p.at!)) : undefined;
  const points: Point[] = [];
  const drawn = series.map((one, number) => {
    const data: unknown[] = [];
    let before: number | undefined;
    for (let place = 0; place < positions.length; place++) {
      const row = one.rows.get(place);
      const at = positions[place]!.at;
      if (row === undefined && !bar && !stacked && numeric) continue;
      let v = row === undefined ? undefined : figure(one.col, row);
      if (v !== undefined && log && v <= 0) {
        low++;
        v = undefined;
      }
      if (v !== undefined && share) v = sums[place]! > 0 ? v / sums[place]! : undefined;
      if (gap !== undefined && before !== undefined && at! - before > gap && !stacked) data.push([(at! + before) / 2, null]);
      before = at;
      const y = v ?? null;
      const item = bar && isMarked && row !== undefined && !isMarked(row) ? { itemStyle: { opacity: faint } } : undefined;
      const value = bar ? y : numeric ? [at, y] : y;
      if (row !== undefined && v !== undefined) points.push({ series: number, index: data.length, row, value: one.measure });
      data.push(item ? { value, ...item } : value);
    }
    return data;
  });
  if (low) notes.push(`${low.toLocaleString('en')} ${low === 1 ? 'value is' : 'values are'} not above 0 and cannot stand on a logarithmic axis.`);
  if (points.length === 0) throw new Refusal('There are no values to draw.');

  const first = values[0]!;
  const tick = share ? (n: number) => formatTick(n, { style: 'percent' }) : (n: number) => formatTick(n, first.format);
  const across = bar && look.horizontal === true;
  const names = series.map((one) => one.name);
  // Lines are named where they end, which needs no looking up.
  const ends = kind === 'line' && look.legend === undefined && series.length > 1 && series.length <= mostEnds && s.size.width >= 420;
  const side = ends ? { option: { show: false }, right: Math.min(150, Math.max(...names.map((n) => n.length)) * 6.6 + 16), bottom: 0 } : legend(s, names, bar ? 'roundRect' : 'circle');
  const dense = points.length / series.length > Math.max(20, s.size.width / 14);

  const base = {
    ...baseAxis(ink),
    ...(numeric && !bar
      ? {
          type: numeric,
          ...(numeric === 'time' ? { axisLabel: { ...baseAxis(ink).axisLabel, formatter: timeLabels } } : { scale: true, axisLabel: { ...baseAxis(ink).axisLabel, formatter: (n: number) => formatTick(n, x.format) } }),
          splitNumber: Math.max(2, Math.round(s.size.width / 110)),
          ...(numeric === 'time' && { minInterval: minimum(x) }),
        }
      : { type: 'category', data: positions.map((p) => p.text), boundaryGap: bar, axisLabel: categoryLabels(s, positions, across, side.right) }),
    ...(across && { inverse: true }),
  };
  const named = values.length === 1 ? (share ? `Share of ${first.title}` : first.title) : '';
  const figures = {
    ...valueAxis(ink),
    type: log ? 'log' : 'value',
    ...(share && { max: 1 }),
    axisLabel: { ...valueAxis(ink).axisLabel, formatter: tick },
    splitNumber: Math.max(2, Math.round((across ? s.size.width : s.size.height) / (across ? 110 : 60))),
    ...(named && !across && { name: named, nameLocation: 'end', nameGap: 10, nameTextStyle: { ...valueAxis(ink).nameTextStyle, align: 'left', padding: [0, 0, 0, 0] } }),
    ...(named && across && { name: named, nameLocation: 'middle', nameGap: 26 }),
  };

  const lines = share ? [] : references(s, first);
  const shift = ends && !log ? endShifts(s, series, drawn, named ? 26 : 10, figures.splitNumber) : undefined;
  return {
    option: {
      ...basics(s),
      tooltip: { ...(basics(s).tooltip as object), trigger: 'axis', axisPointer: { ...((basics(s).tooltip as { axisPointer: object }).axisPointer), type: bar ? 'shadow' : 'line', axis: across ? 'y' : 'x' } },
      legend: side.option,
      grid: { left: 2, right: side.right + (across ? 14 : 8), top: named && !across ? 26 : 10, bottom: side.bottom + (named && across ? 26 : 2), outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      xAxis: across ? figures : base,
      yAxis: across ? base : { ...figures, ...shift?.axis },
      series: series.map((one, number) => ({
        id: `s${number}`,
        name: one.name,
        type: bar ? 'bar' : 'line',
        color: one.color,
        data: drawn[number],
        ...(stacked && { stack: values.length > 1 && color ? `m${one.measure}` : 'all', stackStrategy: 'samesign' }),
        emphasis: { focus: 'none', scale: false },
        cursor: 'pointer',
        ...(bar
          ? { barMaxWidth: across ? 22 : 44, barCategoryGap: positions.length > 60 ? '8%' : '28%', barGap: '8%', itemStyle: { borderRadius: stacked ? 0 : across ? [0, 2, 2, 0] : [2, 2, 0, 0], ...(stacked && { borderColor: ink.surface, borderWidth: 0.5 }) } }
          : {
              symbol: 'circle', symbolSize: 5, showSymbol: !dense, connectNulls: false, triggerEvent: true, sampling: (drawn[number]?.length ?? 0) > mostMarks ? 'lttb' : undefined,
              lineStyle: { width: 1.75, opacity: one.dimmed ? faint : 1, join: 'round' },
              itemStyle: { opacity: one.dimmed ? faint : 1 },
              ...(kind === 'area' && { areaStyle: { opacity: one.dimmed ? 0.06 : stacked ? 0.62 : 0.16 }, lineStyle: { width: stacked ? 1 : 1.75, opacity: one.dimmed ? faint : 1 } }),
              ...(ends && { endLabel: { show: true, formatter: () => one.name, color: one.dimmed ? ink.muted : one.color, fontSize: 11.5, fontFamily: font, distance: 6, offset: [0, shift?.by[number] ?? 0], width: side.right - 8, overflow: 'truncate' } }),
            }),
        ...(look.labels && {
          label: {
            show: true, position: bar ? (stacked ? 'inside' : across ? 'right' : 'top') : 'top', color: stacked && bar ? undefined : ink.muted, fontSize: 10.5,
            formatter: (p: { value: unknown }) => labelText(p.value, share ? { style: 'percent', decimals: 0 } : one.col.format, one.col),
          },
        }),
        ...(!ends && { labelLayout: { hideOverlap: true } }),
        ...(number === 0 && lines.length > 0 && { markLine: markLines(s, lines, across) }),
      })),
    },
    points,
    axis: true,
    tip: (p) => {
      const one = series[p.series]!;
      const v = figure(values[p.value], p.row);
      const place = newPlace.get(placeOfRow[p.row]!)!;
      const of = share && v !== undefined && sums[place]! > 0 ? ` · ${formatValue(v / sums[place]!, 'decimal', { style: 'percent', decimals: 1 })}` : '';
      const line: Line = { color: one.color, name: one.name, value: formatFigure(v === undefined ? null : values[p.value]!.values[p.row], one.col.type, one.col.format) + of, n: v };
      return { title: positions[place]?.text ?? noValue, lines: [line] };
    },
    // A line is its colour's; a bar is its place's.
    mark: (p, other) => {
      const [one, two] = bar || !color ? [x, color] : [color, x];
      return marksOf(visual, [other ? (two ?? one) : one], p.row);
    },
    notes,
  };
}


/** The height of a line's name. */
const nameHeight = 14;

/**
 * How far the names at the ends of lines are moved so that they do not lie on one another, and
 * the axis that this is reckoned with.
 */
function endShifts(s: Stage, series: readonly Series[], drawn: readonly (readonly unknown[])[], top: number, ticks: number) {
  const known = s.reading.wells.value!.flatMap((c) => Array.from({ length: s.reading.rows }, (_, row) => figure(c, row)).filter((v) => v !== undefined));
  const fixed = (s.visual.lines ?? []).flatMap((l) => (l.value === undefined ? [] : [l.value]));
  const axis = roundScale(Math.min(0, ...fixed, known.reduce((a, b) => Math.min(a, b), Infinity)), Math.max(0, ...fixed, known.reduce((a, b) => Math.max(a, b), -Infinity)), ticks);
  const height = s.size.height - top - 22;
  const at = (v: number) => ((axis.max - v) / (axis.max - axis.min || 1)) * height;
  const names = series.map((_, n) => {
    const last = (drawn[n] ?? []).findLast((d) => (Array.isArray(d) ? d[1] : d) !== null) as number | [number, number] | undefined;
    return { n, y: at((Array.isArray(last) ? last[1] : last) ?? 0) };
  });
  const places = spread(names.map((x) => x.y), nameHeight, -4, height + 4);
  return { axis, by: names.map((x, i) => places[i]! - x.y) };
}

/** Round ends and steps of an axis of about so many steps. */
export function roundScale(low: number, high: number, steps: number): { min: number; max: number; interval: number } {
  const width = (high > low ? high - low : Math.abs(high) || 1) / Math.max(1, steps);
  const power = 10 ** Math.floor(Math.log10(width));
  const interval = Number(([1, 2, 2.5, 5, 10].find((m) => m * power >= width * 0.999) ?? 10) * power);
  const round = (n: number) => Number(n.toPrecision(12));
  return { min: round(Math.floor(low / interval + 1e-9) * interval), max: round(Math.max(Math.ceil(high / interval - 1e-9), Math.floor(low / interval + 1e-9) + 1) * interval), interval: round(interval) };
}

/** Moves what lies at these places as little as is needed for each to have its room. */
export function spread(places: readonly number[], room: number, low: number, high: number): number[] {
  const order = places.map((y, i) => ({ i, y })).toSorted((a, b) => a.y - b.y);
  // Groups of neighbours that touch share the middle of where they wish to be.
  const groups: { members: number[]; wish: number; start: number }[] = [];
  for (const { i, y } of order) {
    let group = { members: [i], wish: y, start: Math.max(low, Math.min(high, y)) };
    for (let above = groups.at(-1); above && above.start + above.members.length * room > group.start; above = groups.at(-1)) {
      groups.pop();
      // The wish of a group is that of its first member, if each other follows at its place.
      const wish = (above.wish * above.members.length + (group.wish - above.members.length * room) * group.members.length) / (above.members.length + group.members.length);
      const members = [...above.members, ...group.members];
      group = { members, wish, start: Math.max(low, Math.min(high - (members.length - 1) * room, wish)) };
    }
    groups.push(group);
  }
  const out: number[] = [];
  for (const g of groups) g.members.forEach((i, n) => (out[i] = g.start + n * room));
  return out;
}

/** Days are the least that an axis of dates is divided into. */
const minimum = (x: Col) => {
  const day = 86_400_000;
  switch (x.grain) {
    case 'year':
      return 365 * day;
    case 'quarter':
      return 89 * day;
    case 'month':
      return 28 * day;
    case 'week':
    case 'day':
      return day;
    case 'hour':
      return 3_600_000;
    case 'minute':
      return 60_000;
    default:
      return x.type === 'date' ? day : undefined;
  }
};

const timeLabels = { year: '{yyyy}', month: '{MMM}', day: '{d} {MMM}', hour: '{HH}:{mm}', minute: '{HH}:{mm}', second: '{HH}:{mm}:{ss}', millisecond: '{HH}:{mm}:{ss}' };

/** Names of bars: level where they fit, else slanted; cut where they are long. */
function categoryLabels(s: Stage, positions: readonly Position[], across: boolean, right: number) {
  const common = baseAxis(s.ink).axisLabel;
  const longest = Math.max(1, ...positions.map((p) => p.text.length));
  if (across) return { ...common, width: Math.min(180, s.size.width * 0.38), overflow: 'truncate', hideOverlap: undefined, interval: positions.length * 14 > s.size.height ? 'auto' : 0 };
  const room = (s.size.width - right - 50) / positions.length;
  if (longest * 6.2 + 8 <= room || positions.some((p) => p.at !== undefined)) return { ...common };
  // Two lines of words, before the letters are slanted.
  if (room >= 58 && longest <= 26) return { ...common, width: room - 6, overflow: 'break', interval: 0, hideOverlap: false, lineHeight: 13 };
  if (room >= 13) return { ...common, rotate: 40, width: 96, overflow: 'truncate', interval: 0, hideOverlap: false };
  return { ...common, rotate: 40, width: 96, overflow: 'truncate' };
}

function labelText(value: unknown, format: Col['format'], c: Col): string {
  const v = Array.isArray(value) ? (value[1] as unknown) : value;
  if (typeof v !== 'number') return '';
  return format ? formatValue(v, c.type, format) : formatTick(v);
}

export interface Reference {
  at: number;
  text: string;
  color?: string;
}

/** Reference lines: fixed, or made from the first value. */
export function references(s: Stage, first: Col): Reference[] {
  const given = s.visual.lines ?? [];
  if (given.length === 0) return [];
  const all: number[] = [];
  for (let row = 0; row < s.reading.rows; row++) {
    const v = figure(first, row);
    if (v !== undefined) all.push(v);
  }
  all.sort((a, b) => a - b);
  const of = (what: string | undefined): number | undefined => {
    if (all.length === 0) return undefined;
    switch (what) {
      case 'average':
        return all.reduce((a, b) => a + b, 0) / all.length;
      case 'min':
        return all[0];
      case 'max':
        return all.at(-1);
      case 'median':
        return (all[Math.floor((all.length - 1) / 2)]! + all[Math.ceil((all.length - 1) / 2)]!) / 2;
      default:
        return undefined;
    }
  };
  return given.flatMap((l) => {
    const at = l.value ?? of(l.of);
    if (at === undefined) return [];
    const name = l.label ?? (l.of ? l.of[0]!.toUpperCase() + l.of.slice(1) : '');
    return [{ at, text: `${name ? `${name} ` : ''}${formatValue(at, 'decimal', first.format ?? (Math.abs(at) >= 10_000 ? { style: 'compact' } : {}))}`, color: l.color }];
  });
}

export function markLines(s: Stage, lines: readonly Reference[], across: boolean) {
  return {
    silent: true, symbol: 'none', animation: false,
    data: lines.map((l) => ({
      [across ? 'xAxis' : 'yAxis']: l.at,
      lineStyle: { color: l.color ?? s.ink.muted, type: [4, 3], width: 1 },
      label: { formatter: l.text.replaceAll(/[{}]/g, ''), position: across ? 'end' : 'insideStartTop', color: l.color ?? s.ink.muted, fontSize: 11, fontFamily: font },
    })),
  };
}
