import { describe, expect, it } from 'vitest';

import { offsetOf, oneLine, quoted, statementAt, statements, tokenAt } from './statement';

const texts = (s: string) => statements(s).map((x) => x.text);

describe('statements', () => {
  it.each([
    ['', []],
    ['  ;; \n ;', []],
    ['SELECT 1', ['SELECT 1']],
    ['SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ["SELECT ';'; SELECT 'it''s; fine'", ["SELECT ';'", "SELECT 'it''s; fine'"]],
    ['SELECT "a;b"; SHOW TABLES IN `x;y`', ['SELECT "a;b"', 'SHOW TABLES IN `x;y`']],
    ['SELECT 1 -- one; two\n, 2; SELECT /* ; */ 3', ['SELECT 1 -- one; two\n, 2', 'SELECT /* ; */ 3']],
    ['-- about\n/* this */ SELECT 1', ['SELECT 1']],
    ["SELECT 'open; and never closed", ["SELECT 'open; and never closed"]],
    ['/* open; SELECT 1', []],
  ])('%j', (text, want) => expect(texts(text)).toEqual(want));

  it('gives offsets that cut the text out again', () => {
    const s = '  SELECT 1 ;\n\n-- c\nSELECT  2  ; x';
    for (const x of statements(s)) expect(s.slice(x.from, x.to)).toBe(x.text);
  });
});

describe('statementAt', () => {
  const s = 'SELECT 1;\nSELECT 2;\n';
  it.each([
    [0, 'SELECT 1'],
    [8, 'SELECT 1'],
    [9, 'SELECT 1'],
    [10, 'SELECT 2'],
    [20, 'SELECT 2'],
  ])('cursor at %i', (cursor, want) => expect(statementAt(s, cursor)?.text).toBe(want));

  it('takes the first where the cursor stands before it', () => expect(statementAt('\n\n SELECT 1', 0)?.text).toBe('SELECT 1'));
  it('finds none in an empty text', () => expect(statementAt(' ', 0)).toBeUndefined());
});

describe('offsetOf', () => {
  it.each([
    ['abc', 1, 1, 0],
    ['abc', 1, 3, 2],
    ['abc', 1, 9, 3],
    ['a\nbc', 2, 2, 3],
    ['a\nbc', 7, 1, 4],
    ['a\nbc', 1, 9, 1],
    ["'😀' x", 1, 5, 5],
  ])('%j %i:%i', (s, line, column, want) => expect(offsetOf(s, line, column)).toBe(want));
});

describe('tokenAt', () => {
  const cut = (s: string, at: number) => {
    const { from, to } = tokenAt(s, at);
    return s.slice(from, to);
  };
  it.each([
    ['SELECT nope FROM t', 7, 'nope'],
    ['SELECT t.nope, 2', 7, 't.nope'],
    ['SELECT "a b" FROM t', 7, '"a b"'],
    ['SELECT (1', 7, '('],
    ['SELECT FROM', 11, 'FROM'],
    ['SELECT FROM  ', 13, 'FROM'],
    ['SELECT größe', 7, 'größe'],
    ['', 0, ''],
  ])('%j at %i', (s, at, want) => expect(cut(s, at)).toBe(want));
});

it('oneLine joins lines and cuts', () => {
  expect(oneLine(' SELECT\n  1 ')).toBe('SELECT 1');
  expect(oneLine('abcdef', 4)).toBe('abc…');
});

it('quoted quotes what needs it', () => {
  expect(['order', 'default'].map(quoted)).toEqual(['"order"', 'default']);
  expect(['a', 'a_1', 'A', '1a', 'a b', 'a"b'].map(quoted)).toEqual(['a', 'a_1', '"A"', '"1a"', '"a b"', '"a""b"']);
});
