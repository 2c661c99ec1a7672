import { Button, Modal, Textarea } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { decide, type ErasureRequest, report } from '../api/erasure';
import { bytes, counted } from '../ui/format';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { totalsOf } from './totals';
import css from './erasure.module.css';

/** Approves or rejects the report that was read, and says in figures what that does. */
export function Decide(props: { request: ErasureRequest; approve: boolean; onClose: () => void }) {
  const { request: r, approve } = props;
  // The digest as it was when this was opened: a newer report must be read first.
  const [digest] = useState(r.digest ?? '');
  const [reason, setReason] = useState('');
  const q = useQuery(report(r.id, digest));
  const act = useMutation({ mutationFn: () => decide(r.id, { approve, digest, reason: reason.trim() }), onSuccess: props.onClose });
  const t = q.data && totalsOf(q.data);
  return (
    <Modal opened onClose={props.onClose} title={approve ? 'Erase this person' : 'Reject this request'} size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          act.mutate();
        }}
      >
        {q.error && <ProblemView error={q.error} compact />}
        {q.isPending && <Waiting label="Loading the report" />}
        {approve && t && (
          <ul className={css.effects}>
            <li>
              <b>{counted(t.records, 'record')}</b> in <b>{counted(t.objects, 'object')}</b> and all their versions ({counted(t.versions, 'version')}, {bytes(t.bytes)}) are erased.
            </li>
            {t.holdings > 0 && (
              <li>
                <b>{counted(t.holdings, 'other place')}</b> {t.holdings === 1 ? 'is' : 'are'} emptied of this person.
              </li>
            )}
            {t.unread > 0 && (
              <li data-warn>
                <b>{counted(t.unread, 'version')}</b> could not be read and {t.unread === 1 ? 'stays' : 'stay'} as an exception.
              </li>
            )}
            <li>What is written of this person later is erased again.</li>
            <li>It cannot be taken back.</li>
          </ul>
        )}
        {!approve && <p>Nothing is erased. The request is closed, and its identifiers are destroyed.</p>}
        <Textarea
          size="xs"
          label={approve ? 'Reason (optional)' : 'Reason, which the person is told'}
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          rows={2}
          data-autofocus
        />
        <p className={`muted ${css.digest}`}>
          of the report <code>{digest.slice(0, 16)}</code>
        </p>
        {act.error && <ProblemView error={act.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose}>
            Not now
          </Button>
          <Button type="submit" size="sm" className={approve ? css.erase : undefined} loading={act.isPending} disabled={(approve && !t) || (!approve && reason.trim() === '')}>
            {approve ? 'Approve and erase' : 'Reject'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
