import { describe, expect, it } from 'vitest';

import { cartesian, roundScale, spread } from './cartesian';
import { colorStore, palette } from './colors';
import { heat } from './heat';
import { histogram } from './histogram';
import { pie } from './pie';
import { scatter } from './scatter';
import { Refusal } from './scene';
import { answer, column, stage, sum, visual } from './testing';
import { tipOf, tipText } from './tip';

type Data = { id: string; name: string; data: unknown[]; color?: string; itemStyle?: { opacity?: number }; endLabel?: unknown }[];
const series = (s: { option: object }) => (s.option as { series: Data }).series;

const days = ['2020-09-01', '2020-09-02', '2020-09-03', '2020-09-10', '2020-09-11'];
const at = (d: string) => Date.parse(d);

describe('lines', () => {
  const v = visual('line', { x: [{ field: 'date', grain: 'day' }], color: [{ field: 'country' }], value: [{ field: 'mortality', format: { style: 'percent' } }] });
  const rows = days.flatMap((d) => ['US', 'Italy'].map((c) => [d, c] as const));
  const a = answer([
    column('date', 'date', rows.map((r) => r[0])), column('country', 'text', rows.map((r) => r[1])), column('mortality', 'decimal', rows.map((_, i) => (i === 2 ? null : i / 100))),
  ]);

  it('break where a value or a day is missing', () => {
    const [us] = series(cartesian(stage(v, a)));
    expect(us!.data).toEqual([
      [at('2020-09-01'), 0], [at('2020-09-02'), null], [at('2020-09-03'), 0.04], [(at('2020-09-03') + at('2020-09-10')) / 2, null], [at('2020-09-10'), 0.06], [at('2020-09-11'), 0.08],
    ]);
  });

  it('have the colours of their values, which other visuals share', () => {
    const colors = colorStore({ country: { US: '#123456' } });
    const [us, italy] = series(cartesian(stage(v, a, { colors })));
    expect(us!.color).toBe('#123456');
    expect(italy!.color).toBe(colors.of('country', 'Italy', 'light'));
  });

  it('tell all at a day, the largest first', () => {
    const s = cartesian(stage(v, a));
    const here = s.points.filter((p) => a.columns[0]!.values[p.row] === '2020-09-10');
    expect(tipText(tipOf(s, here)!)).toBe('10 Sep 2020: Italy 7%, US 6%');
  });

  it('mark their value, or their day', () => {
    const s = cartesian(stage(v, a));
    expect(s.mark(s.points[0]!, false)).toEqual([{ visual: 'v', field: 'country', value: 'US' }]);
    expect(s.mark(s.points[0]!, true)).toEqual([{ visual: 'v', field: 'date', grain: 'day', value: '2020-09-01' }]);
  });

  it('fade when others are marked', () => {
    const s = cartesian(stage(v, a, { marks: [{ visual: 'v', field: 'country', value: 'US' }] }));
    expect(series(s).map((x) => x.itemStyle!.opacity)).toEqual([1, 0.22]);
    const other = cartesian(stage(v, a, { marks: [{ visual: 'elsewhere', field: 'country', value: 'US' }] }));
    expect(series(other).map((x) => x.itemStyle!.opacity)).toEqual([1, 1]);
  });

  it('are fifty at most, and say which', () => {
    const many = Array.from({ length: 60 }, (_, i) => `c${i}`);
    const s = cartesian(stage(v, answer([column('date', 'date', many.map(() => '2020-09-01')), column('country', 'text', many), column('mortality', 'decimal', many.map((_, i) => i))])));
    expect(series(s)).toHaveLength(50);
    expect(s.notes).toEqual(['Shows 50 of 60 lines: those that reach highest.']);
  });

  it('leave out on a logarithmic axis what is not above 0', () => {
    const s = cartesian(stage({ ...v, look: { log: true } }, a));
    expect(s.notes).toEqual(['1 value is not above 0 and cannot stand on a logarithmic axis.']);
  });

  it('refuse in a sentence when there is nothing to draw', () => {
    expect(() => cartesian(stage(v, answer([column('date', 'date', ['2020-09-01']), column('country', 'text', ['US']), column('mortality', 'decimal', [null])])))).toThrow(Refusal);
    expect(() => cartesian(stage(visual('line', { x: [{ field: 'date' }] }), answer([column('date', 'date', ['2020-09-01'])])))).toThrow('Choose a field for the value.');
  });
});

