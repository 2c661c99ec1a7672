/** The name in an ARN of a user, a group, a role or a session. */
export const nameOf = (arn: string) => arn.split(/[:/]/).at(-1) || arn;

export const isGroup = (arn: string) => /:group\//.test(arn);
