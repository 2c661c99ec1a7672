import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { attach, deleteInline, detach, type HolderKind, policies, putBoundary, putInline } from '../api/access';
import type { Holder } from '../api/types';
import { Part } from '../ui/Sheet';
import { ProblemView } from '../ui/Problem';
import { Opener } from './Opener';
import { PolicyForm } from './PolicyForm';
import { sampleIdentity } from './samples';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** A policy by its name, for a list to choose from. */
function useChoices(taken: readonly string[]) {
  const q = useQuery(policies);
  const left = (q.data ?? []).filter((p) => !taken.includes(p.arn));
  const data = [
    { group: 'Own', items: left.filter((p) => !p.aws).map((p) => ({ value: p.arn, label: p.name })) },
    { group: "AWS's", items: left.filter((p) => p.aws).map((p) => ({ value: p.arn, label: p.name })) },
  ].filter((g) => g.items.length > 0);
  return { data, error: q.error };
}

/** The policies of a user, a group or a role: attached ones and its own. */
export function Held(props: { kind: HolderKind; holder: Holder }) {
  const { kind, holder } = props;
  const [open, setOpen] = useState<string | null>(null);
  const choices = useChoices(holder.attached.map((p) => p.arn));
  const change = useMutation({ mutationFn: (f: () => Promise<unknown>) => f() });
  return (
    <>
      <Part title="Attached policies">
        <ul className={css.items}>
          {holder.attached.map((p) => (
            <li key={p.arn}>
              <Opener view="policies" name={p.arn}>
                {p.name}
              </Opener>
              {p.aws && <span className={list.chip}>AWS</span>}
              <ActionIcon aria-label={`Detach ${p.name}`} className={css.itemEnd} size={22} onClick={() => change.mutate(() => detach(kind, holder.name, p.arn))}>
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
        <Select
          aria-label="Attach a policy"
          placeholder="Attach a policy"
          className={css.add}
          data={choices.data}
          value={null}
          searchable
          nothingFoundMessage="No other policy has this name"
          comboboxProps={{ shadow: 'sm' }}
          onChange={(arn) => arn && change.mutate(() => attach(kind, holder.name, arn))}
        />
        {change.error && <ProblemView error={change.error} compact />}
      </Part>
      <Part
        title="Inline policies"
        note={holder.inline.length === 0 && open === null ? 'none' : undefined}
        action={
          open !== '' && (
            <Button variant="subtle" leftSection={<IconPlus size={14} />} onClick={() => setOpen('')}>
              Write one
            </Button>
          )
        }
      >
        <ul className={css.items}>
          {holder.inline.map((p) => (
            <li key={p.name} className={css.wrap}>
              <button type="button" className={`bare ${list.strong} ${css.link}`} aria-expanded={open === p.name} onClick={() => setOpen(open === p.name ? null : p.name)}>
                {p.name}
              </button>
              <ActionIcon aria-label={`Delete ${p.name}`} className={css.itemEnd} size={22} onClick={() => change.mutate(() => deleteInline(kind, holder.name, p.name))}>
                <IconTrash size={14} />
              </ActionIcon>
              {open === p.name && (
                <PolicyForm
                  text={p.document ?? ''}
                  kind="identity"
                  action="Save"
                  onSave={async (text) => {
                    await putInline(kind, holder.name, p.name, text);
                    setOpen(null);
                  }}
                  onCancel={() => setOpen(null)}
                />
              )}
            </li>
          ))}
        </ul>
        {open === '' && (
          <NewInline
            onCancel={() => setOpen(null)}
            onSave={async (name, text) => {
              await putInline(kind, holder.name, name, text);
              setOpen(null);
            }}
          />
        )}
      </Part>
    </>
  );
}

function NewInline(props: { onSave: (name: string, text: string) => Promise<void>; onCancel: () => void }) {
  const [name, setName] = useState('');
  return (
    <>
      <TextInput aria-label="Name of the policy" placeholder="Name" value={name} onChange={(e) => setName(e.currentTarget.value)} autoFocus spellCheck={false} />
      <PolicyForm text={sampleIdentity} kind="identity" action="Save" disabled={name === ''} onSave={(text) => props.onSave(name, text)} onCancel={props.onCancel} />
    </>
  );
}

/** The permissions boundary of a user or a role. */
export function Boundary(props: { kind: HolderKind; holder: Holder }) {
  const { kind, holder } = props;
  const choices = useChoices(holder.boundary ? [holder.boundary] : []);
  const change = useMutation({ mutationFn: (arn: string) => putBoundary(kind, holder.name, arn) });
  return (
    <Part title="Permissions boundary" note={holder.boundary ? undefined : 'none: nothing limits what policies allow'}>
      {holder.boundary && (
        <ul className={css.items}>
          <li>
            <Opener view="policies" name={holder.boundary}>
              {holder.boundary.slice(holder.boundary.lastIndexOf('/') + 1)}
            </Opener>
            <ActionIcon aria-label="Take the boundary away" className={css.itemEnd} size={22} onClick={() => change.mutate('')}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        </ul>
      )}
      <Select
        aria-label="Permissions boundary"
        placeholder={holder.boundary ? 'Another boundary' : 'Set a boundary'}
        className={css.add}
        data={choices.data}
        value={null}
        searchable
        nothingFoundMessage="No policy has this name"
        comboboxProps={{ shadow: 'sm' }}
        onChange={(arn) => arn && change.mutate(arn)}
      />
      {change.error && <ProblemView error={change.error} compact />}
    </Part>
  );
}
