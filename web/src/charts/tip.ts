import css from './charts.module.css';
import type { Point, Scene, Tip } from './scene';

/** More lines would leave the chart. */
const mostLines = 12;

/** What is told at a place: of one point, or of all points of an axis' place. */
export function tipOf(scene: Scene, points: readonly Point[]): Tip | undefined {
  const tips = points.map((p) => scene.tip(p));
  const first = tips[0];
  if (!first) return undefined;
  const lines = tips.flatMap((t) => t.lines);
  if (tips.length > 1) lines.sort((a, b) => (b.n ?? -Infinity) - (a.n ?? -Infinity));
  return { title: first.title, lines };
}

/** As elements: a page's policy lets no text bring styles of its own. */
export function tipElement(tip: Tip): HTMLElement {
  const box = document.createElement('div');
  box.className = css.tip!;
  const title = document.createElement('b');
  title.textContent = tip.title;
  box.append(title);
  for (const l of tip.lines.slice(0, mostLines)) {
    const line = document.createElement('div');
    const dot = document.createElement('i');
    if (l.color) dot.style.background = l.color;
    const name = document.createElement('span');
    name.textContent = l.name;
    const value = document.createElement('span');
    value.textContent = l.value;
    line.append(dot, name, value);
    box.append(line);
  }
  if (tip.lines.length > mostLines) {
    const more = document.createElement('small');
    more.textContent = `and ${(tip.lines.length - mostLines).toLocaleString('en')} more`;
    box.append(more);
  }
  return box;
}

/** As a sentence that is read aloud. */
export const tipText = (tip: Tip) => `${tip.title}: ${tip.lines.map((l) => `${l.name} ${l.value}`).join(', ')}`;
