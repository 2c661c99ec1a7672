import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { createSnapshot, type Instance, snapshots } from '../api/instances';
import { Empty } from '../ui/Empty';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import { SnapshotTable } from './Snapshots';

/** An instance's snapshots, and a way to make one. */
export function OwnSnapshots({ of: i }: { of: Instance }) {
  const q = useQuery(snapshots);
  const [making, setMaking] = useState(false);
  const own = q.data?.filter((s) => s.instance === i.name && s.region === i.region);
  const make = (
    <Button variant="default" disabled={i.status !== 'available'} onClick={() => setMaking(true)}>
      Take snapshot
    </Button>
  );
  return (
    <>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading snapshots" />}
      {own?.length === 0 && <Empty action={make}>A snapshot is the instance as it is now, from which another can be made.</Empty>}
      {own && own.length > 0 && (
        <>
          <div className={list.bar}>
            <span className={list.barEnd}>{make}</span>
          </div>
          <SnapshotTable of={own} plain />
        </>
      )}
      {making && <Take of={i} onClose={() => setMaking(false)} />}
    </>
  );
}

function Take(props: { of: Instance; onClose: () => void }) {
  const [name, setName] = useState(`${props.of.name}-`);
  const make = useMutation({ mutationFn: () => createSnapshot(props.of, name), onSuccess: props.onClose });
  return (
    <Modal opened onClose={props.onClose} title="Take snapshot" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          make.mutate();
        }}
      >
        <TextInput size="sm" label="Name" description="letters, digits and hyphens" value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus autoCapitalize="none" spellCheck={false} />
        {make.error && <ProblemView error={make.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" size="sm" loading={make.isPending}>
            Take snapshot
          </Button>
        </div>
      </form>
    </Modal>
  );
}
