import { expect, it } from 'vitest';

import { placeIn } from './place';

const at = (message: string, field: string) => placeIn({ message }, field);

it('finds the place in an expression, and in a statement', () => {
  expect(at('field "rate": line 1:10: there is no field "nothere"', 'rate')).toEqual({ line: 1, column: 10 });
  expect(at('field "other": line 1:10: there is no field "nothere"', 'rate')).toBeUndefined();
  expect(at("line 2:3: mismatched input 'FORM'", '')).toEqual({ line: 2, column: 3 });
  expect(at("COLUMN_NOT_FOUND: line 2:3: Column 'confirmd' cannot be resolved", '')).toEqual({ line: 2, column: 3 });
  expect(at('field "rate": line 1:10: there is no field "nothere"', '')).toBeUndefined();
  expect(at('the source has no column "line 1:10"', '')).toBeUndefined();
});
