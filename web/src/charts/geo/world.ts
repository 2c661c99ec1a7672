// The countries of the world, on the map: Natural Earth's 1:110,000,000 (public domain), as the
// package world-atlas has them. Antarctica is left out, which no data are about and which takes
// a fifth of the room.

import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import atlas from 'world-atlas/countries-110m.json';

import { countryOfShape } from './countries';
import { cut, type Ring } from './cut';
import { project } from './projection';

const antarctica = '010';

/** Already on the map: planar, x to the right and y up. */
export interface Shapes {
  type: 'FeatureCollection';
  features: { type: 'Feature'; properties: { name: string }; geometry: { type: 'MultiPolygon'; coordinates: [number, number][][][] } }[];
}

export interface World {
  /** A country's name is its two letters. */
  shapes: Shapes;
  /** All countries in one: the ground of points, which is drawn anew with them and takes a third of the time so. */
  ground: Shapes;
  /** The middle of the largest part of each country, on the map. */
  middles: ReadonlyMap<string, readonly [number, number]>;
  /** West, south, east and north end on the map. */
  box: readonly [number, number, number, number];
}

/** Twice the area within a ring, and its centre of gravity. */
function centre(ring: Ring): { area: number; at: [number, number] } {
  let [area, x, y] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [a, b] = [ring[i]!, ring[i + 1]!];
    const part = a[0] * b[1] - b[0] * a[1];
    area += part;
    x += (a[0] + b[0]) * part;
    y += (a[1] + b[1]) * part;
  }
  return { area: Math.abs(area), at: area === 0 ? (ring[0] ?? [0, 0]) : [x / (3 * area), y / (3 * area)] };
}

let made: World | undefined;

/** Made once. */
export function world(): World {
  if (made) return made;
  const topology = atlas as unknown as Topology<{ countries: GeometryCollection<{ name: string }> }>;
  const features: Shapes['features'] = [];
  const middles = new Map<string, readonly [number, number]>();
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const f of feature(topology, topology.objects.countries).features) {
    if (f.id === antarctica || (f.geometry.type !== 'Polygon' && f.geometry.type !== 'MultiPolygon')) continue;
    const polygons = f.geometry.type === 'Polygon' ? [f.geometry.coordinates] : f.geometry.coordinates;
    const name = countryOfShape(f.id, f.properties.name) ?? f.properties.name;
    const drawn: [number, number][][][] = [];
    let largest = -1;
    for (const [outer, ...holes] of polygons) {
      if (!outer) continue;
      // No country that crosses has a hole there: holes stay with the part that they are in.
      const parts = cut(outer as Ring);
      parts.forEach((part, i) => {
        const rings = [part, ...(i === 0 ? (holes as Ring[]) : [])].map((r) => r.map(([lon, lat]) => project(lon, lat)));
        drawn.push(rings);
        for (const [x, y] of rings[0]!) {
          box[0] = Math.min(box[0], x);
          box[1] = Math.min(box[1], y);
          box[2] = Math.max(box[2], x);
          box[3] = Math.max(box[3], y);
        }
        const c = centre(rings[0]!);
        if (c.area > largest) {
          largest = c.area;
          middles.set(name, c.at);
        }
      });
    }
    features.push({ type: 'Feature', properties: { name }, geometry: { type: 'MultiPolygon', coordinates: drawn } });
  }
  const all = features.flatMap((f) => f.geometry.coordinates);
  return (made = {
    shapes: { type: 'FeatureCollection', features },
    ground: { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { name: 'ground' }, geometry: { type: 'MultiPolygon', coordinates: all } }] },
    middles, box,
  });
}
