import type { Metrics } from '../api/instances';

/** Rates between measurements: transactions a second and the part of blocks that were in the cache. */
export function rates(all: readonly Metrics[]): { tps: number[]; hits: number[] } {
  const tps: number[] = [];
  const hits: number[] = [];
  for (let i = 1; i < all.length; i++) {
    const [a, b] = [all[i - 1]!, all[i]!];
    const s = (Date.parse(b.at) - Date.parse(a.at)) / 1000;
    if (s <= 0) continue;
    tps.push(Math.max(0, b.commits - a.commits) / s);
    const blocks = b.hits - a.hits + (b.reads - a.reads);
    // Where nothing was read, the figure of before still holds.
    hits.push(blocks > 0 ? (b.hits - a.hits) / blocks : (hits.at(-1) ?? (b.hits + b.reads > 0 ? b.hits / (b.hits + b.reads) : 1)));
  }
  return { tps, hits };
}

/** The line of values as points of an SVG that is w wide and h high; the highest is max or more. */
export function line(values: readonly number[], w: number, h: number, max = 0): string {
  const top = Math.max(max, ...values) || 1;
  const step = values.length > 1 ? w / (values.length - 1) : 0;
  return values.map((v, i) => `${(i * step).toFixed(1)},${(h - (v / top) * h).toFixed(1)}`).join(' ');
}
