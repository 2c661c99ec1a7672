import { describe, expect, it } from 'vitest';

import { toCSV } from './csv';
import { keyFigure, sparkline } from './kpi';
import { sorted } from './order';
import { escaped, svgPaper } from './paper';
import { pivot } from './pivot';
import { read } from './reading';
import { summary } from './summary';
import { answer, column, sum, visual } from './testing';
import { address, paragraphs } from './text';
import { buckets, gapOf } from './time';
import { total } from './totals';

describe('CSV', () => {
  it('quotes what needs it, and lets no text become a formula', () => {
    const v = visual('table', { group: [{ field: 'a' }], value: [sum('n', { label: 'Total, all' }), sum('big')] });
    const a = answer([
      column('a', 'text', ['plain', 'a,b', 'say "x"', '=1+1', '-2', '@x', '\tx', null, 'two\nlines']),
      column('n', 'integer', [1, -2, null, 4, 5, 6, 7, 8, 9]),
      column('big', 'integer', ['9007199254740993', '-9007199254740993', 1, 1, 1, 1, 1, 1, 1]),
    ]);
    expect(toCSV(v, a)).toBe(
      'a,"Total, all",big\r\nplain,1,9007199254740993\r\n"a,b",-2,-9007199254740993\r\n"say ""x""",,1\r\n\'=1+1,4,1\r\n\'-2,5,1\r\n\'@x,6,1\r\n\'\tx,7,1\r\n,8,1\r\n"two\nlines",9,1\r\n',
    );
  });
});

describe('key figures', () => {
  it('compare with their target and with what was before', () => {
    const v = visual('kpi', { trend: [{ field: 'date', grain: 'day' }], value: [sum('n')], target: [sum('goal')] });
    const k = keyFigure(v, answer([column('date', 'date', ['2020-09-10', '2020-09-09']), column('n', 'integer', [110, 100]), column('goal', 'integer', [200, 200])]))!;
    expect(k.value).toBe('110');
    expect(k.at).toBe('10 Sep 2020');
    expect(k.trend).toEqual([100, 110]);
    expect(k.comparisons).toEqual([{ text: '55% of 200' }, { text: '10% above 9 Sep 2020', up: true }]);
  });

  it('are shortened, and exact beside it', () => {
    const k = keyFigure(visual('kpi', { value: [sum('n')] }), answer([column('n', 'integer', [28_227_493])]))!;
    expect([k.value, k.exact]).toEqual(['28.23M', '28,227,493']);
  });

  it('have no value rather than 0', () => {
    expect(keyFigure(visual('kpi', { value: [sum('n')] }), answer([column('n', 'integer', [null])]))!.value).toBe('–');
    expect(keyFigure(visual('kpi', { value: [sum('n')] }), answer([]))).toBeUndefined();
  });

  it('draw a trend whose gaps are gaps', () => {
    expect(sparkline([0, undefined, 10, 5], 30, 10).line).toBe('M0.0 10.0M20.0 0.0L30.0 5.0');
    expect(sparkline([3, 3], 10, 10)).toEqual({ line: 'M0.0 5.0L10.0 5.0', end: [10, 5] });
  });
});

describe('totals', () => {
  const v = visual('table', { group: [{ field: 'g' }], value: [sum('n'), { field: 'n', aggregation: 'max' }, { field: 'n', aggregation: 'average' }, { field: 'rate' }] });
  const r = read(v, answer([column('g', 'text', ['a', 'b', 'c']), ...Array.from({ length: 3 }, () => column('n', 'integer', [1, null, 5])), column('rate', 'decimal', [1, 2, 3])]));
  it('are of what adds up alone', () => {
    expect(r.columns.map((c) => total(c, [0, 1, 2]))).toEqual([undefined, 6, 5, undefined, undefined]);
    expect(total(r.columns[1]!, [1])).toBeNull();
  });
  it('are not of integers that are not exact', () => {
    const big = read(visual('table', { value: [sum('n')] }), answer([column('n', 'integer', ['9007199254740993', 1])]));
    expect(total(big.columns[0]!, [0, 1])).toBeUndefined();
  });
});

