import { expect, it } from 'vitest';

import { address, problemFrom, problemOf } from './client';

it.each([
  ['a/b c.txt', '/api/v1/buckets/x/objects/a/b%20c.txt'],
  ['a//b', '/api/v1/buckets/x/objects/a%2F%2Fb'],
  ['../b', '/api/v1/buckets/x/objects/..%2Fb'],
  ['/a', '/api/v1/buckets/x/objects/%2Fa'],
  ['a?b#c', '/api/v1/buckets/x/objects/a%3Fb%23c'],
  ['folder/', '/api/v1/buckets/x/objects/folder/'],
  ['.hidden', '/api/v1/buckets/x/objects/.hidden'],
])('key %j', (key, want) => expect(address(['buckets', 'x', 'objects'], {}, key)).toBe(want));

it('address leaves out what is not given', () => {
  expect(address(['queries'], { after: '', limit: 5, x: undefined })).toBe('/api/v1/queries?limit=5');
});

it('problems say what the server said, or that it was not lethe', () => {
  const p = problemFrom(403, '{"error":{"kind":"denied","message":"no","hint":"ask","id":"1"}}');
  expect([p.kind, p.message, p.hint, p.id, p.status]).toEqual(['denied', 'no', 'ask', '1', 403]);
  expect(problemFrom(502, '<html>').message).toContain('502');
  expect(problemOf(new TypeError('x')).kind).toBe('internal');
});
