import { expect, test } from 'vitest';

import type { Definition, Visual } from '../api/dash';
import { begin, changeVisual, differences, newID, newVisual, withColor, withControl, withFilter, withoutFilter, withoutVisual, withSheet, withVisual } from './definition';
import { drilled, steps } from './drill';
import { words } from './filterWords';
import { filtersFor, question, viewFor } from './scope';

const visual = (id: string, dataSet = 'd'): Visual => ({ id, kind: 'bar', data_set: dataSet, wells: { x: [{ field: 'country' }] }, look: {}, place: { x: 0, y: 0, w: 6, h: 7 } });

function two(): Definition {
  return {
    data_sets: ['d'],
    sheets: [
      { id: 's', name: 'One', visuals: [visual('a'), visual('b'), visual('c', 'other')] },
      { id: 't', name: 'Two', visuals: [visual('e')] },
    ],
  };
}

test('a new analysis has a sheet with a visual to fill', () => {
  const d = begin('d');
  expect(d.data_sets).toEqual(['d']);
  expect(d.sheets[0]!.visuals).toHaveLength(1);
  const { definition, sheet } = withSheet(d);
  expect(sheet.name).toBe('Sheet 2');
  expect(withVisual(definition, sheet.id, newVisual(sheet, 'other', 'line')).data_sets).toEqual(['d', 'other']);
  expect(newID()).toMatch(/^[a-z2-9]{8}$/);
});

test('filters reach the visuals they name, and everywhere those of their data set', () => {
  let d = withFilter(two(), 's', { id: 'f', data_set: 'd', kind: 'category', field: 'country', visuals: ['a'] });
  d = withFilter(d, 's', { id: 'g', data_set: 'd', kind: 'category', field: 'country', everywhere: true });
  const [s, t] = d.sheets as [Definition['sheets'][0], Definition['sheets'][0]];
  const ids = (sheet: typeof s, v: Visual) => filtersFor(d, sheet, v).map((f) => f.id);
  expect(ids(s, s.visuals[0]!)).toEqual(['f', 'g']);
  expect(ids(s, s.visuals[1]!)).toEqual(['g']);
  expect(ids(s, s.visuals[2]!)).toEqual([]);
  expect(ids(t, t.visuals[0]!)).toEqual(['g']);

  const marked = { marks: [{ visual: 'a', field: 'country', value: 'Italy' }], drills: { b: [{ visual: 'b', field: 'country', value: 'Italy' }] } };
  expect(viewFor(d, s, s.visuals[0]!, marked)).toEqual({});
  expect(viewFor(d, s, s.visuals[1]!, marked)).toEqual(marked);
  expect(viewFor(d, s, s.visuals[2]!, marked)).toEqual({});
});

test('a filter takes its controls along, and a visual its own filters', () => {
  let d = withFilter(two(), 's', { id: 'f', data_set: 'd', kind: 'category', field: 'country', visuals: ['a'] });
  d = withControl(d, 's', { id: 'c', filter: 'f' });
  expect(withoutFilter(d, 's', 'f').sheets[0]!.controls).toEqual([]);
  expect(withoutVisual(d, 's', 'a').sheets[0]!.filters).toEqual([]);
  expect(withoutVisual(d, 's', 'b').sheets[0]!.filters).toHaveLength(1);
});

test('a question does not depend on place, look and words', () => {
  const v = visual('a');
  const other: Visual = { ...v, title: 'T', look: { log: true }, place: { x: 6, y: 3, w: 2, h: 2 }, wells: { x: [{ field: 'country', label: 'Land', format: { decimals: 1 } }] } };
  expect(question(other)).toEqual(question(v));
  expect(question({ ...v, limit: 3 })).not.toEqual(question(v));
});

test('colours are set and unset', () => {
  let d = withColor(two(), 'country', 'Italy', '#00ff00');
  expect(d.colors).toEqual({ country: { Italy: '#00ff00' } });
  d = withColor(d, 'country', 'Italy', undefined);
  expect(d.colors).toEqual({});
});

test('two who edited at once are told what differs', () => {
  const title = (v: Visual) => v.id;
  const mine = changeVisual(two(), 's', 'a', (v) => ({ ...v, kind: 'line' }));
  const theirs = withoutVisual(two(), 't', 'e');
  expect(differences(mine, theirs, title)).toEqual(['“a” differs', 'only yours has “e”', 'sheets, filters, controls, fields or colours differ']);
  expect(differences(mine, mine, title)).toEqual([]);
  const turned = JSON.parse(JSON.stringify(mine), (_, v) => (v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).toReversed()) : v)) as Definition;
  expect(differences(mine, turned, title)).toEqual([]);
});

test('a visual is drilled down along a hierarchy', () => {
  const set = { id: 'd', name: 'D', fields: [], hierarchies: [{ name: 'Place', fields: ['country', 'region', 'city'] }] };
  const v = visual('a');
  expect(steps(v, set)).toEqual([{ well: 'x', index: 0, field: 'country', next: 'region' }]);
  const once = drilled(v, [{ visual: 'a', field: 'country', value: 'Italy' }], set);
  expect(once.wells!.x).toEqual([{ field: 'region' }]);
  const twice = drilled(v, [{ visual: 'a', field: 'country', value: 'Italy' }, { visual: 'a', field: 'region', value: 'Lazio' }], set);
  expect(twice.wells!.x).toEqual([{ field: 'city' }]);
  expect(steps(twice, set)).toEqual([]);
});

test('filters are said in words', () => {
  const f = { field: 'x' } as const;
  expect(words({ ...f, kind: 'time_range', from: '2020-09-10', to: '2020-09-11' })).toBe('from 2020-09-10 until before 2020-09-11');
  expect(words({ ...f, kind: 'numeric_range', from: '1', to: '5', exclude_to: true })).toBe('≥ 1 and < 5');
  expect(words({ ...f, kind: 'category', values: ['a', 'b', 'c', 'd', 'e'], exclude: true })).toBe('all but a, b, c and 2 more');
  expect(words({ ...f, kind: 'relative_dates', relative: 'last', n: 7, grain: 'day' })).toBe('in the last 7 days');
  expect(words({ ...f, kind: 'top_bottom', n: 6, by: { field: 'confirmed', aggregation: 'sum' } })).toBe('top 6 by sum of confirmed');
  expect(words({ ...f, kind: 'category' })).toBe('all');
});
