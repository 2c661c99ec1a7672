// What was done to a draft, so that it can be undone.

export interface History<T> {
  past: readonly T[];
  now: T;
  future: readonly T[];
  /** Of the last change; another of the same kind right after it is undone together with it. */
  kind?: string;
}

/** How many changes can be undone. */
const most = 100;

export const begin = <T>(now: T): History<T> => ({ past: [], now, future: [] });

/** A change. Changes of one kind that follow each other, as letters that are typed, are one. */
export function changed<T>(h: History<T>, now: T, kind?: string): History<T> {
  if (now === h.now) return h;
  const together = kind !== undefined && kind === h.kind && h.past.length > 0;
  return { past: together ? h.past : [...h.past, h.now].slice(-most), now, future: [], kind };
}

export function undone<T>(h: History<T>): History<T> {
  const before = h.past.at(-1);
  if (before === undefined) return h;
  return { past: h.past.slice(0, -1), now: before, future: [h.now, ...h.future] };
}

export function redone<T>(h: History<T>): History<T> {
  const [next, ...future] = h.future;
  if (next === undefined) return h;
  return { past: [...h.past, h.now], now: next, future };
}
