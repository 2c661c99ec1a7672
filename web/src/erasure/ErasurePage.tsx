import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

import type { ErasureSearch, ErasureView } from '../router';
import { PageHead } from '../ui/PageHead';
import { Views } from '../ui/Views';
import list from '../ui/list.module.css';
import { Holds } from './Holds';
import { Index } from './Index';
import { Mappings } from './Mappings';
import { Requests } from './Requests';
import { views } from './views';

const route = getRouteApi('/erasure');

/** What a view of the page gets: what the address says, and a way to change it. */
export interface ViewProps {
  search: ErasureSearch;
  onSearch: (change: Partial<ErasureSearch>) => void;
}

const parts: Record<ErasureView, (props: ViewProps) => ReactNode> = { requests: Requests, mappings: Mappings, index: Index, holds: Holds };

/** Persons who are erased: their requests, where identifiers are, and the index of them. */
export function ErasurePage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const view = views.find((v) => v.id === search.view) ?? views[0]!;

  useEffect(() => {
    document.title = `${view.name} · Erasure · lethe`;
  }, [view]);

  const View = parts[view.id];
  return (
    <>
      <PageHead title="Erasure" label="Erasure" />
      <div className={list.views}>
        <Views label="Erasure" panel="erasure" views={views} value={view.id} onChange={(v) => void navigate({ to: '/erasure', search: { view: v } })} />
      </div>
      <div id="erasure" role="tabpanel" aria-labelledby={`erasure-${view.id}`} className={list.panel}>
        <View
          key={view.id}
          search={search}
          onSearch={(change) => void navigate({ to: '/erasure', search: { ...search, view: view.id, ...change }, replace: change.name === undefined && change.type === undefined })}
        />
      </div>
    </>
  );
}
