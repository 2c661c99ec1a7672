import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';

import { endLogin, users } from '../api/access';
import { Empty } from '../ui/Empty';
import { counted, day, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Opener } from './Opener';
import { KeyActions, KeyUse } from './UserKeys';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** All access keys, and who is logged in to the console. */
export function Keys() {
  const q = useQuery(users);
  const end = useMutation({ mutationFn: (l: { user: string; id: string }) => endLogin(l.user, l.id) });
  const all = q.data ?? [];
  const keys = all.flatMap((u) => (u.keys ?? []).map((k) => ({ ...k, user: u.name }))).toSorted((a, b) => a.user.localeCompare(b.user) || a.created.localeCompare(b.created));
  const logins = all.flatMap((u) => (u.logins ?? []).map((l) => ({ ...l, user: u.name }))).toSorted((a, b) => b.began.localeCompare(a.began));
  return (
    <div className={list.scroll}>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading keys" />}
      {end.error && <ProblemView error={end.error} />}
      {q.data && (
        <>
          <h2 className={css.heading}>
            Access keys <span className="muted num">{counted(keys.length, 'key')}</span>
          </h2>
          {keys.length === 0 ? (
            <Empty>Access keys sign requests to the AWS port; nobody has one.</Empty>
          ) : (
            <table className={list.list}>
              <thead>
                <tr>
                  <th>Key</th>
                  <th>User</th>
                  <th className={list.roomy}>Made</th>
                  <th className={list.roomy}>Last used</th>
                  <th className={list.right}>
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {keys.map((k) => (
                  <tr key={k.id}>
                    <td>
                      <code>{k.id}</code>
                      {!k.active && <span className={list.chip}>inactive</span>}
                    </td>
                    <td>
                      <Opener view="users" name={k.user} plain />
                    </td>
                    <td className={`num muted ${list.roomy}`}>{day(k.created)}</td>
                    <td className={`num muted ${list.roomy}`}>
                      <KeyUse of={k} />
                    </td>
                    <td className={list.right}>
                      <span className={css.itemEnd}>
                        <KeyActions user={k.user} of={k} />
                      </span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <h2 className={css.heading}>
            Sessions in the console <span className="muted num">{counted(logins.length, 'session')}</span>
          </h2>
          {logins.length > 0 && (
            <table className={list.list}>
              <thead>
                <tr>
                  <th>User</th>
                  <th>Logged in</th>
                  <th className={list.roomy}>Ends</th>
                  <th className={list.right}>
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {logins.map((l) => (
                  <tr key={l.id}>
                    <td>
                      <Opener view="users" name={l.user} plain />
                    </td>
                    <td className="num">{moment(l.began)}</td>
                    <td className={`num muted ${list.roomy}`}>{moment(l.expires)}</td>
                    <td className={list.right}>
                      <Button variant="subtle" aria-label={`End the session of ${l.user}`} onClick={() => end.mutate({ user: l.user, id: l.id })}>
                        End
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </div>
  );
}
