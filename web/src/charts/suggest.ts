// A visual for chosen fields, as QuickSight's AutoGraph chooses one.

import type { Field, Grain, WellField } from '../api/dash';
import type { Coordinate, Suggestion } from './types';

/** What was chosen: fields, and coordinates of the data set. */
export type Chosen = Field | Coordinate;

const isCoordinate = (c: Chosen): c is Coordinate => 'latitude' in c && 'longitude' in c;
const isMeasure = (f: Field) => f.role === 'measure' || f.aggregate === true;
const isTime = (f: Field) => f.type === 'date' || f.type === 'time';

const day: Grain = 'day';

const dimension = (f: Field | Coordinate): WellField => (!isCoordinate(f) && isTime(f) ? { field: f.name, grain: day } : { field: f.name });

/** A field that aggregates by itself takes no aggregation; a running total takes its largest. */
export const measure = (f: Field): WellField =>
  f.aggregate ? { field: f.name } : { field: f.name, aggregation: isMeasure(f) ? (f.cumulative ? 'max' : 'sum') : 'count' };

/**
 * The kind of visual that suits the fields, by what they are: a coordinate makes a map, a date
 * with a measure lines, a category with a measure bars, two measures points, a measure alone
 * one figure. Fields that the kind has no well for are left out; wells say which were taken.
 */
export function suggest(chosen: readonly Chosen[], coordinates: readonly Coordinate[] = []): Suggestion {
  const fields = chosen.filter((c): c is Field => !isCoordinate(c));
  // Both halves of a coordinate mean the coordinate.
  const named = new Set(fields.map((f) => f.name));
  const pair = chosen.find(isCoordinate) ?? coordinates.find((c) => named.has(c.latitude) && named.has(c.longitude));
  const rest = pair ? fields.filter((f) => f.name !== pair.latitude && f.name !== pair.longitude) : fields;

  const measures = rest.filter(isMeasure);
  const times = rest.filter((f) => !isMeasure(f) && isTime(f));
  const categories = rest.filter((f) => !isMeasure(f) && !isTime(f));
  const of = (kind: Suggestion['kind'], wells: Record<string, WellField[]>): Suggestion => ({
    kind,
    wells: Object.fromEntries(Object.entries(wells).filter(([, f]) => f.length > 0)),
  });
  const first = <T>(list: readonly T[]) => list.slice(0, 1);

  if (pair) return of('points_on_map', { geospatial: [{ field: pair.name }], color: first(categories).map(dimension), size: first(measures).map(measure) });

  if (measures.length === 0) {
    if (categories.length + times.length === 0) return of('table', {});
    if (categories.length === 1 && times.length === 0) {
      const f = categories[0]!;
      if (f.geo === 'country') return of('filled_map', { location: [dimension(f)] });
      // Numbers that nobody adds up: how they are spread.
      if (f.type === 'decimal') return of('histogram', { value: [{ field: f.name, bins: 20 }] });
      return of('bar', { x: [dimension(f)] });
    }
    if (times.length === 1 && categories.length < 2) return of('line', { x: times.map(dimension), color: categories.map(dimension) });
    return of('table', { group: [...times, ...categories].map(dimension) });
  }

  if (times.length > 0) {
    if (times.length === 1 && categories.length < 2) return of('line', { x: times.map(dimension), color: categories.map(dimension), value: categories.length ? first(measures).map(measure) : measures.map(measure) });
    return of('table', { group: [...times, ...categories].map(dimension), value: measures.map(measure) });
  }
  if (categories.length === 0) {
    if (measures.length === 1) return of('kpi', { value: measures.map(measure) });
    if (measures.length <= 3) return of('scatter', { x: [measure(measures[0]!)], y: [measure(measures[1]!)], size: measures.slice(2).map(measure) });
    return of('table', { value: measures.map(measure) });
  }
  if (categories.length === 1) {
    const f = categories[0]!;
    if (f.geo === 'country' && measures.length === 1) return of('filled_map', { location: [dimension(f)], color: measures.map(measure) });
    if (measures.length === 1) return of('bar', { x: [dimension(f)], value: measures.map(measure) });
    if (measures.length <= 3) return of('scatter', { group: [dimension(f)], x: [measure(measures[0]!)], y: [measure(measures[1]!)], size: measures.slice(2).map(measure) });
    return of('table', { group: [dimension(f)], value: measures.map(measure) });
  }
  if (categories.length === 2 && measures.length === 1) return of('heat_map', { rows: [dimension(categories[0]!)], columns: [dimension(categories[1]!)], value: measures.map(measure) });
  return of('pivot', { rows: first(categories).map(dimension), columns: categories.slice(1, 5).map(dimension), value: measures.map(measure) });
}
