import type { Visual } from '../api/dash';

// Visuals stand on a grid of 12 columns, and rows of a fixed height. Two never overlap: what is
// put onto others pushes them down, and what hangs rises to what is above it.

export type Place = Visual['place'];

/** Anything that has a place. */
export interface Placed {
  id: string;
  place: Place;
}

export const columns = 12;
/** Pixels. */
export const rowHeight = 40;
export const gap = 12;
export const smallest = { w: 2, h: 2 };

const overlap = (a: Place, b: Place) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

const clamp = (n: number, low: number, high: number) => Math.min(Math.max(n, low), high);

/** The nearest place that is on the grid. */
export function onGrid(p: Place): Place {
  const w = clamp(Math.round(p.w), smallest.w, columns);
  return { x: clamp(Math.round(p.x), 0, columns - w), y: Math.max(0, Math.round(p.y)), w, h: clamp(Math.round(p.h), smallest.h, 60) };
}

const reading = (a: Placed, b: Placed) => a.place.y - b.place.y || a.place.x - b.place.x;

/** In the order in which one reads them. */
export const inOrder = <T extends Placed>(all: readonly T[]): T[] => all.toSorted(reading);

/** Puts one at a place, and makes room for it. */
export function moved<T extends Placed>(all: readonly T[], id: string, to: Place): T[] {
  const place = onGrid(to);
  return settled(
    all.map((v) => (v.id === id ? { ...v, place } : v)),
    id,
  );
}

/** Lets all rise as far as they can; the one that is named goes first where two want a place. */
export function settled<T extends Placed>(all: readonly T[], first?: string): T[] {
  const tidy = all.map((v) => ({ ...v, place: onGrid(v.place) }));
  const named = tidy.find((v) => v.id === first);
  const others = tidy.filter((v) => v !== named).toSorted(reading);
  const done = new Map<string, T>();
  const put = (v: T) => done.set(v.id, { ...v, place: risen(v.place, [...done.values()]) });
  if (!named) others.forEach(put);
  else {
    // The others make room for it where it was put. Then it rises to what is above it, and they to it.
    done.set(named.id, named);
    others.forEach(put);
    done.delete(named.id);
    const place = risen(named.place, [...done.values()]);
    const around = [...done.values()].toSorted(reading);
    done.clear();
    done.set(named.id, { ...named, place });
    around.forEach(put);
  }
  return all.map((v) => done.get(v.id)!);
}

/** The highest place in the same columns that is free all the way up from where it is; below what is in the way, if something is. */
function risen(p: Place, others: readonly Placed[]): Place {
  let y = p.y;
  for (let hit; (hit = others.find((o) => overlap({ ...p, y }, o.place))); ) y = hit.place.y + hit.place.h;
  while (y > 0 && !others.some((o) => overlap({ ...p, y: y - 1 }, o.place))) y--;
  return { ...p, y };
}

/** The first free place of a size, in reading order. */
export function free(all: readonly Placed[], w: number, h: number): Place {
  for (let y = 0; ; y++)
    for (let x = 0; x + w <= columns; x++) {
      const p = { x, y, w, h };
      if (!all.some((o) => overlap(p, o.place))) return p;
    }
}

/** Rows that a sheet has. */
export const rows = (all: readonly Placed[]) => all.reduce((n, v) => Math.max(n, v.place.y + v.place.h), 0);
