import { cache } from '../api/cache';
import { dashboard, shown } from '../api/dashboards';
import { load } from '../charts/loading';
import { gap, inOrder, rowHeight } from './layout';
import { lookedAt, viewFor } from './scope';
import type { Address } from './view';
import { complete } from './wellFields';

/**
 * Asks for what a dashboard shows first while its page is still being put together: the
 * definition, then the answers of the visuals at the top, and what draws charts beside both.
 * The page finds them on their way; of what fails, it tells.
 */
export async function ahead(id: string, search: Address): Promise<void> {
  const quietly = () => undefined;
  load('line').catch(quietly);
  const d = await cache.fetchQuery(dashboard(id)).catch(quietly);
  if (!d) return;
  const { sheet, view } = lookedAt(d.definition, search);
  for (const v of inOrder(sheet.visuals)) {
    if (v.place.y * (rowHeight + gap) > window.innerHeight || !complete(v)) continue;
    load(v.kind).catch(quietly);
    void cache.prefetchQuery(shown(d.id, d.version, v.id, viewFor(d.definition, sheet, v, view)));
  }
}
