import { expect, it } from 'vitest';

import { guess } from './formats';

it.each([
  [['2020-09-10', null, '2020-01-22'], 'yyyy-MM-dd'],
  [['01/22/2020', '09/10/2020'], 'MM/dd/yyyy'],
  [['01/12/2020', '22/09/2020'], 'dd/MM/yyyy'],
  [['20200910'], 'yyyyMMdd'],
  [['2020-09-10 12:00:00'], 'yyyy-MM-dd HH:mm:ss'],
  [['2020-09-10', 'unknown'], undefined],
  [['20209999'], undefined],
  [[null, ''], undefined],
  [[20200910], undefined],
])('%j reads as %s', (values, want) => expect(guess(values)?.format).toBe(want));
