import { formatTick } from './format';
import { font } from './ink';
import { cell, type Col, figure, isTime, key } from './reading';
import { basics, baseAxis, faint, marked, marksOf, Refusal, type Point, type Scene, type Stage } from './scene';

const mostRows = 60;
const mostColumns = 120;

/** Distinct values in the answer's order; dates in their own. */
function values(c: Col, rows: number): { keys: Map<string | null, number>; texts: string[] } {
  const seen = new Map<string | null, number>();
  for (let row = 0; row < rows; row++) if (!seen.has(key(c, row))) seen.set(key(c, row), row);
  let all = [...seen];
  if (isTime(c)) all = all.toSorted(([a], [b]) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1));
  return { keys: new Map(all.map(([k], i) => [k, i])), texts: all.map(([, row]) => cell(c, row)) };
}

/** The legend of a scale of colours, and what makes it log. */
export function scale(s: Stage, of: readonly number[], title: string, extra: object) {
  const log = s.visual.look.log === true && of.some((v) => v > 0);
  const drawn = log ? of.filter((v) => v > 0).map((v) => Math.log10(v)) : of;
  const [min, max] = [drawn.reduce((a, b) => Math.min(a, b), Infinity), drawn.reduce((a, b) => Math.max(a, b), -Infinity)];
  const format = (v: number) => formatTick(log ? 10 ** v : v);
  return {
    log,
    map: {
      type: 'continuous', min: max > min ? Math.min(min, log ? min : 0) : Math.min(0, min), max: max > min ? max : Math.max(max, 1), calculable: false, inRange: { color: [...s.ink.scale] },
      orient: 'horizontal', left: 2, bottom: 0, itemWidth: 9, itemHeight: Math.min(120, s.size.width / 3), padding: 0, textGap: 8, hoverLink: false,
      text: [`${format(max)}`, `${title}   ${format(log ? min : Math.min(min, 0))}`], textStyle: { color: s.ink.muted, fontSize: 11, fontFamily: font }, ...extra,
    },
  };
}

/** Rows and columns of a measure by colour. */
export function heat(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const w = reading.wells;
  const [down, across, value] = [w.rows?.[0], w.columns?.[0], w.value?.[0]];
  if (!down || !across) throw new Refusal('Choose a field for rows and one for columns.');
  if (!value) throw new Refusal('Choose a field for the values.');
  const [rows, columns] = [values(down, reading.rows), values(across, reading.rows)];
  const notes: string[] = [];
  if (rows.texts.length > mostRows) notes.push(`Shows the first ${mostRows} of ${rows.texts.length.toLocaleString('en')} rows.`);
  if (columns.texts.length > mostColumns) notes.push(`Shows the first ${mostColumns} of ${columns.texts.length.toLocaleString('en')} columns.`);
  const isMarked = marked(visual, reading, s.marks);

  const cells: { r: number; c: number; v: number; row: number }[] = [];
  for (let row = 0; row < reading.rows; row++) {
    const [r, c, v] = [rows.keys.get(key(down, row))!, columns.keys.get(key(across, row))!, figure(value, row)];
    if (v !== undefined && r < mostRows && c < mostColumns) cells.push({ r, c, v, row });
  }
  if (cells.length === 0) throw new Refusal('There are no values to draw.');
  cells.sort((a, b) => a.r - b.r || a.c - b.c);
  const { log, map } = scale(s, cells.map((x) => x.v), value.title, { seriesIndex: 0, dimension: 2 });
  const legendless = visual.look.legend === 'none';
  const label = { ...baseAxis(ink).axisLabel, overflow: 'truncate' };
  return {
    option: {
      ...basics(s),
      grid: { left: 2, right: 6, top: 4, bottom: legendless ? 2 : 26, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
      xAxis: { ...baseAxis(ink), type: 'category', data: columns.texts.slice(0, mostColumns), axisLine: { show: false }, axisLabel: { ...label, width: 100 }, splitArea: { show: false } },
      yAxis: { ...baseAxis(ink), type: 'category', data: rows.texts.slice(0, mostRows), inverse: true, axisLine: { show: false }, axisLabel: { ...label, width: Math.min(150, s.size.width * 0.3) } },
      visualMap: { ...map, show: !legendless },
      series: [
        {
          id: 'cells', type: 'heatmap', cursor: 'pointer', emphasis: { itemStyle: { borderColor: ink.text, borderWidth: 1 } }, itemStyle: { borderColor: ink.surface, borderWidth: 1 },
          data: cells.map((x) => ({ value: [x.c, x.r, log ? (x.v > 0 ? Math.log10(x.v) : '-') : x.v], ...(isMarked && !isMarked(x.row) && { itemStyle: { opacity: faint } }) })),
          label: { show: visual.look.labels === true, fontSize: 10.5, formatter: (p: { dataIndex: number }) => formatTick(cells[p.dataIndex]?.v ?? 0, value.format) },
        },
      ],
    },
    points: cells.map((x, index): Point => ({ series: 0, index, row: x.row, value: 0 })),
    tip: (p) => ({ title: `${cell(down, p.row)} · ${cell(across, p.row)}`, lines: [{ name: value.title, value: cell(value, p.row) }] }),
    mark: (p, other) => marksOf(visual, [other ? across : down], p.row),
    notes,
  };
}
