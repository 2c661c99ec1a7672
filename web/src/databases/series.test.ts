import { describe, expect, it } from 'vitest';

import { append, keptMetrics, type Metrics } from '../api/instances';
import { line, rates } from './series';

const at = (second: number, more: Partial<Metrics> = {}): Metrics => ({
  at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), connections: 1, commits: 0, reads: 0, hits: 0, bytes: 0, memory: 0, started: 'a', ...more,
});

describe('measurements', () => {
  it('are not kept for ever', () => {
    let all: Metrics[] = [];
    for (let i = 0; i < keptMetrics + 10; i++) all = append(all, at(i));
    expect(all.length).toBe(keptMetrics);
    expect(all[0]).toEqual(at(10));
  });
  it('begin anew after a restart', () => expect(append([at(1)], at(2, { started: 'b' })).length).toBe(1));
});

describe('rates', () => {
  it('are of what is between two measurements', () => {
    expect(rates([at(0, { commits: 10 }), at(2, { commits: 30, hits: 9, reads: 1 })])).toEqual({ tps: [10], hits: [0.9] });
  });
  it('keep the hits of before while nothing is read', () => {
    expect(rates([at(0), at(2, { hits: 1, reads: 1 }), at(4, { hits: 1, reads: 1 })]).hits).toEqual([0.5, 0.5]);
  });
});

describe('a line', () => {
  it('goes from left to right, and up', () => expect(line([0, 2], 100, 10)).toBe('0.0,10.0 100.0,0.0'));
  it('is flat where there is nothing', () => expect(line([0, 0], 100, 10)).toBe('0.0,10.0 100.0,10.0'));
});
