import { ActionIcon, Button, Checkbox, PasswordInput, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { addMember, deleteHolder, deletePassword, endLogin, groups, putPassword, removeMember, user } from '../api/access';
import type { User } from '../api/types';
import { Copy } from '../ui/Copy';
import { ago, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { Boundary, Held } from './Held';
import { HeadActions } from './Head';
import { Opener } from './Opener';
import { Secret } from './Secret';
import { UserKeys } from './UserKeys';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** A user: groups, policies, keys, password and logins. */
export function UserSheet(props: { name: string; onClose: () => void }) {
  const q = useQuery(user(props.name));
  const u = q.data;
  return (
    <Sheet
      label={`User ${props.name}`}
      title={props.name}
      onClose={props.onClose}
      actions={
        <HeadActions
          what="user"
          name={props.name}
          as={u?.arn}
          onDelete={() => deleteHolder('users', props.name)}
          onDeleted={props.onClose}
          warning={
            <>
              Delete the user <b>{props.name}</b>, with its keys, password, inline policies and memberships? This cannot be taken back.
            </>
          }
        />
      }
    >
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the user" />}
      {u && (
        <>
          <Part title="User">
            <Copy value={u.arn} label="Copy the ARN" />
            <p className="num muted">
              made {moment(u.created)} · {u.password_used ? `logged in ${ago(u.password_used)}` : 'never logged in'}
            </p>
          </Part>
          <UserGroups user={u} />
          <Held kind="users" holder={u} />
          <UserKeys user={u} />
          <Password user={u} />
          <Logins user={u} />
          <Boundary kind="users" holder={u} />
        </>
      )}
    </Sheet>
  );
}

function UserGroups({ user: u }: { user: User }) {
  const all = useQuery(groups);
  const change = useMutation({ mutationFn: (f: () => Promise<unknown>) => f() });
  const left = (all.data ?? []).map((g) => g.name).filter((g) => !u.groups.includes(g));
  return (
    <Part title="Groups">
      <ul className={css.items}>
        {u.groups.map((g) => (
          <li key={g}>
            <Opener view="groups" name={g} />
            <ActionIcon aria-label={`Remove from ${g}`} className={css.itemEnd} size={22} onClick={() => change.mutate(() => removeMember(g, u.name))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <Select
        aria-label="Add to a group"
        placeholder="Add to a group"
        className={css.add}
        data={left}
        value={null}
        searchable
        nothingFoundMessage="No other group has this name"
        comboboxProps={{ shadow: 'sm' }}
        onChange={(g) => g && change.mutate(() => addMember(g, u.name))}
      />
      {change.error && <ProblemView error={change.error} compact />}
    </Part>
  );
}

function Password({ user: u }: { user: User }) {
  const [setting, setSetting] = useState(false);
  const [text, setText] = useState('');
  const [reset, setReset] = useState(false);
  const set = useMutation({
    mutationFn: () => putPassword(u.name, text, reset),
    onSuccess: () => {
      setSetting(false);
      setText('');
    },
  });
  const remove = useMutation({ mutationFn: () => deletePassword(u.name), onSuccess: () => set.reset() });
  const error = set.error ?? remove.error;
  return (
    <Part
      title="Console password"
      note={u.password ? `since ${moment(u.password)}${u.password_reset ? ', to be changed at the next login' : ''}` : 'none: the user cannot log in by name'}
      action={
        !setting && (
          <>
            {u.password && (
              <Button variant="subtle" loading={remove.isPending} onClick={() => remove.mutate()}>
                Take away
              </Button>
            )}
            <Button variant="subtle" onClick={() => setSetting(true)}>
              {u.password ? 'Change' : 'Set'}
            </Button>
          </>
        )
      }
    >
      {set.data?.password && <Secret what={`The password of ${u.name}`} values={[{ name: 'Password', value: set.data.password }]} onClose={() => set.reset()} />}
      {setting && (
        <form
          className={css.inlineForm}
          onSubmit={(e) => {
            e.preventDefault();
            set.mutate();
          }}
        >
          <PasswordInput
            size="xs"
            label="New password"
            description="8 characters or more; one is made up if you leave it empty. Logins of the user end."
            autoComplete="new-password"
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autoFocus
          />
          <Checkbox size="xs" label="To be changed at the next login" checked={reset} onChange={(e) => setReset(e.currentTarget.checked)} />
          <div className={list.choices}>
            <Button variant="default" onClick={() => setSetting(false)}>
              Cancel
            </Button>
            <Button type="submit" loading={set.isPending}>
              {text ? 'Set password' : 'Make up a password'}
            </Button>
          </div>
        </form>
      )}
      {error && <ProblemView error={error} compact />}
    </Part>
  );
}

function Logins({ user: u }: { user: User }) {
  const end = useMutation({ mutationFn: (id: string) => endLogin(u.name, id) });
  if (!u.logins || u.logins.length === 0) return null;
  return (
    <Part title="Sessions in the console">
      <ul className={css.items}>
        {u.logins.map((l) => (
          <li key={l.id}>
            <span className="num">
              since {moment(l.began)} <span className="muted">· until {moment(l.expires)}</span>
            </span>
            <Button variant="subtle" className={css.itemEnd} onClick={() => end.mutate(l.id)}>
              End
            </Button>
          </li>
        ))}
      </ul>
      {end.error && <ProblemView error={end.error} compact />}
    </Part>
  );
}
