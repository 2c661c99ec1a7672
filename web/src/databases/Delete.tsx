import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { deleteInstance, type Instance } from '../api/instances';
import { ProblemView } from '../ui/Problem';
import list from '../ui/list.module.css';

/** Deletes an instance, by default after a last snapshot. */
export function Delete(props: { of: Instance; onClose: () => void }) {
  const { of: i } = props;
  const navigate = useNavigate();
  const [save, setSave] = useState(true);
  const [name, setName] = useState(`${i.name}-final`);
  const [typed, setTyped] = useState('');
  const act = useMutation({ mutationFn: () => deleteInstance(i, save ? name : undefined), onSuccess: () => navigate({ to: '/databases' }) });
  return (
    <Modal opened onClose={props.onClose} title={`Delete ${i.name}`} size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          act.mutate();
        }}
      >
        <p>The server is stopped, and its data and automated backups are removed.</p>
        <Checkbox size="xs" label="Take a final snapshot, from which it can be made again" checked={save} onChange={(e) => setSave(e.currentTarget.checked)} />
        {save && <TextInput label="Name of the snapshot" value={name} onChange={(e) => setName(e.currentTarget.value)} autoCapitalize="none" spellCheck={false} />}
        {!save && <TextInput label={`Type ${i.name}: there is no way back`} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} data-autofocus autoCapitalize="none" spellCheck={false} />}
        {act.error && <ProblemView error={act.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Keep
          </Button>
          <Button type="submit" size="sm" loading={act.isPending} disabled={save ? name === '' : typed !== i.name}>
            Delete
          </Button>
        </div>
      </form>
    </Modal>
  );
}
