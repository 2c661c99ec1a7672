import { expect, it } from 'vitest';

import { pagesFor } from './useRows';

it.each([
  [0, 30, 100_000, [0]],
  [0, 30, 10, [0]],
  [0, 30, 0, [0]],
  [490, 520, 100_000, [0, 1]],
  [260, 290, 100_000, [0, 1]],
  [99_970, 99_999, 100_000, [199]],
  [99_600, 99_630, 100_000, [198, 199]],
])('rows %i to %i of %i', (first, last, count, want) => expect(pagesFor(first, last, count)).toEqual(want));
