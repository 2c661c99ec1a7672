import type { Report } from '../api/erasure';

/** What a report comes to. */
export interface Totals {
  objects: number;
  versions: number;
  records: number;
  bytes: number;
  unread: number;
  holdings: number;
}

export function totalsOf(p: Report): Totals {
  const objects = p.objects ?? [];
  const holdings = p.holdings ?? [];
  return {
    objects: new Set(objects.map((o) => `${o.bucket}/${o.key}`)).size,
    versions: objects.length,
    records: objects.reduce((n, o) => n + (o.rows?.length ?? 0), 0) + holdings.reduce((n, h) => n + h.records, 0),
    bytes: objects.reduce((n, o) => n + o.size, 0),
    unread: p.unread?.length ?? 0,
    holdings: holdings.length,
  };
}
