// Which scene a visual is.

import type { VisualKind } from '../api/dash';
import { cartesian } from './cartesian';
import type { filled, points } from './geo/map';
import { heat } from './heat';
import { histogram } from './histogram';
import { inkOf } from './ink';
import { pie } from './pie';
import { read } from './reading';
import { scatter } from './scatter';
import { Refusal, type Scene, type Stage } from './scene';
import type { VisualProps } from './types';

const scenes: Partial<Record<VisualKind, (s: Stage) => Scene>> = { line: cartesian, area: cartesian, bar: cartesian, pie, scatter, heat_map: heat, histogram };

/** Maps come with the world's outlines, which are loaded where they are drawn. */
export function addMaps(maps: { points: typeof points; filled: typeof filled }) {
  scenes.points_on_map = maps.points;
  scenes.filled_map = maps.filled;
}

export const isMap = (kind: VisualKind) => kind === 'points_on_map' || kind === 'filled_map';

/** Throws a Refusal, which says why there is nothing to draw. */
export function sceneOf(p: Required<Pick<VisualProps, 'visual' | 'fields' | 'answer' | 'colors' | 'scheme' | 'size' | 'marks'>>): Scene {
  const reading = read(p.visual, p.answer);
  if (p.answer.rows === 0) throw new Refusal('No rows match.');
  const scene = scenes[p.visual.kind];
  if (!scene) throw new Refusal(`${p.visual.kind} is no kind of chart.`);
  return scene({ ...p, reading, ink: inkOf(p.scheme) });
}
