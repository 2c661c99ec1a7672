import { expect, test } from 'vitest';

import type { Filter, View } from '../api/dash';
import { addressOf, filterText, ofView, part, toggled, toggledPlace, value, viewOf, withText } from './view';

const day: Filter = { id: 'day', kind: 'time_range', field: 'date' };
const who: Filter = { id: 'who', kind: 'category', field: 'country' };

test('an address is readable', () => {
  const view: View = {
    filters: [{ ...day, from: '2020-09-10', to: '2020-09-11' }, { ...who, values: ['Italy', 'France'] }],
    marks: [{ visual: 'map', field: 'country', value: 'Italy' }],
    parameters: { limit: '3' },
  };
  expect(addressOf(view)).toEqual({ 'f.day': '2020-09-10..2020-09-11', 'f.who': 'Italy*France', 'm.map': 'country**Italy', 'p.limit': '3' });
});

test('what is written is read again', () => {
  const odd = ['', '_', '*', '_a', '__', '_0', '_e', 'a*b_c', '..', 'Côte d’Ivoire', 'Korea, South', '_x'];
  for (const v of odd) expect(value(part(v)), v).toBe(v);
  expect(value(part(null))).toBeNull();
  const filters: Filter[] = [
    day,
    { ...day, from: '2020-09-10T12:00', exclude_from: true, nulls: 'keep' },
    { ...who, values: odd, exclude: true },
    { ...who, contains: 'a*_' },
    { ...who, off: true },
    { id: 'n', kind: 'numeric_range', field: 'x', from: '-1.5', to: '3', exclude_to: true },
    { id: 'r', kind: 'relative_dates', field: 'date', relative: 'last', n: 7, grain: 'day', anchor: '2020-09-10' },
    { id: 't', kind: 'top_bottom', field: 'country', n: 5, bottom: true, by: { field: 'x', aggregation: 'sum' } },
    { id: 'z', kind: 'nulls', field: 'x', nulls: 'only' },
    { id: 'e', kind: 'time_equality', field: 'date', values: ['2020-09-10'] },
  ];
  for (const f of filters) expect(withText({ id: f.id, kind: f.kind, field: f.field, ...(f.by && { by: f.by }) }, filterText(f))).toEqual(f);
  const view: View = {
    filters,
    marks: odd.map((value) => ({ visual: 'a', field: 'x*y', grain: 'month' as const, value })),
    drills: { b: [{ visual: 'b', field: 'country', value: null }, { visual: 'b', field: 'region', value: '' }] },
    parameters: { a: '*', b: '' },
  };
  const distinct = filters.map((f, i) => ({ ...f, id: String(i) }));
  expect(viewOf(addressOf({ ...view, filters: distinct }), distinct)).toEqual({ ...view, filters: distinct });
});

test('a filter that is emptied differs from one that is not set', () => {
  const set = { ...who, values: ['Italy'] };
  const a = addressOf({ filters: [who] });
  expect(a).toEqual({ 'f.who': '_' });
  expect(viewOf(a, [set])).toEqual({ filters: [who] });
  expect(viewOf({}, [set])).toEqual({});
});

test('an address makes no filters, and what cannot be read is passed over', () => {
  expect(viewOf({ 'f.other': 'x', 'm.map': 'country', 'd.map': 'a**_q', 'p.a': '_q', sheet: 'one' }, [who])).toEqual({});
  expect(ofView('f.')).toBe(false);
  expect(ofView('sheet')).toBe(false);
});

test('a second click takes a mark away, and a click on another moves it', () => {
  const italy = { visual: 'map', field: 'country', value: 'Italy' };
  const france = { ...italy, value: 'France' };
  expect(toggled([], italy)).toEqual([italy]);
  expect(toggled([italy], italy)).toEqual([]);
  expect(toggled([italy], france)).toEqual([france]);
  expect(toggled([italy], france, true)).toEqual([italy, france]);
});

test('a place is marked by both its degrees, also one on the same parallel', () => {
  const at = (lat: string, lon: string) => [
    { visual: 'map', field: 'place.latitude', value: lat },
    { visual: 'map', field: 'place.longitude', value: lon },
  ];
  const other = { visual: 'bars', field: 'country', value: 'Italy' };
  expect(toggledPlace([other], at('1', '2'))).toEqual([other, ...at('1', '2')]);
  expect(toggledPlace([...at('1', '2'), other], at('1', '3'))).toEqual([other, ...at('1', '3')]);
  expect(toggledPlace([...at('1', '2'), other], at('1', '2'))).toEqual([other]);
});
