import { expect, test } from 'vitest';

import { begun, changed, kept, redone, undone } from './undo';

test('steps are undone and done again', () => {
  let p = changed(changed(begun('a'), 'b'), 'c');
  p = undone(p);
  expect(p.now).toBe('b');
  expect(undone(undone(undone(p))).now).toBe('a');
  expect(redone(redone(redone(undone(p)))).now).toBe('c');
  expect(redone(changed(p, 'd')).now).toBe('d');
});

test('what is typed in one go is one step', () => {
  let p = begun('');
  p = changed(p, 'M', 'title', 1000);
  p = changed(p, 'Ma', 'title', 1200);
  p = changed(p, 'Map', 'title', 1500);
  expect(undone(p).now).toBe('');
  p = changed(p, 'Map!', 'title', 9000);
  expect(undone(p).now).toBe('Map');
  p = changed(p, 'other', 'kind', 9001);
  expect(undone(p).now).toBe('Map!');
});

test('the past is bounded, and no change is no step', () => {
  let p = begun(0);
  for (let i = 1; i < kept + 50; i++) p = changed(p, i);
  expect(p.before).toHaveLength(kept);
  expect(changed(p, p.now)).toBe(p);
});
