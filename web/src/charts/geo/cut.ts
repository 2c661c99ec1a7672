// Countries across 180 degrees (Russia, Fiji) are drawn on both sides of the map. A ring that
// crosses is followed as if the earth went on, and then cut at each 180th degree: otherwise its
// edges streak over the whole map.

export type Place = [number, number];
export type Ring = Place[];

/** Keeps what lies on one side of a meridian (Sutherland and Hodgman's algorithm, of one edge). */
function keep(ring: Ring, meridian: number, east: boolean): Ring {
  const inside = ([lon]: Place) => (east ? lon >= meridian : lon <= meridian);
  const out: Ring = [];
  for (let i = 0; i < ring.length; i++) {
    const a = ring[i]!;
    const b = ring[(i + 1) % ring.length]!;
    if (inside(a)) out.push(a);
    if (inside(a) !== inside(b)) {
      const t = (meridian - a[0]) / (b[0] - a[0]);
      out.push([meridian, a[1] + t * (b[1] - a[1])]);
    }
  }
  return out;
}

/** The parts of a closed ring within -180 and 180 degrees: the ring itself, if it crosses nowhere. */
export function cut(ring: Ring): Ring[] {
  const open = ring.slice();
  const [first, last] = [open[0], open.at(-1)];
  if (first && last && open.length > 1 && first[0] === last[0] && first[1] === last[1]) open.pop();
  const on: Ring = [];
  let turn = 0;
  let crosses = false;
  for (let i = 0; i < open.length; i++) {
    const [lon, lat] = open[i]!;
    const before = open[i - 1]?.[0];
    if (before !== undefined && Math.abs(lon - before) > 180) {
      turn += lon < before ? 360 : -360;
      crosses = true;
    }
    on.push([lon + turn, lat]);
  }
  if (!crosses) return [ring];
  const parts: Ring[] = [];
  for (const shift of [-360, 0, 360]) {
    const part = keep(keep(on, shift - 180, true), shift + 180, false).map(([lon, lat]): Place => [lon - shift, lat]);
    if (part.length > 2) parts.push([...part, part[0]!]);
  }
  return parts;
}
