import { useQuery } from '@tanstack/react-query';

import { events, type Instance } from '../api/instances';
import { Empty } from '../ui/Empty';
import { moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import css from './databases.module.css';

/** What happened to an instance, the latest first. */
export function Events({ of: i }: { of: Instance }) {
  const q = useQuery(events(i.region, i.name));
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Loading the events" />;
  if (q.data.length === 0) return <Empty>Nothing has happened to it in the last fourteen days.</Empty>;
  return (
    <table className={list.list}>
      <thead>
        <tr>
          <th className={css.when}>When</th>
          <th>What</th>
          <th className={list.roomy}>Kind</th>
        </tr>
      </thead>
      <tbody>
        {q.data.map((e, n) => (
          <tr key={`${e.at} ${n}`}>
            <td className={`num muted ${css.when}`}>{moment(e.at)}</td>
            <td>{e.message}</td>
            <td className={`muted ${list.roomy}`}>{e.categories?.join(', ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
