/** What was refused, of a refusal's text. */
export interface Refusal {
  as: string;
  action: string;
  resource: string;
}

// The sentence is AWS's, which every part of lethe refuses with.
const refused = /User: (arn:\S+) is not authorized to perform: (\S+) on resource: (.+?)(?= with an explicit deny | because no |\n|$)/;

/** Finds in a text who was refused what; undefined if it tells of no refusal. */
export function refusalIn(text: string): Refusal | undefined {
  const m = refused.exec(text);
  if (!m) return undefined;
  // Policies are a role's, not its session's.
  const session = /^arn:aws:sts::\d*:assumed-role\/([^/]+)\//.exec(m[1]!);
  return { as: session ? `role/${session[1]}` : m[1]!, action: m[2]!, resource: m[3]! };
}
