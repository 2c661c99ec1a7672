import { expect, it } from 'vitest';

import type { SourceTable } from '../api/dash';
import { aliasFor, pairsFor, ready, without, withoutDoubles } from './joins';

const table = (alias: string, on?: [string, string, string][]): SourceTable => ({
  alias,
  catalog: 'c',
  database: 'd',
  table: alias,
  ...(on && { join: { kind: 'inner', on: on.map(([a, left, column]) => ({ alias: a, left, column })) } }),
});

it('names a table that is there twice', () => expect(aliasFor([table('orders'), table('orders_2')], 'Orders')).toBe('Orders_3'));

it('leaves out of an alias what it cannot hold', () => expect([aliasFor([], 'süß-2'), aliasFor([], '2020')]).toEqual(['s___2', '_2020']));

it.each([
  [{ a: ['date', 'country', 'n'] }, ['date', 'country', 'm'], ['date', 'country']],
  [{ a: ['customer_id', 'name'] }, ['customer_id', 'name'], ['customer_id']],
  [{ a: ['x'] }, ['y'], ['']],
])('pairs of %j and %j', (columns, own, want) => expect(pairsFor([table('a')], columns, own).map((p) => p.column)).toEqual(want));

it('takes a table out with its pairs', () => {
  const left = without([table('a'), table('b', [['a', 'x', 'x']]), table('c', [['a', 'x', 'x'], ['b', 'y', 'y']])], 'a');
  expect(left[0]!.join).toBeUndefined();
  expect(left[1]!.join!.on).toEqual([{ alias: 'b', left: 'y', column: 'y' }]);
});

it('is ready when all are joined', () => {
  expect([[], [table('a')], [table('a'), table('b', [])], [table('a'), table('b', [['a', 'x', '']])], [table('a'), table('b', [['a', 'x', 'x']])]].map(ready)).toEqual([false, true, false, false, true]);
});

it('hides what a join says twice', () => {
  const fields = ['a.x', 'b.x', 'b.y'].map((column) => ({ name: column, column }));
  expect(withoutDoubles([table('a'), table('b', [['a', 'x', 'x']])], fields).filter((f) => f.hidden).map((f) => f.name)).toEqual(['b.x']);
});
