// The text of a text visual: paragraphs, **bold** and [links](https://…), as Markdown has them.
// Nothing else is more than text, and a link goes only where links may go.

export type Piece = string | { bold: Piece[] } | { link: string; pieces: Piece[] };

/** An address that a link may have: of the web, of mail, or of this console. */
export function address(to: string): string | undefined {
  const t = to.trim();
  if (/^(https?:\/\/|mailto:)[^\s]+$/i.test(t)) return t;
  // One slash: two would leave this console.
  return /^\/(?![/\\])[^\s]*$/.test(t) ? t : undefined;
}

const pattern = /\*\*(.+?)\*\*|\[([^\]\n]+)\]\(([^)\s]+)\)/g;

function pieces(text: string, depth = 0): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const m of text.matchAll(pattern)) {
    const to = m[3] === undefined ? undefined : address(m[3]);
    if (m[3] !== undefined && !to) continue;
    if (m.index > at) out.push(text.slice(at, m.index));
    const inner = depth < 2 ? pieces((m[1] ?? m[2])!, depth + 1) : [(m[1] ?? m[2])!];
    out.push(to ? { link: to, pieces: inner } : { bold: inner });
    at = m.index + m[0].length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}

/** Paragraphs, which blank lines part; lines within stay lines. */
export const paragraphs = (text: string): Piece[][][] =>
  text
    .split(/\n[ \t]*\n/)
    .map((p) => p.trim())
    .filter((p) => p !== '')
    .map((p) => p.split('\n').map((line) => pieces(line)));
