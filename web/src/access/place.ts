/** How many UTF-16 units of a line its first bytes are; lines in answers count bytes. */
export function unitsBefore(line: string, bytes: number): number {
  let at = 0;
  let seen = 0;
  for (const c of line) {
    if (seen >= bytes) break;
    const code = c.codePointAt(0)!;
    seen += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += c.length;
  }
  return at;
}
