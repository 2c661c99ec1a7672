import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Edited } from '../api/dash';
import { ago } from './format';
import list from './list.module.css';
import { nameOf } from './principal';
import { ProblemView } from './Problem';

/** What one can do where somebody else saved first. */
export interface Choices {
  saving: boolean;
  error?: unknown;
  onClose: () => void;
  onTheirs: () => void;
  onMine: () => void;
}

/** Somebody else saved first: what differs, told by the children, and whose stays. */
export function ConflictDialog(props: Choices & { what: string; theirs: Edited; children: ReactNode }) {
  return (
    <Modal opened onClose={props.onClose} title="Somebody else saved first" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={list.form}>
        <p>
          <b>{nameOf(props.theirs.changed_by)}</b> saved this {props.what} {ago(props.theirs.changed)}, after you opened it. Nothing is lost until you choose.
        </p>
        {props.children}
        {props.error !== undefined && props.error !== null && <ProblemView error={props.error} compact />}
        <div className={list.choices}>
          <Button variant="default" size="sm" onClick={props.onClose} data-autofocus>
            Go on editing
          </Button>
          <Button variant="default" size="sm" onClick={props.onTheirs}>
            Take theirs
          </Button>
          <Button size="sm" loading={props.saving} onClick={props.onMine}>
            Save mine over it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
