import { Button, Modal, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { type ErasureRequest, extend } from '../api/erasure';
import { day } from '../ui/format';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';

/** Gives a request more time, for a reason that the person is told. */
export function Extend(props: { request: ErasureRequest; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const act = useMutation({ mutationFn: () => extend(props.request.id, reason.trim()), onSuccess: props.onClose });
  return (
    <Modal opened onClose={props.onClose} title="Extend this request" size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          act.mutate();
        }}
      >
        <p>It is due on {day(props.request.due)}. The law allows two more months, once, where requests are complex or many.</p>
        <Textarea size="xs" label="Reason, which the person is told" value={reason} onChange={(e) => setReason(e.currentTarget.value)} rows={2} data-autofocus />
        {act.error && <ProblemView error={act.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" size="sm" loading={act.isPending} disabled={reason.trim() === ''}>
            Extend
          </Button>
        </div>
      </form>
    </Modal>
  );
}