describe('pivot tables', () => {
  const v = visual('pivot', { rows: [{ field: 'continent' }, { field: 'country' }], columns: [{ field: 'year', grain: 'year' }], value: [sum('n')] });
  const rows = [
    ['Europe', 'Italy', '2021-01-01', 1], ['Asia', 'India', '2020-01-01', 2], ['Europe', 'Spain', '2020-01-01', 4], ['Europe', 'Italy', '2020-01-01', null],
  ] as const;
  const a = answer([0, 1, 2, 3].map((i) => column(['continent', 'country', 'year', 'n'][i]!, i === 3 ? 'integer' : i === 2 ? 'date' : 'text', rows.map((r) => r[i]!))));

  it('group, and total what adds up', () => {
    const p = pivot(v, a);
    expect(p.across.map((l) => l.map((h) => `${h.text} ${h.span}`))).toEqual([['2020 1', '2021 1', 'Total 1']]);
    expect(p.rows.map((r) => [r.kind, ...r.heads.map((h) => h?.text), ...r.cells])).toEqual([
      ['row', 'Europe', 'Italy', '–', '1', '1'],
      ['row', undefined, 'Spain', '4', '', '4'],
      ['subtotal', 'Europe total', '', '4', '1', '5'],
      ['row', 'Asia', 'India', '2', '', '2'],
      ['total', 'Total', '', '6', '1', '7'],
    ]);
  });

  it('total nothing that does not', () => {
    const p = pivot({ ...v, wells: { ...v.wells, value: [{ field: 'n', aggregation: 'average' }] } }, a);
    expect(p.rows.every((r) => r.kind === 'row')).toBe(true);
    expect(p.across[0]!.map((h) => h.text)).toEqual(['2020', '2021']);
  });

  it('total nothing of a part of the rows', () => {
    expect(pivot(v, { ...a, more: true }).rows.every((r) => r.kind === 'row')).toBe(true);
  });
});

describe('texts', () => {
  it('are bold and linked, and nothing else', () => {
    expect(paragraphs('A **b** [c](https://x.org/a) <i>d</i>\nline\n\n[e](javascript:alert(1)) [f](//evil.example)')).toEqual([
      [['A ', { bold: ['b'] }, ' ', { link: 'https://x.org/a', pieces: ['c'] }, ' <i>d</i>'], ['line']],
      [['[e](javascript:alert(1)) [f](//evil.example)']],
    ]);
  });

  it.each([
    ['https://a.b/c', true], ['HTTP://a', true], ['mailto:a@b.c', true], ['/dashboards/x', true], ['//a.b', false], ['/\\a.b', false], ['javascript:x', false], ['data:text/html,x', false], ['a.b', false],
  ])('%s goes somewhere: %s', (to, goes) => {
    expect(address(to) !== undefined).toBe(goes);
  });
});

describe('drawings', () => {
  it('let no text become a tag', () => {
    const to = svgPaper();
    to.text('<script>"&\u0000', 0, 0, { size: 12, color: '#fff' });
    const drawn = to.done(10, 10, '<b>');
    for (const bad of ['<script', '<b>', '\u0000']) expect(drawn).not.toContain(bad);
    expect(escaped(`a<b>"'&`)).toBe('a&lt;b&gt;&quot;&#39;&amp;');
  });
});

describe('order', () => {
  it('is that of numbers, and of words as people sort them; null is last', () => {
    const r = read(visual('table', { group: [{ field: 'w' }], value: [sum('n')] }), answer([column('w', 'text', ['a10', 'a2', null, 'B']), column('n', 'integer', [1, null, '30', 4])]));
    expect(sorted([0, 1, 2, 3], r.columns[0]!, false)).toEqual([1, 0, 3, 2]);
    expect(sorted([0, 1, 2, 3], r.columns[0]!, true)).toEqual([3, 0, 1, 2]);
    expect(sorted([0, 1, 2, 3], r.columns[1]!, true)).toEqual([2, 3, 0, 1]);
  });
});

describe('time', () => {
  const day = (n: number) => Date.UTC(2020, 0, n);
  it('has all buckets of a grain', () => {
    expect(buckets([Date.UTC(2020, 10, 1), Date.UTC(2021, 1, 1)], 'month').map((m) => new Date(m).getUTCMonth())).toEqual([10, 11, 0, 1]);
    expect(buckets([day(1), day(2), day(4)], 'day')).toEqual([1, 2, 3, 4].map(day));
  });
  it('invents no days where figures come on Mondays', () => {
    expect(buckets([day(6), day(13), day(20)], 'day')).toEqual([day(6), day(13), day(20)]);
    expect(gapOf([day(6), day(13), day(20)])).toBe(10.5 * 86_400_000);
  });
});

describe('summaries', () => {
  it('say what, how many, from when to when, and the largest', () => {
    const v = visual('line', { x: [{ field: 'date', grain: 'day' }], color: [{ field: 'country' }], value: [sum('confirmed')] });
    const a = answer([column('date', 'date', ['2020-09-09', '2020-09-10']), column('country', 'text', ['US', 'US']), column('confirmed', 'integer', [5, 7])]);
    expect(summary(v, a)).toBe('Line chart of confirmed by date and country: 2 groups; from 9 Sep 2020 to 10 Sep 2020; largest 7 (10 Sep 2020, US); smallest 5.');
    expect(summary(v, answer([column('date', 'date', []), column('country', 'text', []), column('confirmed', 'integer', [])]))).toBe('Line chart of confirmed by date and country: no rows.');
  });
});
