import type { Row } from '../api/types';

/** Reads JSON lines as a table over the keys of all objects, in the order in
 * which they first appear. Lines that are not objects are counted as bad. */
export function readLines(text: string, most: number): { columns: string[]; rows: Row[]; bad: number } {
  const at = new Map<string, number>();
  const found: Record<string, unknown>[] = [];
  let bad = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    if (found.length >= most) break;
    try {
      const v: unknown = JSON.parse(line);
      if (v === null || typeof v !== 'object' || Array.isArray(v)) throw new Error('not an object');
      for (const k of Object.keys(v)) if (!at.has(k)) at.set(k, at.size);
      found.push(v as Record<string, unknown>);
    } catch {
      bad++;
    }
  }
  const columns = [...at.keys()];
  const cell = (v: unknown) => (v === null || v === undefined ? null : typeof v === 'string' ? v : JSON.stringify(v));
  return { columns, rows: found.map((o) => columns.map((k) => cell(o[k]))), bad };
}
