import { ActionIcon, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';

import { addMember, deleteHolder, group, removeMember, users } from '../api/access';
import { Copy } from '../ui/Copy';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { Held } from './Held';
import { HeadActions } from './Head';
import { Opener } from './Opener';
import css from './access.module.css';

/** A group: members and policies. */
export function GroupSheet(props: { name: string; onClose: () => void }) {
  const q = useQuery(group(props.name));
  const all = useQuery(users);
  const change = useMutation({ mutationFn: (f: () => Promise<unknown>) => f() });
  const g = q.data;
  const left = (all.data ?? []).map((u) => u.name).filter((u) => !g?.members.includes(u));
  return (
    <Sheet
      label={`Group ${props.name}`}
      title={props.name}
      onClose={props.onClose}
      actions={
        <HeadActions
          what="group"
          name={props.name}
          as={g?.arn}
          onDelete={() => deleteHolder('groups', props.name)}
          onDeleted={props.onClose}
          warning={
            <>
              Delete the group <b>{props.name}</b>? Its members lose what it allows them.
            </>
          }
        />
      }
    >
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the group" />}
      {g && (
        <>
          <Part title="Group">
            <Copy value={g.arn} label="Copy the ARN" />
          </Part>
          <Part title="Members">
            <ul className={css.items}>
              {g.members.map((u) => (
                <li key={u}>
                  <Opener view="users" name={u} />
                  <ActionIcon aria-label={`Remove ${u}`} className={css.itemEnd} size={22} onClick={() => change.mutate(() => removeMember(g.name, u))}>
                    <IconX size={14} />
                  </ActionIcon>
                </li>
              ))}
            </ul>
            <Select
              aria-label="Add a member"
              placeholder="Add a member"
              className={css.add}
              data={left}
              value={null}
              searchable
              nothingFoundMessage="No other user has this name"
              comboboxProps={{ shadow: 'sm' }}
              onChange={(u) => u && change.mutate(() => addMember(g.name, u))}
            />
            {change.error && <ProblemView error={change.error} compact />}
          </Part>
          <Held kind="groups" holder={g} />
        </>
      )}
    </Sheet>
  );
}
