import { expect, test } from 'vitest';

import type { ErasureRequest } from '../api/erasure';
import { dueIn, stops, toldWhom } from './state';

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
  expect(stops(done, {})[6]).toEqual({ name: 'Told', state: 'ahead', note: 'by you' });
});

test('a request says itself when it came where', () => {
  const at = (n: number) => `2026-11-0${n}T00:00:00Z`;
  const kept = { asked: made, located: at(2), reported: at(3), approved: at(4), erased: at(5), verified: at(6) };
  const done = r({ state: 'done', digest: 'd', decisions: [yes], stops: kept, contact_given: true });
  expect(stops(done, { reported: at(9), erased: at(9) }).map((s) => s.at)).toEqual([made, at(2), at(3), at(4), at(5), at(6), undefined]);
  expect(stops(done, {})[6]).toEqual({ name: 'Told', state: 'now', note: 'Mail is on its way' });
  expect(stops({ ...done, stops: { ...kept, told: at(7) } }, {})[6]).toEqual({ name: 'Told', state: 'reached', at: at(7) });
  expect(toldWhom(done)).toBe('the person');
  expect(toldWhom(r({ requester_given: true }))).toBe('whoever asked');
  expect(toldWhom(r({}))).toBeUndefined();
});

test('days are counted until a request is due', () => {
  const now = Date.parse(made);
  expect(dueIn(r({}), now)).toEqual({ text: '30 days left', close: false });
  expect(dueIn(r({}), now + 24 * 86_400_000)).toEqual({ text: '6 days left', close: true });
  expect(dueIn(r({}), now + 31.5 * 86_400_000)).toEqual({ text: '1 day late', close: true });
  expect(dueIn(r({ state: 'done' }), now)).toEqual({ text: '', close: false });
});
