import { formatFigure, formatNumber } from './format';
import { font } from './ink';
import { cell, figure, key } from './reading';
import { basics, faint, legend, legendPlace, marked, marksOf, Refusal, type Point, type Scene, type Stage } from './scene';

/** More slices are not told apart. */
const mostSlices = 24;

interface Slice {
  name: string;
  value: number;
  row: number;
  color: string;
  dimmed: boolean;
}

/** A pie, or a donut with its total in the middle. */
export function pie(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const color = reading.wells.color?.[0];
  const value = reading.wells.value?.[0];
  if (!color) throw new Refusal('Choose a field for the slices.');
  if (!value) throw new Refusal('Choose a field for the value.');
  const isMarked = marked(visual, reading, s.marks);
  const notes: string[] = [];
  let slices: Slice[] = [];
  let negative = 0;
  for (let row = 0; row < reading.rows; row++) {
    const v = figure(value, row);
    if (v === undefined || v === 0) continue;
    if (v < 0) {
      negative++;
      continue;
    }
    const others = visual.others && row === reading.rows - 1 && key(color, row) === null;
    slices.push({ name: others ? 'Others' : cell(color, row), value: v, row, color: s.colors.of(color.field, key(color, row), s.scheme), dimmed: isMarked ? !isMarked(row) : false });
  }
  if (negative) notes.push(`${negative.toLocaleString('en')} ${negative === 1 ? 'value is' : 'values are'} below 0 and cannot be a slice.`);
  if (slices.length === 0) throw new Refusal('There are no values to draw.');
  if (slices.length > mostSlices) {
    const sorted = slices.toSorted((a, b) => b.value - a.value);
    const rest = sorted.slice(mostSlices - 1);
    const kept = new Set(sorted.slice(0, mostSlices - 1));
    slices = slices.filter((x) => kept.has(x));
    slices.push({ name: `${rest.length.toLocaleString('en')} smaller`, value: rest.reduce((n, x) => n + x.value, 0), row: -1, color: s.colors.of(color.field, null, s.scheme), dimmed: isMarked !== undefined });
    notes.push(`The ${rest.length.toLocaleString('en')} smallest slices are drawn as one.`);
  }
  const total = slices.reduce((n, x) => n + x.value, 0);
  const percent = (v: number) => formatNumber(v / total, { style: 'percent', decimals: v / total < 0.1 ? 1 : 0 });
  const additive = value.aggregation === 'sum' || value.aggregation === 'count';

  const place = legendPlace(s, slices.length);
  const side = legend(s, slices.map((x) => x.name));
  const outside = place === 'none';
  const width = s.size.width - side.right;
  const height = s.size.height - side.bottom;
  const radius = Math.max(20, Math.min(width * (outside ? 0.28 : 0.46), height * (outside ? 0.36 : 0.46)));
  const points: Point[] = slices.flatMap((x, i) => (x.row < 0 ? [] : [{ series: 0, index: i, row: x.row, value: 0 }]));
  const byRow = new Map(slices.map((x) => [x.row, x]));
  return {
    option: {
      ...basics(s),
      legend: side.option,
      ...(visual.look.donut && additive && {
        title: {
          text: formatFigure(total, value.type, value.format ?? (total >= 100_000 ? { style: 'compact' } : undefined)), subtext: value.title, left: width / 2 - 0.5, top: height / 2 - 25, textAlign: 'center', itemGap: 7,
          textStyle: { color: ink.text, fontSize: Math.min(22, radius * 0.26), fontWeight: 600, fontFamily: font }, subtextStyle: { color: ink.muted, fontSize: 11, fontFamily: font },
        },
      }),
      series: [
        {
          id: 'slices', type: 'pie', center: [width / 2, height / 2], radius: visual.look.donut ? [radius * 0.66, radius] : [0, radius], startAngle: 90, clockwise: true, stillShowZeroSum: false,
          minShowLabelAngle: 6, avoidLabelOverlap: true, cursor: 'pointer', emphasis: { scale: false, focus: 'none' },
          itemStyle: { borderColor: ink.surface, borderWidth: 1.5 },
          label: outside || visual.look.labels
            ? { show: true, position: 'outside', color: ink.text, fontSize: 11.5, fontFamily: font, formatter: (p: { name: string; value: number }) => (outside ? `${p.name}  ${percent(p.value)}` : percent(p.value)), overflow: 'truncate', alignTo: 'none' }
            : { show: false },
          labelLine: { show: outside || visual.look.labels === true, length: 8, length2: 8, lineStyle: { color: ink.strong } },
          data: slices.map((x) => ({ name: x.name, value: x.value, itemStyle: { color: x.color, opacity: x.dimmed ? faint : 1 } })),
        },
      ],
    },
    points,
    tip: (p) => {
      const x = byRow.get(p.row)!;
      return { title: x.name, lines: [{ color: x.color, name: value.title, value: `${formatFigure(value.values[p.row], value.type, value.format)} · ${percent(x.value)}`, n: x.value }] };
    },
    mark: (p) => marksOf(visual, [color], p.row),
    notes,
  };
}
