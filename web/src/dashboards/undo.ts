/** What was, what is, and what was undone. */
export interface Past<T> {
  before: readonly T[];
  now: T;
  after: readonly T[];
  /** What the last change was of, so that more of the same becomes one step. */
  of?: string;
  at: number;
}

/** Steps that are kept. */
export const kept = 200;
/** Within this many milliseconds changes of the same thing are one step. */
const together = 1200;

export const begun = <T>(now: T): Past<T> => ({ before: [], now, after: [], at: 0 });

/** Goes on to a next state. Changes of the same thing (a title that is typed) are undone together. */
export function changed<T>(p: Past<T>, next: T, of?: string, at = Date.now()): Past<T> {
  if (next === p.now) return p;
  const one = of !== undefined && of === p.of && at - p.at < together;
  return { before: one ? p.before : [...p.before, p.now].slice(-kept), now: next, after: [], of, at };
}

export function undone<T>(p: Past<T>): Past<T> {
  const last = p.before.at(-1);
  if (p.before.length === 0) return p;
  return { before: p.before.slice(0, -1), now: last as T, after: [p.now, ...p.after], at: 0 };
}

export function redone<T>(p: Past<T>): Past<T> {
  const [next, ...after] = p.after;
  if (p.after.length === 0) return p;
  return { before: [...p.before, p.now], now: next as T, after, at: 0 };
}
