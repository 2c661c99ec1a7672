import type { BuildProgress } from '../api/erasure';

/** How fast a build goes, in bytes a second, and how long it takes yet, in
 * milliseconds; undefined while that cannot be told. The value is from 0 to 1, and
 * -1 until all objects have been found. */
export function rateOf(p: BuildProgress, now = Date.now()): { value: number; rate: number; left?: number } {
  const took = p.began ? now - Date.parse(p.began) : 0;
  const rate = took > 0 ? (p.bytes_read / took) * 1000 : 0;
  if (!p.listed) return { value: -1, rate };
  const value = p.bytes === 0 ? 1 : p.bytes_read / p.bytes;
  return { value, rate, left: rate > 0 ? ((p.bytes - p.bytes_read) / rate) * 1000 : undefined };
}
