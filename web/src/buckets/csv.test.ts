import { expect, it } from 'vitest';

import { readCSV } from './csv';
import { readLines } from './jsonl';

it.each([
  ['', []],
  ['a,b\n1,2\n', [['a', 'b'], ['1', '2']]],
  ['a,b\r\n1,\r\n', [['a', 'b'], ['1', '']]],
  ['"Korea, South",1', [['Korea, South', '1']]],
  ['"said ""hi""",x', [['said "hi"', 'x']]],
  ['"two\nlines",x\ny,z', [['two\nlines', 'x'], ['y', 'z']]],
  ['a\n\nb', [['a'], [''], ['b']]],
  ['a,', [['a', '']]],
  ['a\n"cut off', [['a']]],
  ['"a"b,c', [['ab', 'c']]],
])('csv %j', (text, want) => expect(readCSV(text, ',', 100)).toEqual(want));

it('csv ends at the most rows', () => expect(readCSV('a\nb\nc', ',', 2)).toEqual([['a'], ['b']]));
it('tsv', () => expect(readCSV('a,b\tc', '\t', 9)).toEqual([['a,b', 'c']]));

it('json lines become a table over all their keys', () => {
  const got = readLines('{"a":1,"b":"x"}\n{"b":null,"c":{"d":[1]}}\nnot json\n\n{"a":false}', 100);
  expect(got.columns).toEqual(['a', 'b', 'c']);
  expect(got.rows).toEqual([
    ['1', 'x', null],
    [null, null, '{"d":[1]}'],
    ['false', null, null],
  ]);
  expect(got.bad).toBe(1);
});
