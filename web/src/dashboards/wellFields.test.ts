import { expect, test } from 'vitest';

import type { Visual } from '../api/dash';
import { type Usable, visualTitle } from './fields';
import { asKind, carry, changeAt, complete, missing, put, putAnywhere, shift } from './wellFields';

const coordinate: Usable = { name: 'coordinate', role: 'dimension', coordinate: true };
const country: Usable = { name: 'country', type: 'text', role: 'dimension', geo: 'country' };
const date: Usable = { name: 'date', type: 'date', role: 'dimension' };
const confirmed: Usable = { name: 'confirmed', type: 'integer', role: 'measure' };
const rate: Usable = { name: 'rate', type: 'decimal', role: 'measure', aggregate: true };
const fields = [coordinate, country, date, confirmed, rate];

const visual = (kind: Visual['kind']): Visual => ({ id: 'v', kind, data_set: 'd', wells: {}, look: {}, place: { x: 0, y: 0, w: 6, h: 7 } });

test("the walk-through's map", () => {
  let v = visual('points_on_map');
  expect(missing(v).map((w) => w.title)).toEqual(['Geospatial']);
  for (const f of [coordinate, confirmed, country]) v = putAnywhere(v, f);
  expect(v.wells).toEqual({
    geospatial: [{ field: 'coordinate' }],
    size: [{ field: 'confirmed', aggregation: 'sum' }],
    color: [{ field: 'country' }],
  });
  expect(complete(v)).toBe(true);
  expect(visualTitle(v)).toBe('Confirmed by coordinate, country');
});

test('a well that is full gives its last field, and a field does not go where it cannot be', () => {
  let v = put(visual('line'), 'x', country);
  v = put(v, 'x', date);
  expect(v.wells).toEqual({ x: [{ field: 'date', grain: 'day' }] });
  expect(put(v, 'x', rate)).toBe(v);
  expect(put(v, 'x', coordinate)).toBe(v);
  expect(put(v, 'x', date)).toBe(v);
  v = put(put(v, 'value', rate), 'value', country);
  expect(v.wells!.value).toEqual([{ field: 'rate' }, { field: 'country', aggregation: 'count' }]);
  expect(shift(v, 'value', 1, -1).wells!.value!.map((f) => f.field)).toEqual(['country', 'rate']);
  expect(shift(v, 'value', 1, 1)).toBe(v);
});

test('a field is carried from one well to another as that takes it', () => {
  const v = put(visual('table'), 'group', date);
  expect(carry(v, 'group', 0, 'value', date).wells).toEqual({ value: [{ field: 'date', aggregation: 'count' }] });
});

test('a visual that becomes another keeps what that has wells for', () => {
  let v = visual('line');
  for (const f of [date, country, rate]) v = putAnywhere(v, f);
  expect(v.wells).toEqual({ x: [{ field: 'date', grain: 'day' }], color: [{ field: 'country' }], value: [{ field: 'rate' }] });
  expect(asKind(v, 'bar', fields).wells).toEqual(v.wells);
  expect(asKind(v, 'table', fields).wells).toEqual({ group: [{ field: 'date', grain: 'day' }, { field: 'country' }], value: [{ field: 'rate' }] });
  expect(asKind(v, 'pie', fields).wells).toEqual({ color: [{ field: 'date', grain: 'day' }], value: [{ field: 'rate' }] });
  expect(asKind(v, 'kpi', fields).wells).toEqual({ value: [{ field: 'rate' }], trend: [{ field: 'date', grain: 'day' }] });
  expect(asKind(v, 'points_on_map', fields).wells).toEqual({ geospatial: [{ field: 'country' }], color: [{ field: 'date', grain: 'day' }], size: [{ field: 'rate' }] });
  expect(asKind(asKind(v, 'text', fields), 'line', fields).wells).toEqual({});
});

test('a sort by what is gone is gone', () => {
  let v: Visual = { ...put(put(visual('bar'), 'x', country), 'value', confirmed), sort: { well: 'value', descending: true } };
  v = changeAt(v, 'value', 0, { field: 'confirmed', aggregation: 'max' });
  expect(v.sort).toBeDefined();
  v = changeAt(v, 'value', 0, undefined);
  expect(v.sort).toBeUndefined();
  expect(v.wells).toEqual({ x: [{ field: 'country' }] });
});
