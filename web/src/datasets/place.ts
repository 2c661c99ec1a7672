import type { Problem } from '../api/client';

/** The place in a field's expression that a problem speaks of, if it speaks of one: the service
 * counts it in the expression, and tells which field's it is. */
export function placeIn(p: Pick<Problem, 'message' | 'line' | 'column'>, field: string): { line: number; column: number } | undefined {
  const said = /"((?:[^"\\]|\\.)*)"[^"]*?\bline (\d+):(\d+)/.exec(p.message) ?? /()\bline (\d+):(\d+)/.exec(p.message);
  if (!said || (said[1] !== '' && said[1] !== field)) return undefined;
  return { line: Number(said[2]), column: Number(said[3]) };
}
