import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { createVersion, deletePolicy, deleteVersion, policy, setDefault } from '../api/access';
import type { ManagedPolicy, PolicyVersion } from '../api/types';
import { Copy } from '../ui/Copy';
import { moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { DiffView } from './DiffView';
import { HeadActions } from './Head';
import { Openers } from './Opener';
import { PolicyForm, PolicyText } from './PolicyForm';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** A managed policy: its text, its versions and who uses it. */
export function PolicySheet(props: { arn: string; onClose: () => void }) {
  const q = useQuery(policy(props.arn));
  const p = q.data;
  const name = props.arn.slice(props.arn.lastIndexOf('/') + 1);
  return (
    <Sheet
      label={`Policy ${name}`}
      title={name}
      onClose={props.onClose}
      actions={
        p && (
          <HeadActions
            what="policy"
            name={name}
            onDelete={p.aws ? undefined : () => deletePolicy(p)}
            onDeleted={props.onClose}
            warning={
              <>
                Delete the policy <b>{name}</b> and all its versions? It must be attached to nobody.
              </>
            }
          />
        )
      }
    >
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the policy" />}
      {p && (
        <>
          <Part title="Policy" note={p.aws ? "AWS's own, which cannot be changed" : undefined}>
            <Copy value={p.arn} label="Copy the ARN" />
            {p.description && <p>{p.description}</p>}
          </Part>
          <Document policy={p} />
          {(p.versions?.length ?? 0) > 1 && <Versions policy={p} />}
          <UsedBy policy={p} />
        </>
      )}
    </Sheet>
  );
}

function Document({ policy: p }: { policy: ManagedPolicy }) {
  const [editing, setEditing] = useState(false);
  const now = p.versions?.find((v) => v.default);
  if (!now) return null;
  return (
    <Part
      title="Document"
      note={<span className="num">{now.id}, which counts</span>}
      action={
        !p.aws &&
        !editing && (
          <Button variant="subtle" onClick={() => setEditing(true)}>
            Edit
          </Button>
        )
      }
    >
      {editing ? (
        <PolicyForm
          text={now.document}
          kind="identity"
          action="Save as new version"
          onCancel={() => setEditing(false)}
          onSave={async (text) => {
            await createVersion(p.arn, text, true);
            setEditing(false);
          }}
        />
      ) : (
        <PolicyText text={now.document} kind="identity" readOnly />
      )}
    </Part>
  );
}

function Versions({ policy: p }: { policy: ManagedPolicy }) {
  const [shown, setShown] = useState<string | null>(null);
  const change = useMutation({ mutationFn: (f: () => Promise<unknown>) => f() });
  const now = p.versions!.find((v) => v.default)!;
  const title = (v: PolicyVersion) => (
    <span className="num">
      <b>{v.id}</b> {v.created && <span className="muted">{moment(v.created)}</span>}
    </span>
  );
  return (
    <Part title="Versions" note="at most five are kept">
      <ul className={css.items}>
        {p.versions!.map((v) => (
          <li key={v.id} className={css.wrap}>
            {title(v)}
            {v.default ? (
              <span className={list.chip}>counts</span>
            ) : (
              <span className={css.itemEnd}>
                <Button variant="subtle" aria-expanded={shown === v.id} onClick={() => setShown(shown === v.id ? null : v.id)}>
                  Compare
                </Button>
                <Button variant="subtle" aria-label={`Make ${v.id} count`} onClick={() => change.mutate(() => setDefault(p.arn, v.id))}>
                  Make it count
                </Button>
                <Button variant="subtle" aria-label={`Delete ${v.id}`} onClick={() => change.mutate(() => deleteVersion(p.arn, v.id))}>
                  Delete
                </Button>
              </span>
            )}
            {shown === v.id && <DiffView label={`From ${v.id} to ${now.id}`} before={v.document} after={now.document} />}
          </li>
        ))}
      </ul>
      {change.error && <ProblemView error={change.error} compact />}
    </Part>
  );
}

function UsedBy({ policy: p }: { policy: ManagedPolicy }) {
  const h = p.holders;
  if (!h) return null;
  const lists = [
    { title: 'Users', view: 'users', names: h.users },
    { title: 'Groups', view: 'groups', names: h.groups },
    { title: 'Roles', view: 'roles', names: h.roles },
    { title: 'Boundary of users', view: 'users', names: h.boundary_users },
    { title: 'Boundary of roles', view: 'roles', names: h.boundary_roles },
  ] as const;
  const some = lists.filter((l) => l.names.length > 0);
  return (
    <Part title="In use by" note={some.length === 0 ? 'nobody' : undefined}>
      <dl className={list.facts}>
        {some.map((l) => (
          <div key={l.title}>
            <dt>{l.title}</dt>
            <dd>
              <Openers view={l.view} names={l.names} />
            </dd>
          </div>
        ))}
      </dl>
    </Part>
  );
}
