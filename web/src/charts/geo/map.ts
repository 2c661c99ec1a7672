// Points on the world's map, and countries filled by a figure.

import { measureColor } from '../colors';
import { scale } from '../heat';
import { cell, type Col, figure, key } from '../reading';
import { basics, faint, legend, marked, marksOf, mostMarks, Refusal, type Point, type Scene, type Stage } from '../scene';
import { countryName, countryOf } from './countries';
import { small } from './iso';
import { project } from './projection';
import { sizeLegend } from './sizes';
import { world } from './world';

/** What load.ts registers, by the name of the world's part. */
export const maps = ['shapes', 'ground'] as const;

/** So far a map is drawn larger. */
export const mostZoom = 24;

/** More colours than these are not named in a legend. */
const mostNamed = 30;

/** Names in a sentence: the first few, and how many more. */
export function few(names: readonly string[], most = 6): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${(names.length - most).toLocaleString('en')} more` : shown;
}

/** The map's ground; `view` is where it starts, undefined for the whole world. */
function geo(s: Stage, map: (typeof maps)[number], bottom: number, right: number, view?: { center: number[]; zoom: number }) {
  const { ink } = s;
  const [west, south, east, north] = world().box;
  const [width, height] = [s.size.width - right, s.size.height - bottom];
  const aspect = (east - west) / (north - south);
  return {
    map, roam: true, scaleLimit: { min: 1, max: mostZoom }, aspectScale: 1, layoutCenter: [width / 2, height / 2], layoutSize: Math.max(40, Math.min(width, height * aspect) - 4),
    ...(view && { center: view.center, zoom: view.zoom }),
    itemStyle: { areaColor: ink.land, borderColor: ink.surface, borderWidth: 0.6 },
    emphasis: { disabled: true }, select: { disabled: true }, label: { show: false }, silent: true, animation: false, tooltip: { show: false },
  };
}

/** Where points lie close together: the part of the map that has them all, with a margin. */
function viewOf(at: readonly (readonly [number, number])[], s: Stage): { center: number[]; zoom: number } | undefined {
  const [west, south, east, north] = world().box;
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of at) {
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  }
  const aspect = (east - west) / (north - south);
  const shown = Math.min(s.size.width, s.size.height * aspect);
  const perDegree = shown / (east - west);
  const zoom = Math.min((s.size.width * 0.84) / Math.max(2, x1 - x0) / perDegree, (s.size.height * 0.78) / Math.max(2, y1 - y0) / perDegree, 12);
  return zoom > 2 ? { center: [(x0 + x1) / 2, (y0 + y1) / 2], zoom } : undefined;
}

/** Points whose areas are as their values. Places are coordinates, or names of countries. */
export function points(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const w = reading.wells;
  const [first, second] = w.geospatial ?? [];
  const [color, size] = [w.color?.[0], w.size?.[0]];
  if (!first) throw new Refusal('Choose a coordinate.');
  const isMarked = marked(visual, reading, s.marks);
  const notes: string[] = [];

  const places: { at: [number, number]; row: number; v: number | undefined }[] = [];
  let nowhere = 0;
  let below = 0;
  const unknown: string[] = [];
  for (let row = 0; row < reading.rows; row++) {
    let at: [number, number] | undefined;
    if (second) {
      const [lat, lon] = [figure(first, row), figure(second, row)];
      if (lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 360) at = project(lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon, lat);
      else nowhere++;
    } else {
      const name = key(first, row);
      at = name === null ? undefined : middle(name);
      if (name === null) nowhere++;
      else if (!at) unknown.push(name);
    }
    if (!at) continue;
    const v = figure(size, row);
    if (v !== undefined && v < 0) below++;
    else places.push({ at, row, v });
  }
  if (nowhere) notes.push(`${nowhere.toLocaleString('en')} ${nowhere === 1 ? 'row has' : 'rows have'} no place.`);
  if (unknown.length) notes.push(`Not recognised: ${few([...new Set(unknown)])}.`);
  if (below) notes.push(`${below.toLocaleString('en')} ${below === 1 ? 'value is' : 'values are'} below 0 and cannot be an area.`);
  if (places.length === 0) throw new Refusal('There are no places to draw.');
  // Large ones lie below small ones.
  places.sort((a, b) => (b.v ?? 0) - (a.v ?? 0));
  const all = places.length;
  if (all > mostMarks) {
    if (size) places.length = mostMarks;
    else places.splice(0, all, ...Array.from({ length: mostMarks }, (_, i) => places[Math.floor((i * all) / mostMarks)]!));
    notes.push(`Shows ${mostMarks.toLocaleString('en')} of ${all.toLocaleString('en')} places${size ? ': the largest' : ', evenly chosen'}.`);
  }
  const largest = places.reduce((n, p) => Math.max(n, p.v ?? 0), 0);
  const most = Math.min(54, Math.max(16, Math.min(s.size.width / 2, s.size.height) * 0.13));
  const least = 2.6;
  const diameter = (v: number | undefined) => (!size ? 7 : v === undefined || largest === 0 ? least : Math.max(least, most * Math.sqrt(v / largest)));

  const colorAt = (row: number) => (color ? s.colors.of(color.field, key(color, row), s.scheme) : measureColor(0, s.scheme));
  // A series for each colour, which a legend names; where they are too many for one, a single series.
  const named = color !== undefined && new Set(places.map((p) => key(color, p.row))).size <= mostNamed;
  const kinds = new Map<string | null, { name: string; color: string; places: typeof places }>();
  for (const p of places) {
    const k = named ? key(color, p.row) : null;
    let one = kinds.get(k);
    if (!one) kinds.set(k, (one = { name: named ? cell(color, p.row) : '', color: colorAt(p.row), places: [] }));
    one.places.push(p);
  }
  const series = [...kinds.values()];
  const side = legend(s, named ? series.map((k) => k.name) : []);
  const lines = (c: Col | undefined, row: number, of?: string) => (c ? [{ name: c.title, value: cell(c, row), color: of }] : []);
  return {
    option: {
      ...basics(s),
      legend: side.option,
      title: sizeLegend(s, size, largest, diameter, side.bottom),
      geo: geo(s, 'ground', side.bottom, side.right, viewOf(places.map((p) => p.at), s)),
      series: series.map((k, number) => ({
        id: `s${number}`, name: k.name, type: 'scatter', coordinateSystem: 'geo', geoIndex: 0, color: k.color, cursor: 'pointer', z: 3 + number / 100, emphasis: { scale: false, itemStyle: { opacity: 0.95 } },
        itemStyle: { opacity: size ? 0.62 : 0.85, borderColor: ink.surface, borderWidth: 0.75 },
        data: k.places.map((p) => {
          const style = { ...(color && !named && { color: colorAt(p.row) }), ...(isMarked && !isMarked(p.row) && { opacity: faint * 0.7 }) };
          return { value: p.at, symbolSize: diameter(p.v), itemStyle: style };
        }),
        ...(visual.look.labels && { label: { show: true, position: 'right', color: ink.text, fontSize: 10.5, formatter: (p: { dataIndex: number }) => (size ? cell(size, k.places[p.dataIndex]!.row) : color ? cell(color, k.places[p.dataIndex]!.row) : '') }, labelLayout: { hideOverlap: true } }),
      })),
    },
    points: series.flatMap((k, number) => k.places.map((p, index): Point => ({ series: number, index, row: p.row, value: 0 }))),
    map: true,
    tip: (p) => {
      const degrees = second ? `${coordinate(figure(first, p.row)!, 'N', 'S')} ${coordinate(figure(second, p.row)!, 'E', 'W')}` : cell(first, p.row);
      const title = color ? cell(color, p.row) : degrees;
      return { title, lines: [...lines(size, p.row, colorAt(p.row)), ...(color ? [{ name: second ? 'Place' : first.title, value: degrees }] : [])] };
    },
    mark: (p, other) => marksOf(visual, other && color ? [color] : [first, second], p.row),
    notes,
  };
}

const coordinate = (degrees: number, plus: string, minus: string) => `${Math.abs(degrees).toFixed(2)}° ${degrees < 0 ? minus : plus}`;

/** Where the country lies that a text names. */
function middle(name: string): [number, number] | undefined {
  const code = countryOf(name);
  if (!code) return undefined;
  const at = world().middles.get(code);
  if (at) return [at[0], at[1]];
  const place = small[code];
  return place && project(place[1], place[0]);
}

/** Countries filled by a figure; those too small for an outline are discs. */
export function filled(s: Stage): Scene {
  const { visual, reading, ink } = s;
  const [location, value] = [reading.wells.location?.[0], reading.wells.color?.[0]];
  if (!location) throw new Refusal('Choose a field of countries.');
  if (!value) throw new Refusal('Choose a field for the color.');
  const isMarked = marked(visual, reading, s.marks);
  const notes: string[] = [];
  const unknown: string[] = [];
  const twice: string[] = [];
  const seen = new Set<string>();
  const shapes: { code: string; row: number; v: number }[] = [];
  const discs: { code: string; row: number; v: number }[] = [];
  let empty = 0;
  for (let row = 0; row < reading.rows; row++) {
    const name = key(location, row);
    const code = name === null ? undefined : countryOf(name);
    const v = figure(value, row);
    if (!code || !(world().middles.has(code) || small[code])) {
      unknown.push(name ?? 'null');
      continue;
    }
    if (seen.has(code)) {
      twice.push(name!);
      continue;
    }
    seen.add(code);
    if (v === undefined) empty++;
    else (world().middles.has(code) ? shapes : discs).push({ code, row, v });
  }
  if (unknown.length) notes.push(`${unknown.length.toLocaleString('en')} ${unknown.length === 1 ? 'value is' : 'values are'} no country on the map: ${few(unknown)}.`);
  if (twice.length) notes.push(`Named twice, and drawn by the first value: ${few(twice)}.`);
  if (empty) notes.push(`${empty.toLocaleString('en')} ${empty === 1 ? 'country has' : 'countries have'} no value.`);
  const all = [...shapes, ...discs];
  if (all.length === 0) throw new Refusal(`No value of ${location.title} is the name or the code of a country.`);
  const { log, map } = scale(s, all.map((x) => x.v), value.title, { seriesIndex: [0, 1] });
  const drawn = (v: number) => (log ? (v > 0 ? Math.log10(v) : '-') : v);
  const legendless = visual.look.legend === 'none';
  const style = (x: { row: number }) => (isMarked && !isMarked(x.row) ? { itemStyle: { opacity: faint } } : {});
  const places = [
    ...shapes.map((x, index): Point => ({ series: 0, index, row: x.row, value: 0 })),
    ...discs.map((x, index): Point => ({ series: 1, index, row: x.row, value: 0 })),
  ].toSorted((a, b) => (figure(value, b.row) ?? 0) - (figure(value, a.row) ?? 0));
  const codeOf = new Map(all.map((x) => [x.row, x.code]));
  return {
    option: {
      ...basics(s),
      geo: { ...geo(s, 'shapes', legendless ? 0 : 22, 0), silent: false, tooltip: undefined },
      visualMap: { ...map, show: !legendless },
      series: [
        { id: 'shapes', type: 'map', geoIndex: 0, name: value.title, data: shapes.map((x) => ({ name: x.code, value: drawn(x.v), ...style(x) })) },
        {
          id: 'discs', type: 'scatter', coordinateSystem: 'geo', geoIndex: 0, name: value.title, symbolSize: 6, cursor: 'pointer', z: 4, emphasis: { scale: false },
          itemStyle: { borderColor: ink.surface, borderWidth: 0.75, opacity: 1 },
          data: discs.map((x) => ({ name: x.code, value: [...project(small[x.code]![1], small[x.code]![0]), drawn(x.v)], ...style(x) })),
        },
      ],
    },
    points: places,
    map: true,
    tip: (p) => {
      const said = cell(location, p.row);
      const code = codeOf.get(p.row);
      return { title: code && said.length <= 3 ? countryName(code) : said, lines: [{ name: value.title, value: cell(value, p.row) }] };
    },
    mark: (p) => marksOf(visual, [location], p.row),
    notes,
  };
}
