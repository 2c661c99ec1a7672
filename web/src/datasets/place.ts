import type { Problem } from '../api/client';

/** The place in a text that a problem speaks of, if it speaks of one: in the expression of a
 * field, whose name the message then begins with; of no field, in the source's statement. Errors of
 * Athena's have its code before the place. */
export function placeIn(p: Pick<Problem, 'message'>, field: string): { line: number; column: number } | undefined {
  const said = /^(?:field "((?:[^"\\]|\\.)*)": )?(?:[A-Z_]+: )?line (\d+):(\d+)/.exec(p.message);
  if (!said || (said[1] ?? '') !== field) return undefined;
  return { line: Number(said[2]), column: Number(said[3]) };
}
