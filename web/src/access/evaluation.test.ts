import { expect, test } from 'vitest';

import type { Explanation, Statement } from '../api/types';
import { placeOf, steps } from './evaluation';

const explained = (about: Partial<Explanation>): Explanation => ({
  principal: 'arn:aws:iam::000000000000:user/ada',
  action: 's3:GetObject',
  resource: '*',
  allowed: false,
  explicit: false,
  reason: 'NotAllowed',
  sentence: 'no identity-based or resource-based policy allows s3:GetObject on *',
  matched: [],
  missing: [],
  beside: [],
  sights: [],
  ...about,
});
const statement = (source: string, deny = false): Statement => ({ policy: 'p', source, statement: '1', deny, line: 1 });
const decided = (e: Explanation) => steps(e).filter((s) => s.decided).map((s) => s.name);

test('the step that decided is the one the server names', () => {
  const own = statement('identity-based policy');
  const theirs = statement('resource-based policy');
  expect(decided(explained({}))).toEqual(['Identity-based policies']);
  expect(decided(explained({ allowed: true, decided: own, matched: [own] }))).toEqual(['Identity-based policies']);
  expect(decided(explained({ allowed: true, decided: theirs, matched: [own, theirs], beside: ['resource-based policy'] }))).toEqual(["The resource's policy"]);
  const deny = statement('identity-based policy', true);
  expect(decided(explained({ explicit: true, decided: deny, matched: [own, deny] }))).toEqual(['Explicit deny']);
  expect(
    decided(explained({ matched: [own], beside: ['permissions boundary'], reason: 'BoundaryNotAllowed' })),
  ).toEqual(['Permissions boundary']);
});

test('a policy is found by its name', () => {
  expect(placeOf('arn:aws:iam::aws:policy/AdministratorAccess')).toEqual({ view: 'policies', name: 'arn:aws:iam::aws:policy/AdministratorAccess' });
  expect(placeOf('group/makers/own')).toEqual({ view: 'groups', name: 'makers' });
  expect(placeOf('arn:aws:s3:::lake')).toEqual({ bucket: 'lake' });
  expect(placeOf('session')).toBeUndefined();
});
