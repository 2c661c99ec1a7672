import type { Row } from '../api/types';

/** Reads the beginning of a CSV text (RFC 4180; either line end). A last line
 * that the text cuts off inside quotes is left out. */
export function readCSV(text: string, separator: string, most: number): Row[] {
  const rows: Row[] = [];
  let row: string[] = [];
  let i = 0;
  while (i < text.length && rows.length < most) {
    let field = '';
    if (text[i] === '"') {
      i++;
      for (;;) {
        const end = text.indexOf('"', i);
        if (end < 0) return rows;
        field += text.slice(i, end);
        i = end + 1;
        if (text[i] !== '"') break;
        field += '"';
        i++;
      }
    }
    // What follows a closing quote belongs to the field too, as most readers have it.
    let end = i;
    while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
    field += text.slice(i, end);
    row.push(field);
    i = end;
    if (text[i] === separator) {
      i++;
      if (i < text.length) continue;
      row.push('');
    }
    if (text[i] === '\r') i++;
    if (text[i] === '\n') i++;
    rows.push(row);
    row = [];
  }
  return rows;
}
