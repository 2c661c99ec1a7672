import { expect, test } from 'vitest';

import type { ErasureRequest } from '../api/erasure';
import { dueIn, stops } from './state';

const made = '2026-11-01T10:00:00Z';
const r = (more: Partial<ErasureRequest>): ErasureRequest => ({
  id: '01',
  state: 'asked',
  by: 'admin',
  made,
  due: '2026-12-01T10:00:00Z',
  found: { objects: 0, records: 0, unread: 0 },
  records: 0,
  exceptions: 0,
  ...more,
});
const yes = { approve: true, by: 'ada', digest: 'd', at: '2026-11-02T00:00:00Z' };
const states = (q: ErasureRequest) => stops(q, {}).map((s) => s.state);

test('a request is at the first stop it has not reached', () => {
  expect(states(r({}))).toEqual(['reached', 'now', 'ahead', 'ahead', 'ahead', 'ahead', 'ahead']);
  expect(states(r({ state: 'overdue', digest: 'd' }))).toEqual(['reached', 'reached', 'reached', 'now', 'ahead', 'ahead', 'ahead']);
  expect(states(r({ state: 'erasing', digest: 'd', decisions: [yes] }))).toEqual(['reached', 'reached', 'reached', 'reached', 'now', 'ahead', 'ahead']);
});

test('what is blocked is stuck where it was', () => {
  expect(states(r({ state: 'blocked' }))[1]).toBe('stuck');
  expect(states(r({ state: 'blocked', digest: 'd' }))[3]).toBe('stuck');
  expect(states(r({ state: 'blocked', digest: 'd', decisions: [yes] }))[4]).toBe('stuck');
});

test('a rejection ends the line', () => {
  const line = stops(r({ state: 'rejected', digest: 'd', decisions: [yes, { ...yes, approve: false, at: '2026-11-03T00:00:00Z' }] }), {});
  expect(line[3]).toEqual({ name: 'Rejected', state: 'stuck', at: '2026-11-03T00:00:00Z' });
});

test('what was done is as old as its certificate', () => {
  const done = r({ state: 'done', digest: 'd', decisions: [yes], closed: '2026-11-04T00:00:00Z' });
  expect(stops(done, { erased: '2026-11-03T00:00:00Z' }).map((s) => s.at)).toEqual([made, undefined, undefined, yes.at, '2026-11-03T00:00:00Z', '2026-11-03T00:00:00Z', undefined]);
  expect(stops(done, {})[6]!.state).toBe('ahead');
});

test('days are counted until a request is due', () => {
  const now = Date.parse(made);
  expect(dueIn(r({}), now)).toEqual({ text: '30 days left', close: false });
  expect(dueIn(r({}), now + 24 * 86_400_000)).toEqual({ text: '6 days left', close: true });
  expect(dueIn(r({}), now + 31.5 * 86_400_000)).toEqual({ text: '1 day late', close: true });
  expect(dueIn(r({ state: 'done' }), now)).toEqual({ text: '', close: false });
});
