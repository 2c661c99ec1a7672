// What a visual shows, in a sentence: for those who do not see it.

import type { Answer, Visual, VisualKind } from '../api/dash';
import { cell, figure, isTime, read } from './reading';

const kinds: Record<VisualKind, string> = {
  points_on_map: 'Map with points', filled_map: 'Filled map', line: 'Line chart', area: 'Area chart', bar: 'Bar chart', pie: 'Pie chart', scatter: 'Scatter plot',
  heat_map: 'Heat map', histogram: 'Histogram', kpi: 'Key figure', table: 'Table', pivot: 'Pivot table', text: 'Text',
};

/** "Line chart of mortality by date: 2,880 values of 6 countries, from 22 Jan 2020 to …; largest …" */
export function summary(visual: Visual, answer: Answer): string {
  if (visual.kind === 'text') return '';
  const { columns, rows } = read(visual, answer);
  const dimensions = columns.filter((c) => !c.measure);
  const measures = columns.filter((c) => c.measure);
  const names = (list: readonly { title: string }[]) => [...new Set(list.map((c) => c.title.replace(/, (latitude|longitude)$/, '')))].join(' and ');
  let text = visual.look.donut && visual.kind === 'pie' ? 'Donut chart' : kinds[visual.kind];
  if (measures.length) text += ` of ${names(measures)}`;
  if (dimensions.length) text += `${measures.length ? ' by' : ' of'} ${names(dimensions)}`;
  if (rows === 0) return `${text}: no rows.`;
  const parts: string[] = [];
  if (rows > 1) parts.push(`${rows.toLocaleString('en')} ${dimensions.length > 1 ? 'groups' : 'values'}`);
  for (const c of dimensions) {
    if (!isTime(c)) continue;
    let [first, last] = [-1, -1];
    for (let row = 0; row < rows; row++) {
      const v = c.values[row];
      if (typeof v !== 'string') continue;
      if (first < 0 || v < (c.values[first] as string)) first = row;
      if (last < 0 || v > (c.values[last] as string)) last = row;
    }
    if (first >= 0 && first !== last) parts.push(`from ${cell(c, first)} to ${cell(c, last)}`);
  }
  const m = measures[0];
  if (m) {
    let [largest, smallest] = [-1, -1];
    for (let row = 0; row < rows; row++) {
      const v = figure(m, row);
      if (v === undefined) continue;
      if (largest < 0 || v > figure(m, largest)!) largest = row;
      if (smallest < 0 || v < figure(m, smallest)!) smallest = row;
    }
    const where = (row: number) => dimensions.map((c) => cell(c, row)).join(', ');
    if (largest < 0) parts.push('no figures');
    else if (rows === 1) parts.push(cell(m, largest));
    else {
      parts.push(`largest ${cell(m, largest)}${dimensions.length ? ` (${where(largest)})` : ''}`);
      if (smallest !== largest) parts.push(`smallest ${cell(m, smallest)}`);
    }
  }
  return `${text}: ${parts.join('; ')}.${answer.more ? ' There are more rows than are shown.' : ''}`;
}
