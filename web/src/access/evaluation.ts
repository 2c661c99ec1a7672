import type { Explanation, Statement } from '../api/types';

/** How a step of the evaluation went. */
export type Outcome = 'denies' | 'allows' | 'silent' | 'none';

export interface Step {
  name: string;
  outcome: Outcome;
  /** What the step found, in words. */
  says: string;
  statements: Statement[];
  /** Whether the decision fell here. */
  decided: boolean;
}

const identity = 'identity-based policy';
const resource = 'resource-based policy';
const boundary = 'permissions boundary';
const session = 'session policy';

/** The steps of a decision in the order of AWS's evaluation logic. What decided is
 * what the server says decided; nothing is decided here. */
export function steps(e: Explanation): Step[] {
  const allows = (source: string) => e.matched.filter((m) => !m.deny && m.source === source);
  const denies = e.matched.filter((m) => m.deny);
  const decidedBy = (source: string) => e.allowed && e.decided?.source === source;

  const limit = (name: string, source: string, reason: string, none: string): Step => {
    if (!e.beside.includes(source)) return { name, outcome: 'none', says: none, statements: [], decided: false };
    const found = allows(source);
    return {
      name,
      outcome: found.length > 0 ? 'allows' : 'silent',
      says: found.length > 0 ? 'allows it' : 'does not allow it',
      statements: found,
      decided: e.reason === reason,
    };
  };
  const limits = [
    limit('Permissions boundary', boundary, 'BoundaryNotAllowed', 'none: nothing limits what policies allow'),
    limit('Session policies', session, 'SessionNotAllowed', 'none: the question is not about a session'),
  ];

  const own = allows(identity);
  const onResource = allows(resource);
  const limited = limits.some((l) => l.decided);
  return [
    {
      name: 'Explicit deny',
      outcome: denies.length > 0 ? 'denies' : 'none',
      says: denies.length > 0 ? 'a statement denies it, whatever others allow' : 'no statement denies it',
      statements: denies,
      decided: e.explicit,
    },
    { name: 'Service control policies', outcome: 'none', says: 'none: a lake is in no organization', statements: [], decided: false },
    {
      name: "The resource's policy",
      outcome: onResource.length > 0 ? 'allows' : e.beside.includes(resource) ? 'silent' : 'none',
      says: onResource.length > 0 ? 'allows it' : e.beside.includes(resource) ? 'says nothing of it' : 'the resource has none',
      statements: onResource,
      decided: decidedBy(resource),
    },
    {
      name: 'Identity-based policies',
      outcome: own.length > 0 ? 'allows' : 'silent',
      says: own.length > 0 ? 'allow it' : 'none of the policies of the user and its groups, or of the role, allows it',
      statements: own,
      decided: decidedBy(identity) || (!e.allowed && !e.explicit && !limited),
    },
    ...limits,
  ];
}

/** Where the text of a statement's policy is found: by its ARN, or with its holder. */
export function placeOf(policy: string): { view: 'users' | 'groups' | 'roles' | 'policies'; name: string } | { bucket: string } | undefined {
  if (/^arn:aws:iam::[^:]*:policy\//.test(policy)) return { view: 'policies', name: policy };
  const own = /^(user|group|role)\/([^/]+)/.exec(policy);
  if (own) return { view: `${own[1] as 'user' | 'group' | 'role'}s`, name: own[2]! };
  const bucket = /^arn:aws:s3:::([^/]+)/.exec(policy);
  return bucket ? { bucket: bucket[1]! } : undefined;
}
