import type { Field, SourceTable } from '../api/dash';

/** The columns of each table, by its alias. */
export type Columns = Record<string, string[]>;

type Join = NonNullable<SourceTable['join']>;

/** A name for a table in a source: its own, with what a name cannot hold left out, or it with a number. */
export function aliasFor(list: SourceTable[], table: string): string {
  const own = table.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_').slice(0, 60) || 't';
  for (let n = 1; ; n++) {
    const alias = n === 1 ? own : `${own}_${n}`;
    if (!list.some((t) => t.alias.toLowerCase() === alias.toLowerCase())) return alias;
  }
}

/** The pairs of columns that a table is most likely joined by: those of one name, to the first
 * table that has it. */
export function pairsFor(before: SourceTable[], columns: Columns, own: string[]): Join['on'] {
  const same = own.flatMap((column) => {
    const t = before.find((b) => columns[b.alias]?.includes(column));
    return t ? [{ alias: t.alias, left: column, column }] : [];
  });
  // Many common names are rarely all meant; what ends like an id comes first then.
  const ids = same.filter((p) => /(^|_)(id|key|code)$/i.test(p.column));
  if (ids.length > 0) return ids;
  return same.length > 0 ? same : [{ alias: before[0]?.alias ?? '', left: '', column: '' }];
}

export const joined = (list: SourceTable[], alias: string, join: Join) => list.map((t) => (t.alias === alias ? { ...t, join } : t));

/** Takes a table out, and the pairs that speak of it. The first has no join. */
export function without(list: SourceTable[], alias: string): SourceTable[] {
  return list
    .filter((t) => t.alias !== alias)
    .map((t, i) => {
      if (i === 0) return { ...t, join: undefined };
      return { ...t, join: { ...t.join!, on: t.join!.on.filter((p) => p.alias !== alias) } };
    });
}

/** Hides what a join says twice: a column that equals one of a table before, where each row of
 * it has a match there. */
export function withoutDoubles(tables: SourceTable[], fields: Field[]): Field[] {
  const double = new Set(tables.flatMap((t) => (t.join?.kind === 'inner' || t.join?.kind === 'left' ? t.join.on.map((p) => `${t.alias}.${p.column}`) : [])));
  return fields.map((f) => (f.column !== undefined && double.has(f.column) ? { ...f, hidden: true } : f));
}

/** Whether every table but the first is joined by whole pairs. */
export const ready = (list: SourceTable[]) =>
  list.length > 0 && list.slice(1).every((t) => t.join !== undefined && t.join.on.length > 0 && t.join.on.every((p) => p.alias !== '' && p.left !== '' && p.column !== ''));
