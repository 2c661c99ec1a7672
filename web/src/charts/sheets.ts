// Key figures, tables and texts on paper.

import type { Ink } from './ink';
import { keyFigure, sparkline } from './kpi';
import { type Paper, clipped, widthOf, wrapped } from './paper';
import { pivot } from './pivot';
import { cell, isNumber, read } from './reading';
import { paragraphs, type Piece } from './text';
import type { Picture, Size } from './types';

/** More rows are told, not drawn. */
const mostRows = 200;
const rowHeight = 22;

/** Draws at a place into a width, and says how high it became. */
type Sheet = (to: Paper, x: number, y: number, size: Size, p: Picture, ink: Ink) => number;

const kpi: Sheet = (to, x, y, size, p, ink) => {
  const k = keyFigure(p.visual, p.answer);
  if (!k) return 0;
  to.text(k.value, x, y + 30, { size: 30, weight: 600, color: ink.text });
  const line = [k.title !== p.visual.title ? k.title : '', k.at ?? '', ...k.comparisons.map((c) => c.text)].filter((t) => t !== '').join('   ');
  to.text(clipped(line, size.width, 13), x, y + 54, { size: 13, color: ink.muted });
  if (k.trend.length < 2) return 64;
  const height = Math.max(40, size.height - 80);
  to.path(sparkline(k.trend, size.width - 8, height).line, x + 4, y + 72, ink.accent, 1.5);
  return 72 + height + 4;
};

/** Lines of cells, those of figures to the right. */
function grid(to: Paper, x: number, y: number, width: number, ink: Ink, head: readonly string[], lines: readonly { cells: readonly string[]; strong?: boolean }[], right: readonly boolean[]): number {
  const shown = lines.slice(0, mostRows);
  const wishes = head.map((h, i) => Math.min(260, Math.max(widthOf(h, 12, 500), ...shown.map((l) => widthOf(l.cells[i] ?? '', 12, l.strong ? 600 : 400))) + 20));
  const all = wishes.reduce((a, b) => a + b, 0);
  const widths = wishes.map((w) => (w * width) / all);
  const draw = (cells: readonly string[], at: number, weight: number, color: string) => {
    let left = x;
    cells.forEach((text, i) => {
      const w = widths[i] ?? 0;
      to.text(clipped(text, w - 8, 12, weight), right[i] ? left + w - 8 : left, at + 15, { size: 12, weight, color, align: right[i] ? 'end' : 'start' });
      left += w;
    });
  };
  draw(head, y, 500, ink.muted);
  to.line(x, y + rowHeight + 0.5, x + width, y + rowHeight + 0.5, ink.strong);
  shown.forEach((l, i) => {
    const at = y + rowHeight * (i + 1);
    draw(l.cells, at, l.strong ? 600 : 400, ink.text);
    to.line(x, at + rowHeight + 0.5, x + width, at + rowHeight + 0.5, ink.line);
  });
  let height = rowHeight * (shown.length + 1) + 4;
  if (lines.length > shown.length) {
    to.text(`and ${(lines.length - shown.length).toLocaleString('en')} more rows`, x, y + height + 14, { size: 12, color: ink.muted });
    height += 22;
  }
  return height;
}

const table: Sheet = (to, x, y, size, p, ink) => {
  const { columns, rows } = read(p.visual, p.answer);
  const lines = Array.from({ length: rows }, (_, row) => ({ cells: row < mostRows ? columns.map((c) => cell(c, row)) : [] }));
  return grid(to, x, y, size.width, ink, columns.map((c) => c.title), lines, columns.map((c) => isNumber(c) && !c.bin));
};

const pivoted: Sheet = (to, x, y, size, p, ink) => {
  const t = pivot(p.visual, p.answer);
  const spread = t.across.map((heads) => heads.flatMap((h) => Array.from({ length: h.span }, () => h.text)));
  const head = [...t.rowFields.map((c) => c.title), ...(spread[0] ?? []).map((_, i) => spread.map((s) => s[i] ?? '').filter((s) => s !== '').join(' · '))];
  const lines = t.rows.map((r) => ({ cells: [...r.heads.map((h) => h?.text ?? ''), ...r.cells], strong: r.kind !== 'row' }));
  return grid(to, x, y, size.width, ink, head, lines, head.map((_, i) => i >= t.rowFields.length));
};

const plain = (pieces: readonly Piece[]): string => pieces.map((q) => (typeof q === 'string' ? q : plain('bold' in q ? q.bold : q.pieces))).join('');

const text: Sheet = (to, x, y, size, p, ink) => {
  let at = y;
  for (const lines of paragraphs(p.visual.text ?? '')) {
    for (const line of lines) {
      const strong = line.every((q) => typeof q !== 'string' && 'bold' in q);
      for (const l of wrapped(plain(line), size.width, 14, strong ? 600 : 400)) {
        to.text(l, x, at + 16, { size: 14, weight: strong ? 600 : 400, color: ink.text });
        at += 22;
      }
    }
    at += 8;
  }
  return at - y;
};

export const sheets: Partial<Record<Picture['visual']['kind'], Sheet>> = { kpi, table, pivot: pivoted, text };
