// Brings the world's map to the engine.

import { registerMap } from '../engine';
import { addMaps } from '../scenes';
import { filled, mapName, points } from './map';
import { world } from './world';

registerMap(mapName, world().shapes as unknown as Parameters<typeof registerMap>[1]);
addMaps({ points, filled });
