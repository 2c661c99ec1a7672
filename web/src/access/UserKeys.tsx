import { ActionIcon, Button } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { createKey, deleteKey, setKeyActive } from '../api/access';
import type { AccessKey, User } from '../api/types';
import { Confirm } from '../buckets/Confirm';
import { ago, day, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Secret } from './Secret';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** What a key was last used for. */
export function KeyUse({ of: k }: { of: AccessKey }) {
  if (!k.used) return <>never used</>;
  return (
    <time title={moment(k.used)}>
      {ago(k.used)}
      {k.service && `, ${k.service}`}
    </time>
  );
}

/** A key's switch and its end. */
export function KeyActions(props: { user: string; of: AccessKey }) {
  const { user, of: k } = props;
  const [removing, setRemoving] = useState(false);
  const flip = useMutation({ mutationFn: () => setKeyActive(user, k.id, !k.active) });
  return (
    <>
      <Button variant="subtle" loading={flip.isPending} onClick={() => flip.mutate()} aria-label={`${k.active ? 'Deactivate' : 'Activate'} ${k.id}`}>
        {k.active ? 'Deactivate' : 'Activate'}
      </Button>
      <ActionIcon size={22} aria-label={`Delete ${k.id}`} onClick={() => setRemoving(true)}>
        <IconTrash size={14} />
      </ActionIcon>
      {flip.error && <ProblemView error={flip.error} compact />}
      {removing && (
        <Confirm title="Delete access key" action="Delete" onClose={() => setRemoving(false)} onConfirm={async () => void (await deleteKey(user, k.id))}>
          Delete the key <b>{k.id}</b> of {user}? What still signs with it will be refused. This cannot be taken back.
        </Confirm>
      )}
    </>
  );
}

/** A user's access keys. A new one's secret is shown once. */
export function UserKeys({ user: u }: { user: User }) {
  const make = useMutation({ mutationFn: () => createKey(u.name) });
  return (
    <Part
      title="Access keys"
      action={
        <Button variant="subtle" leftSection={<IconPlus size={14} />} loading={make.isPending} onClick={() => make.mutate()}>
          Make a key
        </Button>
      }
    >
      {make.data && (
        <Secret
          what="The secret of the key"
          values={[
            { name: 'Access key id', value: make.data.id },
            { name: 'Secret access key', value: make.data.secret ?? '' },
          ]}
          onClose={() => make.reset()}
        />
      )}
      {make.error && <ProblemView error={make.error} compact />}
      <ul className={css.items}>
        {(u.keys ?? []).map((k) => (
          <li key={k.id}>
            <span className={css.keyFacts}>
              <span>
                <code>{k.id}</code>
                {!k.active && <span className={list.chip}>inactive</span>}
              </span>
              <span className="num muted">
                made {day(k.created)} · <KeyUse of={k} />
              </span>
            </span>
            <span className={css.itemEnd}>
              <KeyActions user={u.name} of={k} />
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}
