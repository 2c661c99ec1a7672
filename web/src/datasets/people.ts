/** Who an ARN is, without where they are: a user's or group's name. */
export const nameOf = (arn: string) => arn.replace(/^.*[/:]/, '') || arn;
