// Visuals as files. They are drawn anew, out of sight, with their titles and notes.

import { SVGRenderer } from 'echarts/renderers';

import { init, use } from './engine';
import { type Ink, inkOf } from './ink';
import { canvasPaper, clipped, type Paper, svgPaper } from './paper';
import { Refusal, type Scene } from './scene';
import { isMap, sceneOf } from './scenes';
import { sheets } from './sheets';
import type { Picture, PictureSize, Size } from './types';

use([SVGRenderer]);

const margin = 16;
const titleHeight = 28;
const noteHeight = 20;
const usual: Size = { width: 960, height: 540 };

interface Frame {
  size: Size;
  /** Of what is within title, notes and margins. */
  inner: Size;
  top: number;
  ink: Ink;
}

function frameOf(p: Picture, size: PictureSize): Frame {
  const { width, height } = { ...usual, ...size };
  const top = margin + (p.visual.title ? titleHeight : 0);
  return { size: { width, height }, inner: { width: width - 2 * margin, height: height - top - margin }, top, ink: inkOf(p.scheme) };
}

function frame(to: Paper, f: Frame, p: Picture, height: number, notes: readonly string[]) {
  if (p.visual.title) to.text(clipped(p.visual.title, f.inner.width, 15, 600), margin, margin + 14, { size: 15, weight: 600, color: f.ink.text });
  if (notes.length) to.text(clipped(notes.join(' '), f.inner.width, 12), margin, height - margin + 2, { size: 12, color: f.ink.muted });
}

/** The chart's scene in the room that its notes leave. */
async function chart(p: Picture, f: Frame): Promise<{ scene: Scene; size: Size } | { why: string }> {
  if (isMap(p.visual.kind)) await import('./geo/load');
  const make = (size: Size) => sceneOf({ ...p, size, marks: [] });
  try {
    const scene = make(f.inner);
    if (scene.notes.length === 0) return { scene, size: f.inner };
    const size = { width: f.inner.width, height: f.inner.height - noteHeight };
    return { scene: make(size), size };
  } catch (e) {
    if (e instanceof Refusal) return { why: e.message };
    throw e;
  }
}

/** How high a table becomes is seen as it is drawn: on a paper that keeps nothing. */
const nowhere: Paper = { rect: () => {}, line: () => {}, path: () => {}, text: () => {} };

function sheet(to: Paper, f: Frame, p: Picture, height: number) {
  to.rect(0, 0, f.size.width, height, f.ink.surface);
  sheets[p.visual.kind]!(to, margin, f.top, f.inner, p, f.ink);
  frame(to, f, p, height, []);
}

/** A table is as high as its rows, a chart as was asked. */
const sheetHeight = (f: Frame, p: Picture) => Math.ceil(f.top + sheets[p.visual.kind]!(nowhere, margin, f.top, f.inner, p, f.ink) + margin);

export async function svg(p: Picture, wanted: PictureSize = {}): Promise<string> {
  const f = frameOf(p, wanted);
  const to = svgPaper();
  const title = p.visual.title ?? '';
  if (sheets[p.visual.kind]) {
    const height = sheetHeight(f, p);
    sheet(to, f, p, height);
    return to.done(f.size.width, height, title);
  }
  to.rect(0, 0, f.size.width, f.size.height, f.ink.surface);
  const made = await chart(p, f);
  if ('why' in made) {
    to.text(made.why, f.size.width / 2, f.size.height / 2, { size: 13, color: f.ink.muted, align: 'middle' });
    frame(to, f, p, f.size.height, []);
    return to.done(f.size.width, f.size.height, title);
  }
  const engine = init(null, undefined, { renderer: 'svg', ssr: true, locale: 'EN', ...made.size });
  try {
    engine.setOption(made.scene.option);
    to.insert(engine.renderToSVGString(), margin, f.top);
  } finally {
    engine.dispose();
  }
  frame(to, f, p, f.size.height, made.scene.notes);
  return to.done(f.size.width, f.size.height, title);
}

/** Dots of a picture for each pixel of its size. */
const dots = 2;

export async function png(p: Picture, wanted: PictureSize = {}): Promise<Blob> {
  const f = frameOf(p, wanted);
  const canvas = document.createElement('canvas');
  const isSheet = sheets[p.visual.kind] !== undefined;
  const height = isSheet ? sheetHeight(f, p) : f.size.height;
  canvas.width = f.size.width * dots;
  canvas.height = height * dots;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser has no canvas to draw the picture on.');
  context.scale(dots, dots);
  const to = canvasPaper(context);
  if (isSheet) sheet(to, f, p, height);
  else {
    to.rect(0, 0, f.size.width, height, f.ink.surface);
    const made = await chart(p, f);
    if ('why' in made) {
      to.text(made.why, f.size.width / 2, height / 2, { size: 13, color: f.ink.muted, align: 'middle' });
      frame(to, f, p, height, []);
    } else {
      const engine = init(document.createElement('div'), undefined, { renderer: 'canvas', devicePixelRatio: dots, locale: 'EN', ...made.size });
      try {
        engine.setOption(made.scene.option);
        context.drawImage(engine.renderToCanvas({ pixelRatio: dots }), margin, f.top, made.size.width, made.size.height);
      } finally {
        engine.dispose();
      }
      frame(to, f, p, height, made.scene.notes);
    }
  }
  return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('The picture is too large for this browser.'))), 'image/png'));
}
