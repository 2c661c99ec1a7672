import { expect, test } from 'vitest';

import { parsed, placeOf, tidy, whereOf } from './mapping';

test('an identifier is in one place, which is told in words', () => {
  expect(whereOf({ type: 'name', columns: ['first', 'buyer.last'] })).toBe('first, buyer.last');
  expect(whereOf({ type: 'user_id', key: '{user_id}-*.csv' })).toBe('{user_id}-*.csv');
  expect(whereOf({ type: 'user_id', tags: ['owner'] })).toBe('tag owner');
  expect(whereOf({ type: 'user_id', tags: [''] })).toBe('');
  expect(placeOf({ type: 'user_id', sidecar: '' })).toBe('sidecar');
  expect(placeOf({ type: 'user_id' })).toBe('columns');
});

test('what was not said is not sent', () => {
  expect(tidy({ name: 'm', database: 'd', table: 't', location: undefined, identifiers: [{ type: 'a' }, { type: 'a', columns: ['c'] }], mode: 'blank', replace: { c: null } })).toEqual({
    name: 'm',
    database: 'd',
    table: 't',
    identifiers: [{ type: 'a', columns: ['c'] }],
    mode: 'blank',
  });
});

test('JSON that is no mapping says so', () => {
  expect(() => parsed('{', 'm')).toThrow();
  expect(() => parsed('{"identifiers": 1}', 'm')).toThrow('list of identifiers');
  expect(parsed('{"identifiers": []}', 'm').name).toBe('m');
});
