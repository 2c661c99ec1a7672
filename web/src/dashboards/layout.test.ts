import { expect, test } from 'vitest';

import { columns, free, moved, onGrid, type Placed, settled } from './layout';

const at = (id: string, x: number, y: number, w: number, h: number): Placed => ({ id, place: { x, y, w, h } });
const places = (all: readonly Placed[]) => Object.fromEntries(all.map((v) => [v.id, [v.place.x, v.place.y]]));

test('a visual that is put onto another pushes it down', () => {
  const all = [at('a', 0, 0, 6, 4), at('b', 6, 0, 6, 4)];
  expect(places(moved(all, 'a', { x: 6, y: 0, w: 6, h: 4 }))).toEqual({ a: [6, 0], b: [6, 4] });
  expect(places(moved(all, 'b', { x: 0, y: 0, w: 6, h: 4 }))).toEqual({ a: [0, 4], b: [0, 0] });
});

test('what hangs rises', () => {
  expect(places(settled([at('a', 0, 7, 6, 4), at('b', 6, 3, 6, 4)]))).toEqual({ a: [0, 0], b: [6, 0] });
  expect(places(moved([at('a', 0, 0, 12, 4), at('b', 0, 4, 12, 4)], 'a', { x: 0, y: 8, w: 12, h: 4 }))).toEqual({ a: [0, 4], b: [0, 0] });
});

test('places are on the grid', () => {
  expect(onGrid({ x: 11, y: -3, w: 6, h: 1 })).toEqual({ x: 6, y: 0, w: 6, h: 2 });
  expect(onGrid({ x: -2, y: 1.4, w: 40, h: 3 })).toEqual({ x: 0, y: 1, w: 12, h: 3 });
});

test('a new one goes where there is room', () => {
  expect(free([], 6, 7)).toEqual({ x: 0, y: 0, w: 6, h: 7 });
  expect(free([at('a', 0, 0, 6, 7)], 6, 7)).toEqual({ x: 6, y: 0, w: 6, h: 7 });
  expect(free([at('a', 0, 0, 6, 7), at('b', 6, 0, 6, 3)], 6, 7)).toEqual({ x: 6, y: 3, w: 6, h: 7 });
});

test('whatever is moved, none overlap, none is lost and none hangs', () => {
  const seed = Date.now() % 1_000_000;
  let state = seed;
  const random = (n: number) => (state = (state * 48271 + 11) % 2147483647) % n;
  let all: Placed[] = Array.from({ length: 9 }, (_, i) => at(String(i), random(12), random(20), 1 + random(12), 1 + random(6)));
  all = settled(all);
  const touch = (a: Placed['place'], b: Placed['place']) => a.x < b.x + b.w && b.x < a.x + a.w;
  const found = new Set<string>();
  for (let step = 0; step < 300; step++) {
    all = moved(all, String(random(9)), { x: random(14) - 1, y: random(30), w: 1 + random(12), h: 1 + random(8) });
    if (all.map((v) => v.id).join('') !== '012345678') found.add('lost');
    for (const { id, place: a } of all) {
      const rest = all.filter((v) => v.id !== id).map((v) => v.place);
      if (a.x < 0 || a.x + a.w > columns) found.add(`outside at step ${step}`);
      if (rest.some((b) => touch(a, b) && a.y < b.y + b.h && b.y < a.y + a.h)) found.add(`overlap at step ${step}`);
      if (a.y > 0 && !rest.some((b) => touch(a, b) && b.y + b.h === a.y)) found.add(`hangs at step ${step}`);
    }
  }
  expect([...found], `seed ${seed}`).toEqual([]);
});
