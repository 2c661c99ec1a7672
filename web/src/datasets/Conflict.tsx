import type { DataSet, DataSetDraft } from '../api/dash';
import { type Choices, ConflictDialog } from '../ui/Conflict';
import { nameOf } from '../ui/principal';
import { differences, draftOf } from './draft';
import css from './datasets.module.css';

/** Somebody else saved a data set first: what they changed, what one changed oneself, and which shall stay. */
export function Conflict(props: Choices & { base: DataSet; theirs: DataSet; mine: DataSetDraft }) {
  const before = draftOf(props.base);
  const sides = [
    { title: `${nameOf(props.theirs.changed_by)} changed`, what: differences(before, draftOf(props.theirs)) },
    { title: 'You changed', what: differences(before, props.mine) },
  ];
  return (
    <ConflictDialog {...props} what="data set">
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
    </ConflictDialog>
  );
}
