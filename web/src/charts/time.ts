// Where dates stand on an axis, and where they are missing.

import type { Grain } from '../api/dash';

/** The start of the bucket after one that starts at ms, in UTC. */
export function next(ms: number, grain: Grain): number {
  const d = new Date(ms);
  switch (grain) {
    case 'year':
      return Date.UTC(d.getUTCFullYear() + 1, 0, 1);
    case 'quarter':
      return Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 3, 1);
    case 'month':
      return Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 1);
    case 'week':
      return ms + 7 * 86_400_000;
    case 'day':
      return ms + 86_400_000;
    case 'hour':
      return ms + 3_600_000;
    case 'minute':
      return ms + 60_000;
  }
}

/**
 * All buckets from the first to the last of sorted instants, so that bars of what is missing
 * leave a gap; the instants themselves where that would be more than `most`, or where they are
 * no buckets of the grain.
 */
export function buckets(sorted: readonly number[], grain: Grain | undefined, most = 2000): number[] {
  if (!grain || sorted.length < 2) return [...sorted];
  const all: number[] = [];
  const end = sorted.at(-1)!;
  for (let at = sorted[0]!; at <= end && all.length <= most; at = next(at, grain)) all.push(at);
  const has = new Set(all);
  // Where most are missing the data are of a coarser kind, as figures told on Mondays only.
  if (all.length > most || all.length > 2 * sorted.length || !sorted.every((s) => has.has(s))) return [...sorted];
  return all;
}

/**
 * The step beyond which neighbours are not neighbours: half as much again as is usual between
 * them, since months differ. Undefined where nothing is usual.
 */
export function gapOf(sorted: readonly number[]): number | undefined {
  if (sorted.length < 3) return undefined;
  const steps: number[] = [];
  for (let i = 1; i < sorted.length; i++) steps.push(sorted[i]! - sorted[i - 1]!);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)]! * 1.5;
}
