import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { deleteSnapshot, restoreSnapshot, type Snapshot, snapshots } from '../api/instances';
import { Confirm } from '../buckets/Confirm';
import { Empty } from '../ui/Empty';
import { ago, counted, moment } from '../ui/format';
import { Pill } from '../ui/Pill';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import { engineName, statusName } from './status';

/** What was saved of instances: by hand, and by themselves in their backup windows. */
export function Snapshots() {
  const q = useQuery(snapshots);
  return (
    <div className={list.content}>
      <div className={list.scroll}>
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
        {q.isPending && <Waiting label="Loading snapshots" />}
        {q.data?.length === 0 && <Empty>A snapshot is an instance as it was; instances make theirs daily, and you from an instance's page.</Empty>}
        {q.data && q.data.length > 0 && <SnapshotTable of={q.data} />}
      </div>
      {q.data && q.data.length > 0 && <div className={list.under}>{counted(q.data.length, 'snapshot')}</div>}
    </div>
  );
}

/** Snapshots as a table, with what can be done with each. */
export function SnapshotTable(props: { of: Snapshot[]; plain?: boolean }) {
  const [restoring, setRestoring] = useState<Snapshot>();
  const [removing, setRemoving] = useState<Snapshot>();
  return (
    <>
      <table className={list.list}>
        <thead>
          <tr>
            <th>Snapshot</th>
            {!props.plain && <th>Of</th>}
            {!props.plain && <th className={list.roomy}>Engine</th>}
            <th>State</th>
            <th className={`${list.right} ${list.roomy}`}>Made</th>
            <th className={list.right}>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.of.map((s) => (
            <tr key={s.arn}>
              <td>
                {s.name}
                {s.type !== 'manual' && <span className={list.chip}>{s.type}</span>}
              </td>
              {!props.plain && <td>{s.instance}</td>}
              {!props.plain && (
                <td className={`muted ${list.roomy}`}>
                  {engineName(s.engine)} {s.version}
                </td>
              )}
              <td>
                <Pill tone={s.status === 'available' ? 'good' : s.status === 'failed' ? 'wants' : 'busy'}>
                  {statusName(s.status)}
                  {s.status === 'creating' && s.progress > 0 && ` ${s.progress} %`}
                </Pill>
              </td>
              <td className={`num muted ${list.right} ${list.roomy}`}>{s.made && <time title={moment(s.made)}>{ago(s.made)}</time>}</td>
              <td className={list.right}>
                {s.status === 'available' && (
                  <Button variant="subtle" onClick={() => setRestoring(s)}>
                    Restore
                  </Button>
                )}
                {s.type === 'manual' && (
                  <Button variant="subtle" color="gray" onClick={() => setRemoving(s)}>
                    Delete
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {restoring && <Restore snapshot={restoring} onClose={() => setRestoring(undefined)} />}
      {removing && (
        <Confirm title="Delete snapshot" action="Delete" onClose={() => setRemoving(undefined)} onConfirm={async () => void (await deleteSnapshot(removing))}>
          Delete the snapshot <b>{removing.name}</b> of {removing.instance}? It cannot be had back.
        </Confirm>
      )}
    </>
  );
}

/** Makes a new instance of a snapshot. */
function Restore(props: { snapshot: Snapshot; onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: () => restoreSnapshot(props.snapshot, name),
    onSuccess: (i) => navigate({ to: '/databases/$region/$instance', params: { region: i.region, instance: i.name } }),
  });
  return (
    <Modal opened onClose={props.onClose} title="Restore snapshot" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          make.mutate();
        }}
      >
        <p>A new instance is made of {props.snapshot.name}. Nothing that runs is touched.</p>
        <TextInput size="sm" label="Name of the new instance" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus autoCapitalize="none" spellCheck={false} />
        {make.error && <ProblemView error={make.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" size="sm" loading={make.isPending} disabled={name === ''}>
            Restore
          </Button>
        </div>
      </form>
    </Modal>
  );
}
