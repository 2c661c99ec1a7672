import { describe, expect, it } from 'vitest';

import type { DataSetDraft, Field } from '../api/dash';
import { differences, empty, freeName, nameFor, onlyStatement, pairable, renamed, renamedIn, setField, withCoordinate, withoutField, withSource } from './draft';

const field = (name: string, more: Partial<Field> = {}): Field => ({ name, column: name, source_type: 'varchar', ...more });
const covid: DataSetDraft = {
  ...empty,
  name: 'covid',
  source: { sql: 'SELECT 1' },
  fields: [field('date'), field('lat', { geo: 'latitude', source_type: 'double' }), field('lon', { geo: 'longitude', source_type: 'double' }), { name: 'rate', expression: 'sum(deaths) / sum("Deaths")' }],
};

it('names a new data set after the first table', () => {
  expect(nameFor({ sql: 'SELECT * FROM "demo"."covid_confirmed" c JOIN x' })).toBe('covid confirmed');
  expect(nameFor({ tables: [{ alias: 't', catalog: 'c', database: 'd', table: 'orders' }] })).toBe('orders');
  expect(nameFor({ sql: 'VALUES 1' })).toBe('');
});

it('takes the first statement of a script', () => expect(onlyStatement('-- all\nSELECT 1;\n')).toBe('SELECT 1'));

it('finds a free name', () => {
  expect(freeName(covid, 'Date')).toBe('Date 2');
  expect(freeName(covid, 'day')).toBe('day');
});

describe('renaming', () => {
  it.each([
    ['sum(deaths) / 2', 'sum(dead) / 2'],
    [`"Deaths" + 'deaths'`, `dead + 'deaths'`],
    ['deaths_2 + deaths -- deaths', 'deaths_2 + dead -- deaths'],
    ['${deaths} + deaths', '${deaths} + dead'],
  ])('%s', (before, after) => expect(renamedIn(before, 'deaths', 'dead')).toBe(after));

  it('quotes what needs it', () => expect(renamedIn('a + 1', 'a', 'of all')).toBe('"of all" + 1'));

  it('reaches all that speaks of the field', () => {
    const d = renamed({ ...withCoordinate(covid, 'lat', 'lon'), hierarchies: [{ name: 'h', fields: ['date', 'lat'] }], increment: { field: 'date', window: 3 } }, 'lat', 'latitude');
    expect(d.coordinates).toEqual([{ name: 'coordinate', latitude: 'latitude', longitude: 'lon' }]);
    expect(d.hierarchies![0]!.fields).toEqual(['date', 'latitude']);
    expect(d.increment!.field).toBe('date');
  });
});

it('offers what makes a place, once', () => {
  expect(pairable(covid)).toEqual({ latitude: 'lat', longitude: 'lon' });
  expect(pairable(withCoordinate(covid, 'lat', 'lon'))).toBeUndefined();
});

it('keeps what was prepared when the source changes', () => {
  const prepared = withCoordinate(setField(renamed(covid, 'date', 'day'), 'day', { type: 'date', format: 'yyyy-MM-dd' }), 'lat', 'lon');
  const d = withSource(prepared, { sql: 'SELECT 2' }, [field('date'), field('lat'), field('day')]);
  expect(d.fields.map((f) => f.name)).toEqual(['day', 'lat', 'rate', 'day 2']);
  expect(d.fields[0]).toMatchObject({ column: 'date', type: 'date' });
  expect(d.coordinates).toEqual([]);
});

it('takes with a field what is made of it', () => {
  const d = withoutField({ ...withCoordinate(covid, 'lat', 'lon'), hierarchies: [{ name: 'h', fields: ['lat'] }], filters: [{ kind: 'nulls', field: 'lat' }] }, 'lat');
  expect([d.coordinates, d.hierarchies, d.filters]).toEqual([[], [], []]);
});

it('tells what differs', () => {
  const b = setField(renamed(withoutField(covid, 'lon'), 'date', 'day'), 'day', { type: 'date' });
  expect(differences(covid, { ...b, mode: 'live' })).toEqual(['date is called day', 'day is date', 'lon is gone', 'is asked live', ]);
  expect(differences(covid, covid)).toEqual([]);
});
