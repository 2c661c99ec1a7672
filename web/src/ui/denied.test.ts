import { expect, test } from 'vitest';

import { refusalIn } from './denied';

test('a refusal tells who, what and on what', () => {
  const ada = 'arn:aws:iam::000000000000:user/team/ada';
  expect(
    refusalIn(`User: ${ada} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::lake/a b.csv because no identity-based policy allows the s3:GetObject action`),
  ).toEqual({ as: ada, action: 's3:GetObject', resource: 'arn:aws:s3:::lake/a b.csv' });
  expect(refusalIn(`line 1:1: User: ${ada} is not authorized to perform: iam:ListUsers on resource: * with an explicit deny in an identity-based policy`)).toEqual({
    as: ada,
    action: 'iam:ListUsers',
    resource: '*',
  });
});

test("a session's policies are its role's", () => {
  expect(refusalIn('User: arn:aws:sts::000000000000:assumed-role/night/batch-1 is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::lake/x')?.as).toBe('role/night');
});

test('other texts are no refusals', () => {
  expect(refusalIn('this needs a login')).toBeUndefined();
  expect(refusalIn('User: anonymous is not authorized to perform: s3:GetObject on resource: x')).toBeUndefined();
});
