// What the areas of points mean: a few discs with their figures, beside the map.

import { formatFigure } from '../format';
import { font } from '../ink';
import type { Col } from '../reading';
import type { Stage } from '../scene';

/** The largest of 1, 2 and 5 times a power of ten that is not above a figure. */
export function roundBelow(v: number): number {
  const power = 10 ** Math.floor(Math.log10(v));
  const first = v / power;
  return (first >= 5 ? 5 : first >= 2 ? 2 : 1) * power;
}

/** Figures of which discs are shown, the largest first. */
export function steps(largest: number, type: Col['type']): number[] {
  if (!(largest > 0) || !Number.isFinite(largest)) return [];
  const top = roundBelow(largest);
  return [top, roundBelow(top / 5), roundBelow(top / 25)].filter((v) => type !== 'integer' || v >= 1);
}

/** Smaller discs than these are hard to tell apart. */
const leastDisc = 5;

/** A legend of sizes in the corner of a map that has room for one, as ECharts' title: what has a border in its rich text is a disc. */
export function sizeLegend(s: Stage, size: Col | undefined, largest: number, diameter: (v: number) => number, bottom: number): object {
  const shown = size && s.visual.look.legend !== 'none' && s.size.width >= 300 && s.size.height >= 200 ? steps(largest, size.type).filter((v) => diameter(v) >= leastDisc) : [];
  if (!size || shown.length === 0) return { show: false };
  const style = size.format?.style ? size.format : { ...size.format, style: 'compact' as const };
  const disc = (v: number) => ({ width: diameter(v), height: diameter(v), borderRadius: diameter(v) / 2, borderWidth: 1, borderColor: s.ink.muted, verticalAlign: 'middle' });
  return {
    left: 6,
    bottom: bottom + 6,
    padding: 0,
    text: [`{name|${plain(size.title)}}`, ...shown.map((v, n) => `{disc${n}|}{figure|${plain(formatFigure(v, size.type, style))}}`)].join(''),
    textStyle: {
      fontFamily: font, fontSize: 11, fontWeight: 400, color: s.ink.muted,
      rich: {
        name: { padding: [0, 8, 0, 0], verticalAlign: 'middle', fontSize: 11, color: s.ink.muted, fontFamily: font },
        figure: { padding: [0, 10, 0, 4], verticalAlign: 'middle', fontSize: 11, color: s.ink.text, fontFamily: font },
        ...Object.fromEntries(shown.map((v, n) => [`disc${n}`, disc(v)])),
      },
    },
  };
}

/** Text in which nothing is taken for a style. */
const plain = (text: string) => text.replaceAll(/[{}|]/g, ' ');
