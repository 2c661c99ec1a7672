import { expect, it } from 'vitest';

import { placeIn } from './place';

const at = (message: string, field = 'rate') => placeIn({ message, line: 0, column: 0 }, field);

it('finds the place in an expression', () => {
  expect(at('field "rate": line 1:10: there is no field "nothere"')).toEqual({ line: 1, column: 10 });
  expect(at('fields[8].expression: line 2:3: mismatched input')).toEqual({ line: 2, column: 3 });
  expect(at('field "other": line 1:10: there is no field "nothere"')).toBeUndefined();
  expect(at('it is too long')).toBeUndefined();
});
