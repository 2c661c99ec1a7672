import { useQuery } from '@tanstack/react-query';

import { roles } from '../api/access';
import { ago, moment } from '../ui/format';
import type { ViewProps } from './AccessPage';
import { Listing } from './Listing';
import { NewRole } from './NewRole';
import { Opener } from './Opener';
import { RoleSheet } from './RoleSheet';
import list from '../ui/list.module.css';

export function Roles({ search, onOpen }: ViewProps) {
  const q = useQuery(roles);
  return (
    <Listing
      one="role"
      what="Roles are assumed for a while, by whom their trust policy names."
      query={q}
      onNew={() => onOpen('new')}
      columns={
        <>
          <th>Role</th>
          <th className={list.roomy}>Description</th>
          <th>Policies</th>
          <th className={list.right}>Last used</th>
        </>
      }
      row={(r) => (
        <tr key={r.name} aria-current={r.name === search.name || undefined}>
          <td>
            <Opener view="roles" name={r.name} />
          </td>
          <td className={`muted ${list.roomy}`}>{r.description}</td>
          <td className="muted">{[...r.attached, ...r.inline].map((p) => p.name).join(', ')}</td>
          <td className={`num muted ${list.right}`}>{r.used ? <time title={moment(r.used)}>{ago(r.used)}</time> : 'never'}</td>
        </tr>
      )}
      sheet={
        search.name === 'new' ? (
          <NewRole onClose={() => onOpen(undefined)} onCreated={onOpen} />
        ) : (
          search.name !== undefined && <RoleSheet key={search.name} name={search.name} onClose={() => onOpen(undefined)} />
        )
      }
    />
  );
}