describe('bars', () => {
  const months = ['2020-01-01', '2020-02-01', '2020-04-01'];
  const v = visual('bar', { x: [{ field: 'date', grain: 'month' }], value: [sum('n')] });
  const a = answer([column('date', 'date', months), column('n', 'integer', [1, 0, 3])]);

  it('leave a gap for a missing month, which is not a 0', () => {
    const s = cartesian(stage(v, a));
    expect((s.option.xAxis as { data: string[] }).data).toEqual(['Jan 2020', 'Feb 2020', 'Mar 2020', 'Apr 2020']);
    expect(series(s)[0]!.data).toEqual([1, 0, null, 3]);
    expect(s.points.map((p) => [p.index, p.row])).toEqual([[0, 0], [1, 1], [3, 2]]);
  });

  it('keep the order of the answer when it is sorted by value', () => {
    const s = cartesian(stage({ ...v, sort: { well: 'value', descending: true } }, answer([column('date', 'date', ['2020-04-01', '2020-01-01']), column('n', 'integer', [3, 1])])));
    expect((s.option.xAxis as { data: string[] }).data).toEqual(['Apr 2020', 'Jan 2020']);
  });

  it('have a share of each place, told beside the value', () => {
    const w = visual('bar', { x: [{ field: 'x' }], color: [{ field: 'c' }], value: [sum('n')] }, { look: { stack: 'share' } });
    const s = cartesian(stage(w, answer([column('x', 'text', ['a', 'a', 'b']), column('c', 'text', ['p', 'q', 'p']), column('n', 'integer', [1, 3, 5])])));
    expect(series(s).map((x) => x.data)).toEqual([[0.25, 1], [0.75, null]]);
    expect(tipText(s.tip(s.points[0]!))).toBe('a: p 1 · 25.0%');
  });

  it('call the last row others, if it is that', () => {
    const w = visual('bar', { x: [{ field: 'x' }], value: [sum('n')] }, { others: true });
    const s = cartesian(stage(w, answer([column('x', 'text', ['a', null]), column('n', 'integer', [5, 9])], { more: true })));
    expect((s.option.xAxis as { data: string[] }).data).toEqual(['a', 'Others']);
  });

  it('have reference lines of what the first value is', () => {
    const s = cartesian(stage({ ...v, lines: [{ of: 'average' }, { of: 'median' }, { label: 'Goal', value: 2 }] }, a));
    const lines = (series(s)[0] as unknown as { markLine: { data: { yAxis: number; label: { formatter: string } }[] } }).markLine.data;
    expect(lines.map((l) => [Math.round(l.yAxis * 100) / 100, l.label.formatter])).toEqual([[1.33, 'Average 1.33'], [1, 'Median 1'], [2, 'Goal 2']]);
  });

  it('are no more than can be told apart', () => {
    const n = 5000;
    const s = cartesian(stage(visual('bar', { x: [{ field: 'x' }], value: [sum('n')] }), answer([column('x', 'text', Array.from({ length: n }, (_, i) => `x${i}`)), column('n', 'integer', Array.from({ length: n }, (_, i) => i))])));
    expect(s.points.length).toBeLessThanOrEqual(500);
    expect(s.notes).toEqual(['Shows the first 500 of 5,000 bars.']);
  });
});

describe('pies', () => {
  const v = visual('pie', { color: [{ field: 'c' }], value: [sum('n')] });
  it('cannot show what is below 0', () => {
    const s = pie(stage(v, answer([column('c', 'text', ['a', 'b', 'c']), column('n', 'integer', [3, -1, 1])])));
    expect(s.notes).toEqual(['1 value is below 0 and cannot be a slice.']);
    expect(tipText(s.tip(s.points[0]!))).toBe('a: n 3 · 75%');
  });

  it('draw the smallest of many slices as one', () => {
    const s = pie(stage(v, answer([column('c', 'text', Array.from({ length: 40 }, (_, i) => `c${i}`)), column('n', 'integer', Array.from({ length: 40 }, (_, i) => 100 - i))])));
    expect((series(s)[0]!.data as { name: string }[]).at(-1)!.name).toBe('17 smaller');
    expect(s.points).toHaveLength(23);
  });
});

