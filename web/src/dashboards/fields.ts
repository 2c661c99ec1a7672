import { type AnalysisField, type Field, type FieldType, type KnownSet, type Visual, type WellField, wells } from '../api/dash';
import { roleOf as roleOfField, typeOf as typeOfField } from '../datasets/types';
import { without } from './without';

/** A field that can be put into a well: of the data set, of the analysis, or a coordinate. */
export interface Usable extends Field {
  coordinate?: boolean;
  /** It is of the analysis. */
  own?: boolean;
}

export const typeOf = (f: Usable): FieldType | undefined => (f.coordinate ? undefined : typeOfField(f));
export const roleOf = (f: Usable) => (f.coordinate ? 'dimension' : roleOfField(f));
export const isTime = (f: Usable | undefined) => f !== undefined && (typeOf(f) === 'date' || typeOf(f) === 'time');
export const isNumber = (f: Usable | undefined) => f !== undefined && (typeOf(f) === 'integer' || typeOf(f) === 'decimal');

/** What can be drawn of a data set, coordinates first among dimensions. */
export function usable(set: KnownSet | undefined, calculated: readonly AnalysisField[] = []): Usable[] {
  if (!set) return [];
  const own = calculated.filter((f) => f.data_set === set.id).map((f): Usable => ({ ...without(f, 'data_set'), own: true }));
  return [
    ...(set.coordinates ?? []).map((c): Usable => ({ name: c.name, role: 'dimension', coordinate: true, description: `${c.latitude}, ${c.longitude}` })),
    ...set.fields.filter((f) => !f.hidden),
    ...own,
  ];
}

const aggregations: Record<string, string> = {
  sum: 'Sum', average: 'Average', min: 'Minimum', max: 'Maximum', count: 'Count', count_distinct: 'Count distinct', median: 'Median',
  percentile_95: '95th percentile', deviation: 'Standard deviation', variance: 'Variance',
};

export const aggregationName = (a: string | undefined) => (a ? (aggregations[a] ?? a) : 'As it is');

/** A field in a well, in words. */
export function wellFieldName(f: WellField): string {
  if (f.label) return f.label;
  if (f.field === '*') return 'Rows';
  if (f.aggregation) return `${aggregationName(f.aggregation)} of ${f.field}`;
  return f.grain && f.grain !== 'day' ? `${f.field} (${f.grain})` : f.field;
}

const sentence = (s: string) => s.charAt(0).toUpperCase() + s.slice(1);

/** What a visual shows, where it has no title of its own. */
export function visualTitle(v: Visual): string {
  if (v.title) return v.title;
  const of = { dimension: [] as WellField[], measure: [] as WellField[] };
  for (const w of wells[v.kind]) of[w.takes].push(...(v.wells?.[w.name] ?? []));
  const measures = of.measure.map((f) => (f.aggregation === 'sum' && !f.label ? f.field : wellFieldName(f)));
  const dimensions = of.dimension.map(wellFieldName);
  if (measures.length === 0 && dimensions.length === 0) return v.kind === 'text' ? 'Text' : 'New visual';
  if (dimensions.length === 0) return sentence(measures.join(', '));
  if (measures.length === 0) return sentence(dimensions.join(', '));
  return sentence(`${measures.slice(0, 3).join(', ')}${measures.length > 3 ? ', …' : ''} by ${dimensions.slice(0, 3).join(', ')}`);
}
