import type { ColumnNode } from './columns';
import css from './erasure.module.css';

/** The columns of a table, nested ones within theirs, to choose one of. What is chosen
 * elsewhere says as what. */
export function ColumnTree(props: { tree: ColumnNode[]; label: string; chosen: (path: string) => string | undefined; onChoose: (path: string) => void }) {
  return (
    <ul className={css.columns} aria-label={props.label}>
      {props.tree.map((n) => (
        <li key={n.path}>
          {n.not ? (
            <span className={css.column} data-not>
              {n.name} <code className="clip">{n.children.length > 0 ? '' : n.not}</code>
            </span>
          ) : (
            <button type="button" className={`bare ${css.column}`} aria-pressed={props.chosen(n.path) !== undefined} onClick={() => props.onChoose(n.path)}>
              {n.name} <code className="clip">{n.type}</code>
              {props.chosen(n.path) && <span className={css.as}>{props.chosen(n.path)}</span>}
            </button>
          )}
          {n.children.length > 0 && <ColumnTree {...props} tree={n.children} label={`Fields of ${n.path}`} />}
        </li>
      ))}
    </ul>
  );
}