describe('scatter plots, heat maps and histograms', () => {
  it('thin points beyond two thousand', () => {
    const n = 5000;
    const s = scatter(stage(visual('scatter', { x: [sum('a')], y: [sum('b')] }), answer([column('a', 'integer', Array.from({ length: n }, (_, i) => i)), column('b', 'integer', Array.from({ length: n }, (_, i) => i))])));
    expect(s.points).toHaveLength(2000);
    expect(s.notes).toEqual(['Shows 2,000 of 5,000 points, evenly chosen.']);
  });

  it('leave cells without a value empty', () => {
    const s = heat(stage(visual('heat_map', { rows: [{ field: 'r' }], columns: [{ field: 'c' }], value: [sum('n')] }), answer([column('r', 'text', ['a', 'a', 'b']), column('c', 'text', ['x', 'y', 'x']), column('n', 'integer', [1, null, 3])])));
    expect((series(s)[0]!.data as { value: number[] }[]).map((d) => d.value)).toEqual([[0, 0, 1], [0, 1, 3]]);
  });

  it('place bins by their width', () => {
    const s = histogram(stage(visual('histogram', { value: [{ field: 'x', bins: 10 }] }), answer([column('x', 'decimal', [0.1, 0.4], 0.1), column('*', 'integer', [5, 2])])));
    expect((series(s)[0]!.data as { value: number[] }[]).map((d) => d.value.map((n) => Math.round(n * 100) / 100))).toEqual([[0.15, 5], [0.45, 2]]);
    expect(tipText(s.tip(s.points[0]!))).toBe('0.1 to 0.2: Rows 5');
    expect(s.mark(s.points[0]!, false)).toEqual([{ visual: 'v', field: 'x', value: '0.1..0.2' }]);
  });
});

describe('colours', () => {
  it('stay with their values and differ as long as there are some', () => {
    const store = colorStore();
    const first = Array.from({ length: 12 }, (_, i) => store.of('country', `c${i}`, 'light'));
    expect(new Set(first).size).toBe(12);
    expect(new Set(first.slice(0, 6))).toEqual(new Set(palette.light.slice(0, 6)));
    expect(store.of('country', 'c3', 'light')).toBe(first[3]);
    expect(palette.dark.indexOf(store.of('country', 'c3', 'dark'))).toBe(palette.light.indexOf(first[3]!));
    expect(palette.light).toContain(store.of('country', 'c12', 'light'));
  });

  it('take no colour that is none', () => {
    expect(palette.light).toContain(colorStore({ c: { a: 'url(x)' } }).of('c', 'a', 'light'));
  });

  it('are no property of every object', () => {
    expect(palette.light).toContain(colorStore({}).of('constructor', 'toString', 'light'));
  });
});

describe('names at the ends of lines', () => {
  it('have their room, in their order, as near as can be', () => {
    expect(spread([10, 100], 14, 0, 200)).toEqual([10, 100]);
    const close = spread([50, 52, 51, 120], 14, 0, 200);
    expect(close[2]! - close[0]!).toBeCloseTo(14);
    expect(close[1]! - close[2]!).toBeCloseTo(14);
    expect(close[3]).toBe(120);
    expect(spread([0, 1, 2], 14, 0, 200)).toEqual([0, 14, 28]);
    const low = spread([198, 199, 200], 14, 0, 200);
    expect(Math.max(...low)).toBeLessThanOrEqual(200);
  });

  it('stand on axes with round ends', () => {
    expect(roundScale(0, 0.238, 5)).toEqual({ min: 0, max: 0.25, interval: 0.05 });
    expect(roundScale(0, 6_420_040, 5)).toEqual({ min: 0, max: 8_000_000, interval: 2_000_000 });
    expect(roundScale(0, 0, 5).max).toBeGreaterThan(0);
    expect(roundScale(-3, 7, 5)).toEqual({ min: -4, max: 8, interval: 2 });
  });
});
