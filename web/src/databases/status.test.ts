import { describe, expect, it } from 'vitest';

import type { Instance } from '../api/instances';
import { changeText, connections, gib, nextWindow, statusName, toneOf } from './status';

const one: Instance = {
  name: 'newsblog', region: 'us-west-2', arn: '', id: 'db-1', class: 'db.m6g.large', engine: 'postgres', version: '15.18', status: 'available',
  host: '127.0.0.1', port: 5433, user: 'blogger', storage: 20, window: 'sun:03:10-sun:03:40', backup_window: '05:00-05:30', retention: 1,
};

describe('an instance', () => {
  it('has a tone by its status', () => {
    expect(toneOf(one)).toBe('good');
    expect(toneOf({ ...one, status: 'stopped' })).toBe('quiet');
    expect(toneOf({ ...one, status: 'modifying' })).toBe('busy');
    expect(toneOf({ ...one, status: 'storage-full' })).toBe('wants');
  });
  it('names its status', () => expect(statusName('incompatible-parameters')).toBe('Incompatible parameters'));
  it('says how to connect', () => {
    expect(connections(one)[0]!.text).toContain('port=5433 user=blogger dbname=postgres');
    expect(connections({ ...one, engine: 'mariadb', database: 'shop' })[0]!.text).toContain('-P 5433');
    expect(connections({ ...one, host: undefined })).toEqual([]);
  });
});

describe('a pending change', () => {
  it('is told as now and then', () => {
    expect(changeText({ what: 'class', now: 'db.m6g.large', next: 'db.r6g.large' })).toEqual({ what: 'Class', now: 'db.m6g.large', next: 'db.r6g.large' });
    expect(changeText({ what: 'storage', now: 20, next: 40 })).toEqual({ what: 'Storage', now: '20 GiB', next: '40 GiB' });
    expect(changeText({ what: 'multi_az', now: false, next: true })).toEqual({ what: 'Multi-AZ', now: 'off', next: 'on' });
    expect(changeText({ what: 'password', next: '****' }).now).toBeUndefined();
  });
});

describe('the next window', () => {
  const at = (s: string) => nextWindow('sun:03:10-sun:03:40', new Date(s))?.toISOString();
  it('is later this week, or next week', () => {
    expect(at('2026-11-23T00:00:00Z')).toBe('2026-11-29T03:10:00.000Z');
    expect(at('2026-11-29T03:09:00Z')).toBe('2026-11-29T03:10:00.000Z');
    expect(at('2026-11-29T03:10:00Z')).toBe('2026-12-06T03:10:00.000Z');
  });
  it('is unknown of what is no window', () => expect(nextWindow('soon')).toBeUndefined());
});

describe('memory', () => {
  it('is in powers of 1024', () => {
    expect(gib(8 * 2 ** 30)).toBe('8 GiB');
    expect(gib(0.5 * 2 ** 30)).toBe('512 MiB');
  });
});
