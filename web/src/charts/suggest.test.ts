import { expect, it } from 'vitest';

import type { Field } from '../api/dash';
import { type Chosen, suggest } from './suggest';

const date: Field = { name: 'date', type: 'date', role: 'dimension' };
const country: Field = { name: 'country', type: 'text', role: 'dimension', geo: 'country' };
const province: Field = { name: 'province', type: 'text', role: 'dimension' };
const confirmed: Field = { name: 'confirmed', type: 'integer', role: 'measure', cumulative: true };
const deaths: Field = { name: 'deaths', type: 'integer', role: 'measure' };
const mortality: Field = { name: 'mortality', type: 'decimal', aggregate: true };
const lat: Field = { name: 'lat', type: 'decimal', geo: 'latitude', role: 'dimension' };
const lon: Field = { name: 'lon', type: 'decimal', geo: 'longitude', role: 'dimension' };
const place = { name: 'place', latitude: 'lat', longitude: 'lon' };

it.each<[string, Chosen[], string, Record<string, string[]>]>([
  ['a date and a measure', [date, deaths], 'line', { x: ['date'], value: ['sum deaths'] }],
  ['a date, a category and what aggregates by itself', [country, mortality, date], 'line', { x: ['date'], color: ['country'], value: ['mortality'] }],
  ['a coordinate and a measure', [place, confirmed], 'points_on_map', { geospatial: ['place'], size: ['max confirmed'] }],
  ['both halves of a coordinate', [lat, lon, country], 'points_on_map', { geospatial: ['place'], color: ['country'] }],
  ['a country and a measure', [country, deaths], 'filled_map', { location: ['country'], color: ['sum deaths'] }],
  ['a category and a measure', [province, deaths], 'bar', { x: ['province'], value: ['sum deaths'] }],
  ['a category', [province], 'bar', { x: ['province'] }],
  ['two measures', [deaths, mortality], 'scatter', { x: ['sum deaths'], y: ['mortality'] }],
  ['a measure', [deaths], 'kpi', { value: ['sum deaths'] }],
  ['decimals that nobody adds up', [lat], 'histogram', { value: ['lat'] }],
  ['two categories and a measure', [province, country, deaths], 'heat_map', { rows: ['province'], columns: ['country'], value: ['sum deaths'] }],
  ['much', [date, province, country, deaths], 'table', { group: ['date', 'province', 'country'], value: ['sum deaths'] }],
  ['nothing', [], 'table', {}],
])('%s', (_, chosen, kind, wells) => {
  const s = suggest(chosen, [place]);
  expect(s.kind).toBe(kind);
  expect(Object.fromEntries(Object.entries(s.wells).map(([k, f]) => [k, f.map((x) => (x.aggregation ? `${x.aggregation} ${x.field}` : x.field))]))).toEqual(wells);
});
