// An answer as CSV, by RFC 4180: lines end with CR LF, and what holds a comma, a quote or a
// line's end stands in quotes.

import type { Answer, Visual } from '../api/dash';
import { read } from './reading';

/**
 * A spreadsheet runs what begins with one of these as a formula (OWASP, "CSV Injection"). A
 * text that does is written with an apostrophe before it, which spreadsheets take as "this is
 * text"; numbers are left as they are, also negative ones.
 */
const formula = /^[=+\-@\t\r]/;

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const safe = (text: string) => quoted(formula.test(text) ? `'${text}` : text);

/** The visual's answer: a line of titles, then values as they came, unformatted; null is empty. */
export function toCSV(visual: Visual, answer: Answer): string {
  const { columns } = read(visual, answer);
  const lines = [columns.map((c) => safe(c.title)).join(',')];
  for (let row = 0; row < answer.rows; row++) {
    lines.push(
      columns
        .map((c) => {
          const v = c.values[row];
          if (v === null || v === undefined) return '';
          if (typeof v !== 'string') return String(v);
          // Integers beyond 2^53 come as texts, and are numbers.
          return (c.type === 'integer' || c.type === 'decimal') && /^-?\d+(\.\d+)?$/.test(v) ? v : safe(v);
        })
        .join(','),
    );
  }
  return lines.join('\r\n') + '\r\n';
}
