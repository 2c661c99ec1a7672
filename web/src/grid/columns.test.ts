import { expect, it } from 'vitest';

import { isNumeric, widths } from './columns';

it('numbers stand right', () => {
  expect(['bigint', 'decimal(10,2)', 'double', 'varchar', 'date', 'interval day to second'].map(isNumeric)).toEqual([true, true, true, false, false, false]);
});

it('widths fit names and values within bounds', () => {
  const columns = [
    { name: 'a', type: 'int' },
    { name: 'text', type: 'varchar' },
    { name: 'country', type: 'varchar' },
  ];
  const [a, text, country] = widths(columns, [['1', 'x'.repeat(500), null]]);
  expect(a).toBe(64);
  expect(text).toBe(360);
  expect(country).toBeGreaterThan(64);
});
