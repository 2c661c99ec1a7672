import type { Value } from '../api/dash';

// Patterns of dates and times in Joda's letters, as parse_datetime reads them. Where a text fits
// two of them, the earlier is taken.
const known: { format: string; type: 'date' | 'time'; like: RegExp }[] = [
  { format: 'yyyy-MM-dd', type: 'date', like: /^\d{4}-\d{2}-\d{2}$/ },
  { format: 'yyyy/MM/dd', type: 'date', like: /^\d{4}\/\d{2}\/\d{2}$/ },
  { format: 'yyyyMMdd', type: 'date', like: /^(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])$/ },
  { format: 'dd.MM.yyyy', type: 'date', like: /^\d{1,2}\.\d{1,2}\.\d{4}$/ },
  { format: 'MM/dd/yyyy', type: 'date', like: /^(0?[1-9]|1[0-2])\/\d{1,2}\/\d{4}$/ },
  { format: 'dd/MM/yyyy', type: 'date', like: /^\d{1,2}\/\d{1,2}\/\d{4}$/ },
  { format: 'dd MMM yyyy', type: 'date', like: /^\d{1,2} [A-Z][a-z]{2} \d{4}$/ },
  { format: 'yyyy-MM-dd HH:mm:ss', type: 'time', like: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/ },
  { format: 'yyyy-MM-dd HH:mm:ss.SSS', type: 'time', like: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}$/ },
  { format: 'yyyy-MM-dd HH:mm', type: 'time', like: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$/ },
  { format: "yyyy-MM-dd'T'HH:mm:ss", type: 'time', like: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/ },
  { format: "yyyy-MM-dd'T'HH:mm:ssZ", type: 'time', like: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/ },
];

/** The patterns that are offered where one is asked for. */
export const formatsOf = (type: 'date' | 'time') => known.filter((k) => k.type === type).map((k) => k.format);

/** The pattern that all texts fit, if one does; some of the rows are enough to tell. */
export function guess(values: readonly Value[]): { format: string; type: 'date' | 'time' } | undefined {
  const texts = values.filter((v): v is string => typeof v === 'string' && v !== '');
  if (texts.length === 0) return undefined;
  const k = known.find((f) => texts.every((t) => f.like.test(t)));
  return k && { format: k.format, type: k.type };
}
