import type { VisualKind } from '../api/dash';
import { font } from './ink';

/** What draws charts, without the map of the world, which is only in its own part. */
async function chart() {
  // Figures on a canvas do not change when the page's type comes late; a type that never comes is not waited for.
  const type = document.fonts?.load(`12px ${font.split(',')[0]}`).catch(() => []);
  const [module] = await Promise.all([import('./Chart'), Promise.race([type, new Promise((done) => setTimeout(done, 400))])]);
  return module;
}

async function mapped() {
  const [module] = await Promise.all([chart(), import('./geo/load')]);
  return module;
}

/** Loads what draws a kind of visual; a later call finds it loaded. */
export const load = (kind: VisualKind) => (kind === 'points_on_map' || kind === 'filled_map' ? mapped() : chart());
