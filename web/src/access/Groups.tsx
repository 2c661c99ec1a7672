import { useQuery } from '@tanstack/react-query';

import { createGroup, groups } from '../api/access';
import { day } from '../ui/format';
import type { ViewProps } from './AccessPage';
import { GroupSheet } from './GroupSheet';
import { Listing } from './Listing';
import { Opener, Openers } from './Opener';
import list from '../ui/list.module.css';

export function Groups({ search, onOpen }: ViewProps) {
  const q = useQuery(groups);
  return (
    <Listing
      one="group"
      what="Groups hold policies that count for all their members."
      query={q}
      create={createGroup}
      onCreated={onOpen}
      columns={
        <>
          <th>Group</th>
          <th>Members</th>
          <th className={list.roomy}>Policies</th>
          <th className={`${list.right} ${list.roomy}`}>Created</th>
        </>
      }
      row={(g) => (
        <tr key={g.name} aria-current={g.name === search.name || undefined}>
          <td>
            <Opener view="groups" name={g.name} />
          </td>
          <td>
            <Openers view="users" names={g.members} />
          </td>
          <td className={`muted ${list.roomy}`}>{[...g.attached, ...g.inline].map((p) => p.name).join(', ')}</td>
          <td className={`num muted ${list.right} ${list.roomy}`}>{day(g.created)}</td>
        </tr>
      )}
      sheet={search.name !== undefined && <GroupSheet key={search.name} name={search.name} onClose={() => onOpen(undefined)} />}
    />
  );
}
