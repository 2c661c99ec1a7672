import { measureColor } from './colors';
import { formatTick } from './format';
import { font } from './ink';
import { cell, figure } from './reading';
import { basics, baseAxis, faint, marked, marksOf, Refusal, type Point, type Scene, type Stage, valueAxis } from './scene';

/** Bins of a value, and how many rows each holds. Bins that hold none stay empty places. */
export function histogram(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const value = reading.wells.value?.[0];
  const count = reading.wells.count?.[0] ?? reading.wells.value?.[1];
  if (!value || !count) throw new Refusal('Choose a field whose values are counted.');
  const isMarked = marked(visual, reading, s.marks);
  const notes: string[] = [];
  const bins: { low: number; n: number; row: number }[] = [];
  for (let row = 0; row < reading.rows; row++) {
    const [low, n] = [figure(value, row), figure(count, row)];
    if (low !== undefined && n !== undefined) bins.push({ low, n, row });
    else if (n) notes.push(`${n.toLocaleString('en')} rows have no ${value.title}.`);
  }
  if (bins.length === 0) throw new Refusal('There are no values to draw.');
  bins.sort((a, b) => a.low - b.low);
  const width = value.bin ?? bins.slice(1).reduce((least, b, i) => Math.min(least, b.low - bins[i]!.low), Infinity);
  const wide = Number.isFinite(width) && width > 0 ? width : 1;
  const [low, high] = [bins[0]!.low, bins.at(-1)!.low + wide];
  const slots = Math.max(1, Math.round((high - low) / wide));
  // What is left and right of the axis' labels is about 60 pixels.
  const bar = Math.max(1, (s.size.width - 60) / slots - 1);
  // Labels stand at ends of bins, at as many as there is room for.
  const every = Math.max(1, Math.ceil((slots * 46) / s.size.width));
  return {
    option: {
      ...basics(s),
      grid: { left: 2, right: 12, top: 26, bottom: 26, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      xAxis: {
        ...baseAxis(ink), type: 'value', min: low, max: high, name: value.title, nameLocation: 'middle', nameGap: 26, nameTextStyle: { color: ink.muted, fontSize: 11, fontFamily: font },
        ...(slots <= 60 && { interval: wide * every }),
        axisLabel: { ...baseAxis(ink).axisLabel, showMaxLabel: slots % every === 0, formatter: (n: number) => formatTick(Number(n.toPrecision(12)), value.format) },
      },
      yAxis: {
        ...valueAxis(ink), type: 'value', minInterval: 1, name: count.title, nameGap: 10, nameTextStyle: { color: ink.muted, fontSize: 11, align: 'left', fontFamily: font },
        splitNumber: Math.max(2, Math.round(s.size.height / 60)), axisLabel: { ...valueAxis(ink).axisLabel, formatter: (n: number) => formatTick(n) },
      },
      series: [
        {
          id: 'bins', type: 'bar', color: measureColor(0, s.scheme), barWidth: bar, cursor: 'pointer', emphasis: { focus: 'none' }, itemStyle: { borderRadius: [1, 1, 0, 0] },
          data: bins.map((b) => ({ value: [b.low + wide / 2, b.n], ...(isMarked && !isMarked(b.row) && { itemStyle: { opacity: faint } }) })),
          ...(visual.look.labels && { label: { show: true, position: 'top', color: ink.muted, fontSize: 10.5, formatter: (p: { dataIndex: number }) => formatTick(bins[p.dataIndex]?.n ?? 0) }, labelLayout: { hideOverlap: true } }),
        },
      ],
    },
    points: bins.map((b, index): Point => ({ series: 0, index, row: b.row, value: 0 })),
    tip: (p) => ({ title: cell(value, p.row), lines: [{ color: measureColor(0, s.scheme), name: count.title, value: cell(count, p.row) }] }),
    mark: (p) => marksOf(visual, [value], p.row),
    notes,
  };
}
