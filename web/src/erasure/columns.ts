import type { Field } from '../api/types';

/** A column, or a field within one, as a mapping names it. */
export interface ColumnNode {
  /** With dots, as buyer.id. */
  path: string;
  name: string;
  type: string;
  children: ColumnNode[];
  /** Why it cannot hold an identifier by itself. */
  not?: string;
}

/** The columns of a table as a tree. Arrays have no name of their own: their elements'
 * fields are the column's. */
export function columnTree(columns: readonly Field[]): ColumnNode[] {
  return columns.map((c) => node(c.name, c.name, c.type));
}

function node(path: string, name: string, type: string): ColumnNode {
  const at = element(type);
  if (/^map\s*</i.test(at)) return { path, name, type, children: [], not: 'a map has no fields' };
  const fields = structFields(at);
  if (!fields) return { path, name, type, children: [] };
  return { path, name, type, children: fields.map((f) => node(`${path}.${f.name}`, f.name, f.type)), not: 'one of its fields is' };
}

/** What an array, or an array of arrays, is made of. */
function element(type: string): string {
  const m = /^\s*array\s*<(.*)>\s*$/is.exec(type);
  return m ? element(m[1]!) : type.trim();
}

/** The fields of a Hive struct; undefined if the type is none. */
function structFields(type: string): Field[] | undefined {
  const m = /^struct\s*<(.*)>$/is.exec(type);
  if (!m) return undefined;
  return split(m[1]!).map((f) => {
    const i = f.indexOf(':');
    return { name: f.slice(0, i).trim().replaceAll('`', ''), type: f.slice(i + 1).trim() };
  });
}

/** Splits at the commas that are in no brackets. */
function split(s: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s[i];
    if (c === '<' || c === '(') depth++;
    if (c === '>' || c === ')') depth--;
    if (c === ',' && depth === 0) {
      parts.push(s.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(s.slice(from));
  return parts.filter((p) => p.includes(':'));
}

/** All columns of a tree that can hold an identifier. */
export function leaves(tree: readonly ColumnNode[]): ColumnNode[] {
  return tree.flatMap((n) => (n.children.length > 0 ? leaves(n.children) : n.not ? [] : [n]));
}
