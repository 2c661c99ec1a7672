import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

import type { DatabasesSearch, DatabasesView } from '../router';
import { PageHead } from '../ui/PageHead';
import { Views } from '../ui/Views';
import list from '../ui/list.module.css';
import { Classes } from './Classes';
import { Instances } from './Instances';
import { Snapshots } from './Snapshots';
import { views } from './views';

const route = getRouteApi('/databases');

/** What a view of the page gets: what the address says, and a way to change it. */
export interface ViewProps {
  search: DatabasesSearch;
  onOpen: (name: string | undefined) => void;
}

const parts: Record<DatabasesView, (props: ViewProps) => ReactNode> = { instances: Instances, snapshots: Snapshots, classes: Classes };

/** Database instances, what was saved of them, and what they can be made of. */
export function DatabasesPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const view = views.find((v) => v.id === search.view) ?? views[0]!;

  useEffect(() => {
    document.title = `${view.name} · Databases · lethe`;
  }, [view]);

  const View = parts[view.id];
  return (
    <>
      <PageHead title="Databases" label="Databases" />
      <div className={list.views}>
        <Views label="Databases" panel="databases" views={views} value={view.id} onChange={(v) => void navigate({ to: '/databases', search: { view: v } })} />
      </div>
      <div id="databases" role="tabpanel" aria-labelledby={`databases-${view.id}`} className={list.panel}>
        <View key={view.id} search={search} onOpen={(name) => void navigate({ to: '/databases', search: { view: view.id, name }, replace: name === undefined })} />
      </div>
    </>
  );
}
