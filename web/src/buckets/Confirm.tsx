import { Button, Modal } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { ProblemView } from '../ui/Problem';
import css from './buckets.module.css';

/** Asks before something that cannot be taken back. */
export function Confirm(props: {
  title: string;
  action: string;
  children: ReactNode;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}) {
  const act = useMutation({ mutationFn: props.onConfirm, onSuccess: props.onClose });
  return (
    <Modal opened onClose={props.onClose} title={props.title} size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={css.form}>
        <p className={css.question}>{props.children}</p>
        {act.error && <ProblemView error={act.error} compact />}
        <div className={css.choices}>
          <Button variant="default" size="sm" onClick={props.onClose} data-autofocus>
            Keep
          </Button>
          <Button size="sm" loading={act.isPending} onClick={() => act.mutate()}>
            {props.action}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
