// Finds the statements in an editor's text. A SQL text may hold several, ended
// by semicolons; the server takes one at a time.

export interface Statement {
  /** Without the blanks around it and the semicolon after it. */
  text: string;
  /** Offsets in the whole text. */
  from: number;
  to: number;
}

/** Where the token that begins at i ends, if it is one in which a semicolon
 * means nothing: a string, a quoted name or a comment. */
function opaque(s: string, i: number): number {
  const c = s[i];
  if (c === "'" || c === '"' || c === '`') {
    for (let j = i + 1; j < s.length; j++) {
      if (s[j] !== c) continue;
      if (s[j + 1] !== c) return j + 1;
      j++; // doubled: the character itself
    }
    return s.length;
  }
  if (c === '-' && s[i + 1] === '-') {
    const end = s.indexOf('\n', i);
    return end < 0 ? s.length : end;
  }
  if (c === '/' && s[i + 1] === '*') {
    const end = s.indexOf('*/', i + 2);
    return end < 0 ? s.length : end + 2;
  }
  return i;
}

/** All statements of a text, without empty ones and without comments before the first word. */
export function statements(s: string): Statement[] {
  const out: Statement[] = [];
  let from = 0;
  const end = (to: number) => {
    const start = firstWord(s, from, to);
    const text = s.slice(start, to).trimEnd();
    if (text !== '') out.push({ text, from: start, to: start + text.length });
    from = to + 1;
  };
  for (let i = 0; i < s.length; ) {
    const past = opaque(s, i);
    if (past > i) {
      i = past;
      continue;
    }
    if (s[i] === ';') end(i);
    i++;
  }
  end(s.length);
  return out;
}

/** Skips blanks and comments. */
function firstWord(s: string, from: number, to: number): number {
  let i = from;
  while (i < to) {
    if (/\s/.test(s[i]!)) i++;
    else if (s.startsWith('--', i) || s.startsWith('/*', i)) i = Math.min(opaque(s, i), to);
    else break;
  }
  return i;
}

/** The statement that a cursor is in, or else the one before it, or the first. */
export function statementAt(s: string, cursor: number): Statement | undefined {
  const all = statements(s);
  return all.findLast((x) => x.from <= cursor) ?? all[0];
}

/** The offset of a line and column, counted from 1 in characters. */
export function offsetOf(s: string, line: number, column: number): number {
  let at = 0;
  for (let l = 1; l < line; l++) {
    const next = s.indexOf('\n', at);
    if (next < 0) return s.length;
    at = next + 1;
  }
  // Columns count characters, and a character may be two units of a string.
  for (let c = 1; c < column && at < s.length && s[at] !== '\n'; c++) at += s.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}

/** The token at an offset, to underline: a word, a quoted name, or one character. */
export function tokenAt(s: string, at: number): { from: number; to: number } {
  if (s.length === 0) return { from: 0, to: 0 };
  let from = Math.min(at, s.length);
  // The end of the text, or a blank: the last thing before it.
  if (from >= s.length || /\s/.test(s[from]!)) {
    let back = Math.min(from, s.length) - 1;
    while (back > 0 && /\s/.test(s[back]!)) back--;
    from = Math.max(back, 0);
    while (from > 0 && /\w/.test(s[from]!) && /\w/.test(s[from - 1]!)) from--;
  }
  const past = opaque(s, from);
  if (past > from) return { from, to: past };
  const word = /^[\p{L}\p{N}_$.]+/u.exec(s.slice(from));
  return { from, to: from + (word ? word[0].length : 1) };
}

/** A statement on one line, cut to a length. */
export function oneLine(s: string, most = 160): string {
  const line = s.replaceAll(/\s+/g, ' ').trim();
  return line.length > most ? line.slice(0, most - 1) + '…' : line;
}

// Trino's reserved words (its documentation, "Keywords and identifiers").
const reserved = new Set(
  `alter and as between by case cast constraint create cross cube current_catalog current_date current_path current_role
  current_schema current_time current_timestamp current_user deallocate delete describe distinct drop else end escape
  except exists extract false for from full group grouping having in inner insert intersect into is join json_array
  json_exists json_object json_query json_table json_value left like listagg localtime localtimestamp natural normalize
  not null on or order outer prepare recursive right rollup select skip table then trim true uescape union unnest using
  values when where with`.split(/\s+/),
);

/** A name as SQL has it: quoted where it has to be. */
export const quoted = (name: string) =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
