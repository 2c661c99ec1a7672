import { diff } from './diff';
import css from './access.module.css';

const marks = { same: ' ', gone: '−', new: '+' };
const words = { same: '', gone: 'removed: ', new: 'added: ' };

/** What changed from one text to another, line by line. */
export function DiffView(props: { label: string; before: string; after: string }) {
  const changes = diff(props.before.split('\n'), props.after.split('\n'));
  return (
    <figure className={css.diff} aria-label={props.label}>
      <figcaption className="muted">{changes.every((c) => c.kind === 'same') ? 'The texts are the same.' : props.label}</figcaption>
      <pre>
        {changes.map((c, i) => (
          <div key={i} data-kind={c.kind}>
            <span aria-hidden>{marks[c.kind]} </span>
            {words[c.kind] && <span className="visually-hidden">{words[c.kind]}</span>}
            {c.text || ' '}
          </div>
        ))}
      </pre>
    </figure>
  );
}
