import { expect, test } from 'vitest';

import { limiter } from './limiter';

/** A question that is answered when one says so. */
function question() {
  let answer = () => {};
  const asked = { yes: false };
  const act = () => {
    asked.yes = true;
    return new Promise<void>((done) => (answer = done));
  };
  return { act, asked, answer: () => answer() };
}

const settle = () => new Promise((done) => setTimeout(done));

test('at most so many run, and the others after them', async () => {
  const run = limiter(2);
  const [a, b, c, d] = [question(), question(), question(), question()];
  const all = [a, b, c, d].map((q) => run(q.act));
  await settle();
  expect([a, b, c, d].map((q) => q.asked.yes)).toEqual([true, true, false, false]);
  b.answer();
  await settle();
  expect([c.asked.yes, d.asked.yes]).toEqual([true, false]);
  for (const q of [a, c]) q.answer();
  await settle();
  d.answer();
  await Promise.all(all);
});

test('what is no longer wanted never asks, and does not hold up the others', async () => {
  const run = limiter(1);
  const [a, b, c] = [question(), question(), question()];
  const first = run(a.act);
  const stop = new AbortController();
  const second = run(b.act, stop.signal);
  const third = run(c.act);
  stop.abort(new Error('outdated'));
  await expect(second).rejects.toThrow('outdated');
  a.answer();
  await first;
  await settle();
  expect(b.asked.yes).toBe(false);
  c.answer();
  await third;
});

test('what fails gives its place back', async () => {
  const run = limiter(1);
  await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(run(async () => 1)).resolves.toBe(1);
});
