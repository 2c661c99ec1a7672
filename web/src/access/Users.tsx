import { useQuery } from '@tanstack/react-query';

import { createUser, users } from '../api/access';
import type { User } from '../api/types';
import { ago, counted, moment } from '../ui/format';
import type { ViewProps } from './AccessPage';
import { Listing } from './Listing';
import { Opener, Openers } from './Opener';
import { UserSheet } from './UserSheet';
import list from '../ui/list.module.css';

/** When a user last did something that is known: logged in, or signed with a key. */
export function lastUsed(u: User): string | undefined {
  return [u.password_used, ...(u.keys ?? []).map((k) => k.used)]
    .filter((t) => t !== undefined)
    .toSorted()
    .at(-1);
}

export function Users({ search, onOpen }: ViewProps) {
  const q = useQuery(users);
  return (
    <Listing
      one="user"
      what="Users are people and programs that log in or sign requests."
      query={q}
      create={createUser}
      onCreated={onOpen}
      columns={
        <>
          <th>User</th>
          <th>Groups</th>
          <th className={list.roomy}>Policies</th>
          <th className={list.roomy}>Keys</th>
          <th className={list.right}>Last used</th>
        </>
      }
      row={(u) => {
        const used = lastUsed(u);
        const own = u.attached.length + u.inline.length;
        return (
          <tr key={u.name} aria-current={u.name === search.name || undefined}>
            <td>
              <Opener view="users" name={u.name} />
            </td>
            <td>
              <Openers view="groups" names={u.groups} />
            </td>
            <td className={`num muted ${list.roomy}`}>{own > 0 && counted(own, 'policy', 'policies')}</td>
            <td className={`num muted ${list.roomy}`}>{u.keys && u.keys.length > 0 && counted(u.keys.filter((k) => k.active).length, 'active key')}</td>
            <td className={`num muted ${list.right}`}>{used ? <time title={moment(used)}>{ago(used)}</time> : 'never'}</td>
          </tr>
        );
      }}
      sheet={search.name !== undefined && <UserSheet key={search.name} name={search.name} onClose={() => onOpen(undefined)} />}
    />
  );
}
