import { expect, test } from 'vitest';

import { columnTree, leaves } from './columns';

const paths = (type: string) => leaves(columnTree([{ name: 'c', type }])).map((n) => n.path);

test('a plain column is itself', () => {
  expect(paths('string')).toEqual(['c']);
  expect(paths('decimal(10,2)')).toEqual(['c']);
  expect(paths('array<string>')).toEqual(['c']);
});

test('fields of structs are named with dots, also within arrays', () => {
  expect(paths('struct<id:bigint,name:struct<first:string,last:string>>')).toEqual(['c.id', 'c.name.first', 'c.name.last']);
  expect(paths('array<struct<price:decimal(10,2),who:array<string>>>')).toEqual(['c.price', 'c.who']);
});

test('maps hold nothing that a mapping can name', () => {
  expect(paths('map<string,string>')).toEqual([]);
  expect(paths('struct<a:map<string,struct<b:int>>,d:date>')).toEqual(['c.d']);
});
