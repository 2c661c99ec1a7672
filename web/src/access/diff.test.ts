import { expect, test } from 'vitest';

import { diff } from './diff';
import { unitsBefore } from './place';

const show = (before: string, after: string) =>
  diff(before.split(''), after.split(''))
    .map((c) => ({ same: ' ', gone: '-', new: '+' })[c.kind] + c.text)
    .join('');

test('what is the same stays, in order', () => {
  expect(show('abc', 'abc')).toBe(' a b c');
  expect(show('abc', 'axc')).toBe(' a-b+x c');
  expect(show('', 'ab')).toBe('+a+b');
  expect(show('ab', '')).toBe('-a-b');
  expect(show('abcabba', 'cbabac')).toHaveLength(2 * (7 + 6 - 4));
});

test('either side is found in a difference', () => {
  for (let round = 0; round < 200; round++) {
    const word = () => Array.from({ length: Math.floor(Math.random() * 12) }, () => 'abc'[Math.floor(Math.random() * 3)]!);
    const before = word();
    const after = word();
    const d = diff(before, after);
    expect(d.filter((c) => c.kind !== 'new').map((c) => c.text)).toEqual(before);
    expect(d.filter((c) => c.kind !== 'gone').map((c) => c.text)).toEqual(after);
  }
});

test('columns count bytes', () => {
  expect(unitsBefore('"ab": 1', 3)).toBe(3);
  expect(unitsBefore('"ä": 1', 4)).toBe(3);
  expect(unitsBefore('"€😀": 1', 8)).toBe(4);
  expect(unitsBefore('ab', 9)).toBe(2);
});
