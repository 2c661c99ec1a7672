import { Button, Modal } from '@mantine/core';

import type { Analysis, Definition } from '../api/dash';
import { ago } from '../ui/format';
import list from '../ui/list.module.css';
import { differences } from './definition';
import { nameOf } from './names';
import { titleOf } from './VisualCard';

/** Somebody else saved first: what differs, and whose stays. */
export function Conflict(props: { mine: Definition; theirs: Analysis; saving: boolean; onMine: () => void; onTheirs: () => void; onClose: () => void }) {
  const what = differences(props.mine, props.theirs.definition, titleOf);
  return (
    <Modal opened onClose={props.onClose} title="Somebody else saved first" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={list.form}>
        <p>
          <b>{nameOf(props.theirs.changed_by)}</b> saved this analysis {ago(props.theirs.changed)}, after you opened it. Nothing is lost until you choose.
        </p>
        <ul>
          {what.map((w) => (
            <li key={w}>{w}</li>
          ))}
          {what.length === 0 && <li>only the name differs, or nothing</li>}
        </ul>
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
