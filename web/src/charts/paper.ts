// Something to draw on that becomes SVG or a bitmap.

import { font } from './ink';

export interface Letters {
  size: number;
  weight?: number;
  color: string;
  align?: 'start' | 'middle' | 'end';
}

export interface Paper {
  rect: (x: number, y: number, width: number, height: number, color: string) => void;
  line: (x1: number, y1: number, x2: number, y2: number, color: string) => void;
  path: (d: string, x: number, y: number, color: string, width: number) => void;
  text: (text: string, x: number, y: number, letters: Letters) => void;
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Also what XML has no letters for is left out. */
export const escaped = (text: string) =>
  // oxlint-disable-next-line no-control-regex -- these are what XML 1.0 forbids
  text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '').replaceAll(/[&<>"']/g, (c) => escapes[c]!);

export interface SvgPaper extends Paper {
  /** Another drawing, at a place. */
  insert: (svg: string, x: number, y: number) => void;
  done: (width: number, height: number, title: string) => string;
}

export function svgPaper(): SvgPaper {
  const parts: string[] = [];
  return {
    rect: (x, y, width, height, color) => void parts.push(`<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${escaped(color)}"/>`),
    line: (x1, y1, x2, y2, color) => void parts.push(`<path d="M${x1} ${y1}L${x2} ${y2}" stroke="${escaped(color)}"/>`),
    path: (d, x, y, color, width) => void parts.push(`<path d="${escaped(d)}" transform="translate(${x} ${y})" fill="none" stroke="${escaped(color)}" stroke-width="${width}" stroke-linejoin="round"/>`),
    text: (text, x, y, l) =>
      void parts.push(`<text x="${x}" y="${y}" font-size="${l.size}" font-weight="${l.weight ?? 400}" fill="${escaped(l.color)}" text-anchor="${l.align ?? 'start'}">${escaped(text)}</text>`),
    insert: (svg, x, y) => void parts.push(svg.replace(/^\s*(<\?xml[^>]*>\s*)?<svg /, `<svg x="${x}" y="${y}" overflow="visible" `)),
    done: (width, height, title) =>
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(font)}"><title>${escaped(title)}</title>${parts.join('')}</svg>`,
  };
}

export function canvasPaper(to: CanvasRenderingContext2D): Paper {
  return {
    rect(x, y, width, height, color) {
      to.fillStyle = color;
      to.fillRect(x, y, width, height);
    },
    line(x1, y1, x2, y2, color) {
      to.strokeStyle = color;
      to.lineWidth = 1;
      to.beginPath();
      to.moveTo(x1, y1);
      to.lineTo(x2, y2);
      to.stroke();
    },
    path(d, x, y, color, width) {
      to.save();
      to.translate(x, y);
      to.strokeStyle = color;
      to.lineWidth = width;
      to.lineJoin = 'round';
      to.stroke(new Path2D(d));
      to.restore();
    },
    text(text, x, y, l) {
      to.font = `${l.weight ?? 400} ${l.size}px ${font}`;
      to.fillStyle = l.color;
      to.textAlign = l.align === 'middle' ? 'center' : (l.align ?? 'start');
      to.textBaseline = 'alphabetic';
      to.fillText(text, x, y);
    },
  };
}

let ruler: CanvasRenderingContext2D | null = null;

/** How wide a text is. */
export function widthOf(text: string, size: number, weight = 400): number {
  ruler ??= document.createElement('canvas').getContext('2d');
  if (!ruler) return text.length * size * 0.58;
  ruler.font = `${weight} ${size}px ${font}`;
  return ruler.measureText(text).width;
}

/** A text that is no wider than it may be. */
export function clipped(text: string, width: number, size: number, weight = 400): string {
  if (widthOf(text, size, weight) <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(text.slice(0, middle) + '…', size, weight) <= width) low = middle;
    else high = middle - 1;
  }
  return text.slice(0, low) + '…';
}

/** Words in lines that are no wider than they may be. */
export function wrapped(text: string, width: number, size: number, weight = 400): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && widthOf(longer, size, weight) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, ...(line ? [line] : [])].map((l) => clipped(l, width, size, weight));
}
