import { Link } from '@tanstack/react-router';

import type { Database } from '../api/types';
import { Empty } from '../ui/Empty';
import css from './catalog.module.css';

/** The databases of a data catalog. */
export function Databases(props: { catalog: string; databases: Database[] }) {
  if (props.databases.length === 0) return <Empty>It answers, and has no databases yet.</Empty>;
  return (
    <table className={css.list}>
      <thead>
        <tr>
          <th>Database</th>
          <th>Description</th>
          <th className={css.roomy}>Location</th>
        </tr>
      </thead>
      <tbody>
        {props.databases.map((d) => (
          <tr key={d.name}>
            <td>
              <Link to="/catalog/$catalog/$database" params={{ catalog: props.catalog, database: d.name }} className={css.strong}>
                {d.name}
              </Link>
            </td>
            <td className="muted">{d.description}</td>
            <td className={css.roomy}>
              <code className="muted">{d.location}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
