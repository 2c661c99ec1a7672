import { describe, expect, it } from 'vitest';

import type { FieldType, Format, Grain, Value } from '../api/dash';
import { formatFigure, formatInstant, formatTick, formatValue, instant } from './format';

describe('values as people read them', () => {
  it.each<[Value, FieldType, Format | undefined, string]>([
    [6420040, 'integer', undefined, '6,420,040'],
    ['9007199254740993', 'integer', undefined, '9,007,199,254,740,993'],
    [-3, 'integer', undefined, '-3'],
    [0.029744, 'decimal', undefined, '0.02974'],
    [1234.567, 'decimal', undefined, '1,234.6'],
    [2.345, 'decimal', undefined, '2.35'],
    [2, 'decimal', { decimals: 2 }, '2.00'],
    [0.1263, 'decimal', { style: 'percent' }, '12.6%'],
    [0.0297, 'decimal', { style: 'percent' }, '2.97%'],
    [0.5, 'decimal', { style: 'percent', decimals: 0 }, '50%'],
    [6420040, 'integer', { style: 'compact' }, '6.4M'],
    [12.5, 'decimal', { style: 'currency', currency: 'EUR' }, '€12.50'],
    [12.5, 'decimal', { style: 'currency', currency: 'nonsense' }, '$12.50'],
    [7, 'integer', { prefix: '≈ ', suffix: ' km' }, '≈ 7 km'],
    ['2020-09-10', 'date', undefined, '10 Sep 2020'],
    ['2020-09-10T14:05:00.000', 'time', undefined, '10 Sep 2020 14:05:00'],
    ['2020-09-10', 'date', { date: "EEEE, d. MMMM ''yy" }, "Thursday, 10. September '20"],
    [true, 'boolean', undefined, 'yes'],
    [null, 'text', undefined, 'null'],
    ['', 'text', undefined, ''],
    [Number.NaN, 'decimal', undefined, 'NaN'],
  ])('%j as %s', (value, type, format, text) => {
    expect(formatValue(value, type, format)).toBe(text);
  });

  it.each<[Grain, string]>([
    ['year', '2020'], ['quarter', 'Q3 2020'], ['month', 'Jul 2020'], ['week', '1 Jul 2020'], ['day', '1 Jul 2020'], ['hour', '1 Jul 2020 00:00'],
  ])('a %s by its name', (grain, text) => {
    expect(formatValue('2020-07-01', 'date', undefined, grain)).toBe(text);
  });

  it('says nothing of a figure that is missing, and never 0', () => {
    expect(formatFigure(null, 'integer')).toBe('–');
    expect(formatFigure(0, 'integer')).toBe('0');
  });

  it('shortens the figures of axes', () => {
    expect([0, 500, 9000, 20_000, 6_400_000].map((n) => formatTick(n))).toEqual(['0', '500', '9,000', '20K', '6.4M']);
    expect(formatTick(0.25, { style: 'percent' })).toBe('25%');
    expect(formatTick(30_000, { style: 'currency', currency: 'EUR' })).toBe('€30K');
  });
});

describe('instants', () => {
  it('are of UTC, whatever the page is in', () => {
    expect(instant('2020-03-29')).toBe(Date.UTC(2020, 2, 29));
    expect(instant('2020-03-29T02:30:00.000')).toBe(Date.UTC(2020, 2, 29, 2, 30));
    expect(instant('2020-03-29T02:30:00Z')).toBe(Date.UTC(2020, 2, 29, 2, 30));
    expect(instant('March')).toBeUndefined();
    expect(instant('2020-13-45')).toBeUndefined();
    expect(instant(null)).toBeUndefined();
  });

  it('follow a pattern', () => {
    const ms = Date.UTC(2020, 0, 2, 3, 4, 5, 6);
    expect(formatInstant(ms, "yyyy-MM-dd'T'HH:mm:ss.SSS")).toBe('2020-01-02T03:04:05.006');
    expect(formatInstant(ms, 'd/M/yy H')).toBe('2/1/20 3');
  });
});
