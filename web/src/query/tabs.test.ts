import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { namesOf, TabStore } from './tabs';

const stored = new Map<string, string>();

beforeEach(() => {
  stored.clear();
  vi.useFakeTimers();
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('localStorage', {
    getItem: (k: string) => stored.get(k) ?? null,
    setItem: (k: string, v: string) => stored.set(k, v),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const texts = (s: TabStore) => s.get().list.map((t) => t.text);

it('there is always an editor', () => {
  const s = new TabStore('k');
  expect(texts(s)).toEqual(['']);
  s.close(s.active().id);
  expect(texts(s)).toEqual(['']);
});

it('an untouched editor is taken, others are opened beside', () => {
  const s = new TabStore('k');
  s.open({ text: 'a' });
  s.open({ text: 'b' });
  s.activate(s.get().list[0]!.id);
  s.open({ text: 'c' });
  expect(texts(s)).toEqual(['a', 'c', 'b']);
  expect(s.active().text).toBe('c');
  s.open();
  expect(s.get().list).toHaveLength(4);
});

it('closing the active one shows its neighbour', () => {
  const s = new TabStore('k');
  s.open({ text: 'a' });
  s.open({ text: 'b' });
  s.close(s.active().id);
  expect(s.active().text).toBe('a');
});

it('editors are there again after a reload', () => {
  const s = new TabStore('k');
  s.open({ text: 'a', name: 'mine' });
  vi.runAllTimers();
  const again = new TabStore('k');
  expect(again.active()).toMatchObject({ text: 'a', name: 'mine' });
  expect(texts(new TabStore('another person'))).toEqual(['']);
});

it('two windows do not lose each other\'s editors', () => {
  const first = new TabStore('k');
  first.open({ text: 'a' });
  vi.runAllTimers();
  const second = new TabStore('k');
  second.open({ text: 'b' });
  vi.runAllTimers();
  first.open({ text: 'c' });
  vi.runAllTimers();
  expect(texts(new TabStore('k')).toSorted()).toEqual(['a', 'b', 'c']);
  first.close(first.get().list[0]!.id);
  vi.runAllTimers();
  expect(texts(new TabStore('k')).toSorted()).toEqual(['b', 'c']);
});

it('what is stored and not ours is not taken', () => {
  for (const bad of ['', 'null', '{"list":[]}', '{"list":[{"id":1}]}', '[', '{}']) {
    stored.set('k', bad);
    expect(texts(new TabStore('k'))).toEqual(['']);
  }
});

it('names come from the table, from people, and are told apart', () => {
  const t = (text: string, name = '') => ({ id: text, name, text, catalog: '', database: '' });
  expect(
    namesOf([t('SELECT * FROM a.b.orders o'), t('SELECT 1 FROM "my table"'), t('SHOW TABLES'), t(''), t('SELECT x FROM orders'), t('x', 'mine')]),
  ).toEqual(['orders', 'my table', 'SHOW TABLES', 'New query', 'orders 2', 'mine']);
});
