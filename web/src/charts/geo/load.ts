// Brings the world's map to the engine.

import { registerMap } from '../engine';
import { addMaps } from '../scenes';
import { filled, maps, points } from './map';
import { world } from './world';

for (const name of maps) registerMap(name, world()[name] as unknown as Parameters<typeof registerMap>[1]);
addMaps({ points, filled });
