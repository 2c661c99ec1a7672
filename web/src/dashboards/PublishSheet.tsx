import { Button, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { changes, dashboard, publish } from '../api/dashboards';
import type { Dashboard } from '../api/dash';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { isGroup, nameOf } from '../ui/principal';
import { ShareForm } from './Share';
import css from './dashboards.module.css';

const whats: Record<string, string> = { visual: 'visual', sheet: 'sheet', filter: 'filter', control: 'control', data_set: 'data set', field: 'field' };

/** Publishes an analysis: what changes for viewers, and who they are. */
export function PublishSheet(props: { id: string; name: string; revision: number; dashboard: string | undefined; onPublished: (d: Dashboard) => void; onClose: () => void }) {
  const there = useQuery({ ...dashboard(props.dashboard ?? ''), enabled: props.dashboard !== undefined && props.dashboard !== '' });
  const diff = useQuery(changes(props.id, props.revision));
  const [named, setNamed] = useState<string>();
  const [note, setNote] = useState('');
  const name = named ?? there.data?.name ?? props.name.replace(/ analysis$/, '');
  const act = useMutation({ mutationFn: () => publish(props.id, { name: name.trim(), ...(note.trim() && { note: note.trim() }), revision: props.revision }), onSuccess: props.onPublished });
  const viewers = diff.data?.viewers ?? [];
  const list = diff.data?.changes ?? [];
  if (act.data)
    return (
      <Sheet label="Publish" title="Published" onClose={props.onClose}>
        <Part title={`${act.data.name}, version ${act.data.version}`}>
          <p>
            <Link to="/dashboards/$dashboard" params={{ dashboard: act.data.id }}>
              Open the dashboard
            </Link>
          </p>
        </Part>
        <Part title="Who sees it">
          <ShareForm dashboard={act.data.id} shares={there.data?.shares ?? act.data.shares ?? []} />
        </Part>
      </Sheet>
    );
  return (
    <Sheet label="Publish" title="Publish" onClose={props.onClose}>
      <Part title="What changes for viewers">
        {diff.error && <ProblemView error={diff.error} retry={() => void diff.refetch()} compact />}
        {diff.isPending && <Waiting label="Comparing" />}
        {diff.data && list.length === 0 && <p className="muted">Nothing that they see.</p>}
        <ul className={css.changes} aria-label="Changes">
          {list.map((c) => (
            <li key={`${c.kind} ${c.what} ${c.sheet} ${c.id} ${c.title}`}>
              <span className={css.changeKind} data-kind={c.kind}>
                {c.kind}
              </span>{' '}
              {whats[c.what] ?? c.what} {c.title ? <b>{c.title}</b> : null}
              {(c.details?.length ?? 0) > 0 && <span className="muted"> {c.details!.join('; ')}</span>}
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Who sees it">
        {viewers.length === 0 ? (
          <p className="muted">Nobody but you, until you share it.</p>
        ) : (
          <p>{viewers.map((v) => `${nameOf(v.principal)}${isGroup(v.principal) ? ' (group)' : ''}`).join(', ')}</p>
        )}
      </Part>
      <Part title="Publish it">
        <form
          className={css.form}
          onSubmit={(e) => {
            e.preventDefault();
            act.mutate();
          }}
        >
          <TextInput label="Name of the dashboard" value={name} onChange={(e) => setNamed(e.currentTarget.value)} required withAsterisk={false} />
          <TextInput label="Note" description="what is new, for the list of versions" value={note} onChange={(e) => setNote(e.currentTarget.value)} />
          {act.error && <ProblemView error={act.error} compact />}
          <Button type="submit" loading={act.isPending} disabled={name.trim() === ''}>
            Publish dashboard
          </Button>
        </form>
      </Part>
    </Sheet>
  );
}
