import { Button, Modal } from '@mantine/core';

import type { DataSet, DataSetDraft } from '../api/dash';
import { ago } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import list from '../ui/list.module.css';
import { differences, draftOf } from './draft';
import { nameOf } from './people';
import css from './datasets.module.css';

/** Somebody else saved first: what they changed, what one changed oneself, and which shall stay. */
export function Conflict(props: {
  base: DataSet;
  theirs: DataSet;
  mine: DataSetDraft;
  saving: boolean;
  error: unknown;
  onClose: () => void;
  onTheirs: () => void;
  onMine: () => void;
}) {
  const before = draftOf(props.base);
  const sides = [
    { title: `${nameOf(props.theirs.changed_by)} changed`, what: differences(before, draftOf(props.theirs)) },
    { title: 'You changed', what: differences(before, props.mine) },
  ];
  return (
    <Modal opened onClose={props.onClose} title="Somebody else saved first" size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={list.form}>
        <p>
          <b>{nameOf(props.theirs.changed_by)}</b> saved this data set {ago(props.theirs.changed)}, after you opened it. Nothing is lost until you choose.
        </p>
        <div className={css.sides}>
          {sides.map((s) => (
            <section key={s.title} aria-label={s.title}>
              <h3>{s.title}</h3>
              <ul>
                {s.what.map((w) => (
                  <li key={w}>{w}</li>
                ))}
                {s.what.length === 0 && <li className="muted">nothing that shows</li>}
              </ul>
            </section>
          ))}
        </div>
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
