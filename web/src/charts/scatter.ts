import { markLines, references } from './cartesian';
import { measureColor } from './colors';
import { formatTick } from './format';
import { font } from './ink';
import { cell, figure, key } from './reading';
import { basics, baseAxis, faint, legend, marked, marksOf, mostMarks, Refusal, type Line, type Point, type Scene, type Stage, valueAxis } from './scene';

/** Points by two measures, their areas by a third. */
export function scatter(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const w = reading.wells;
  const [x, y, size, group, color] = [w.x?.[0], w.y?.[0], w.size?.[0], w.group?.[0], w.color?.[0]];
  if (!x || !y) throw new Refusal('Choose a field for each axis.');
  const log = visual.look.log === true;
  const isMarked = marked(visual, reading, s.marks);
  const notes: string[] = [];

  let rows: number[] = [];
  let left = 0;
  for (let row = 0; row < reading.rows; row++) {
    const [a, b] = [figure(x, row), figure(y, row)];
    if (a === undefined || b === undefined || (log && (a <= 0 || b <= 0))) left++;
    else rows.push(row);
  }
  if (left) notes.push(`${left.toLocaleString('en')} ${left === 1 ? 'point has' : 'points have'} no value ${log ? 'above 0 ' : ''}on one of the axes.`);
  if (rows.length === 0) throw new Refusal('There are no points to draw.');
  if (rows.length > mostMarks) {
    notes.push(`Shows ${mostMarks.toLocaleString('en')} of ${rows.length.toLocaleString('en')} points, ${size ? 'the largest' : 'evenly chosen'}.`);
    const step = rows.length / mostMarks;
    rows = size
      ? rows.toSorted((a, b) => (figure(size, b) ?? 0) - (figure(size, a) ?? 0)).slice(0, mostMarks)
      : Array.from({ length: mostMarks }, (_, i) => rows[Math.floor(i * step)]!);
  }
  const largest = Math.max(0, ...rows.map((row) => figure(size, row) ?? 0));
  const most = Math.min(46, Math.max(18, Math.min(s.size.width, s.size.height) * 0.11));
  const diameter = (row: number) => (size ? Math.max(4, most * Math.sqrt(Math.max(0, figure(size, row) ?? 0) / (largest || 1))) : 9);
  // Large ones lie below small ones.
  if (size) rows.sort((a, b) => diameter(b) - diameter(a));

  const kinds = new Map<string | null, { name: string; color: string; rows: number[] }>();
  for (const row of rows) {
    const k = color ? key(color, row) : null;
    let one = kinds.get(k);
    if (!one) kinds.set(k, (one = { name: color ? cell(color, row) : '', color: color ? s.colors.of(color.field, k, s.scheme) : measureColor(0, s.scheme), rows: [] }));
    one.rows.push(row);
  }
  const series = [...kinds.values()];
  const side = legend(s, color ? series.map((k) => k.name) : []);
  const points: Point[] = series.flatMap((k, number) => k.rows.map((row, index) => ({ series: number, index, row, value: 0 })));
  const axis = (c: typeof x) => ({ ...valueAxis(ink), type: log ? 'log' : 'value', scale: true, axisLabel: { ...valueAxis(ink).axisLabel, hideOverlap: true, formatter: (n: number) => formatTick(n, c.format) } });
  const lines = references(s, y);
  return {
    option: {
      ...basics(s),
      legend: side.option,
      grid: { left: 2, right: side.right + 12, top: 26, bottom: side.bottom + 26, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      xAxis: { ...axis(x), axisLine: baseAxis(ink).axisLine, name: x.title, nameLocation: 'middle', nameGap: 26, splitNumber: Math.max(2, Math.round(s.size.width / 110)) },
      yAxis: { ...axis(y), name: y.title, nameLocation: 'end', nameGap: 10, nameTextStyle: { color: ink.muted, fontSize: 11, align: 'left', fontFamily: font }, splitNumber: Math.max(2, Math.round(s.size.height / 60)) },
      series: series.map((k, number) => ({
        id: `s${number}`, type: 'scatter', name: k.name, color: k.color, cursor: 'pointer', emphasis: { scale: false, focus: 'none' },
        itemStyle: { opacity: 0.72, borderColor: ink.surface, borderWidth: 1 },
        data: k.rows.map((row) => ({ value: [figure(x, row)!, figure(y, row)!], symbolSize: diameter(row), name: group ? cell(group, row) : '', ...(isMarked && !isMarked(row) && { itemStyle: { opacity: faint } }) })),
        ...(visual.look.labels && group && { label: { show: true, position: 'right', formatter: '{b}', color: ink.muted, fontSize: 11, fontFamily: font }, labelLayout: { hideOverlap: true } }),
        ...(number === 0 && lines.length > 0 && { markLine: markLines(s, lines, false) }),
      })),
    },
    points,
    tip: (p) => {
      const line = (c: typeof x): Line => ({ name: c.title, value: cell(c, p.row) });
      const title = [group, color].filter((c) => c !== undefined).map((c) => cell(c, p.row)).join(' · ');
      return { title: title || `Point ${p.row + 1}`, lines: [{ ...line(x), color: series[p.series]!.color }, line(y), ...(size ? [line(size)] : [])] };
    },
    mark: (p, other) => marksOf(visual, [other ? (color ?? group) : (group ?? color)], p.row),
    notes,
  };
}
