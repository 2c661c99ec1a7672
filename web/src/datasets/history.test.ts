import { expect, it } from 'vitest';

import { begin, changed, redone, undone } from './history';

it('goes back and forth', () => {
  let h = changed(changed(begin('a'), 'b'), 'c');
  h = undone(h);
  expect(h.now).toBe('b');
  h = undone(undone(h));
  expect(h.now).toBe('a');
  h = redone(redone(redone(h)));
  expect(h.now).toBe('c');
  expect(changed(undone(h), 'd').future).toEqual([]);
});

it('takes what is typed into one field as one change', () => {
  let h = changed(changed(changed(begin(''), 'd', 'name'), 'da', 'name'), 'day', 'name');
  expect(undone(h).now).toBe('');
  h = changed(undone(h), 'x', 'name');
  expect(undone(h).now).toBe('');
  expect(undone(changed(changed(begin(''), 'a'), 'b')).now).toBe('a');
});
