import type { VisualKind } from '../api/dash';
import { font } from './ink';

export type Drawing = typeof import('./Chart').default;

const there: { chart?: Drawing; map?: Drawing } = {};

/** Whether a kind of visual is drawn on the map of the world. */
export const isMap = (kind: VisualKind) => kind === 'points_on_map' || kind === 'filled_map';

/** What draws charts, without the map of the world, which is only in its own part. */
async function chart(): Promise<Drawing> {
  // Figures on a canvas do not change when the page's type comes late; a type that never comes is not waited for.
  const type = document.fonts?.load(`12px ${font.split(',')[0]}`).catch(() => []);
  const [module] = await Promise.all([import('./Chart'), Promise.race([type, new Promise((done) => setTimeout(done, 400))])]);
  return (there.chart = module.default);
}

async function mapped(): Promise<Drawing> {
  const [drawing] = await Promise.all([chart(), import('./geo/load')]);
  return (there.map = drawing);
}

/** Loads what draws a kind of visual; a later call finds it loaded. */
export const load = (kind: VisualKind): Promise<Drawing> => (isMap(kind) ? mapped() : chart());

/** What draws a kind of visual, if it is loaded. */
export const loaded = (kind: VisualKind): Drawing | undefined => there[isMap(kind) ? 'map' : 'chart'];
