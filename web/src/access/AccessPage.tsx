import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

import type { AccessSearch, AccessView } from '../router';
import { PageHead } from '../ui/PageHead';
import { Views } from '../ui/Views';
import { Audit } from './Audit';
import { Groups } from './Groups';
import { Keys } from './Keys';
import { Policies } from './Policies';
import { Roles } from './Roles';
import { Rules } from './Rules';
import { Secrets } from './Secrets';
import { Users } from './Users';
import { views } from './views';
import { Why } from './Why';
import list from '../ui/list.module.css';

const route = getRouteApi('/access');

/** What a view of the page gets: what the address says, and a way to change it. */
export interface ViewProps {
  search: AccessSearch;
  /** Opens a sheet, by name; closes it without one. */
  onOpen: (name: string | undefined) => void;
}

const parts: Record<AccessView, (props: ViewProps) => ReactNode> = {
  users: Users,
  groups: Groups,
  roles: Roles,
  policies: Policies,
  keys: Keys,
  secrets: Secrets,
  rules: Rules,
  audit: Audit,
  why: Why,
};

/** Who may do what: people, roles, policies, keys, what happened, and why. */
export function AccessPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const view = search.view ?? 'users';
  const title = views.find((v) => v.id === view)!.name;

  useEffect(() => {
    document.title = `${title} · Access · lethe`;
  }, [title]);

  const View = parts[view];
  return (
    <>
      <PageHead title="Access" label="Access" />
      <div className={list.views}>
        <Views label="Access" panel="access" views={views} value={view} onChange={(v) => void navigate({ to: '/access', search: { view: v } })} />
      </div>
      <div id="access" role="tabpanel" aria-labelledby={`access-${view}`} className={list.panel}>
        <View
          key={view}
          search={search}
          onOpen={(name) => void navigate({ to: '/access', search: { ...search, view, name }, replace: search.name !== undefined && name !== undefined })}
        />
      </div>
    </>
  );
}
