import { useQuery } from '@tanstack/react-query';

import { offers } from '../api/instances';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import { gib } from './status';

/** The classes, with what each has, and what of it this host gives. */
export function Classes() {
  const q = useQuery(offers);
  const scale = q.data?.scale ?? 1;
  return (
    <div className={list.content}>
      <div className={list.scroll}>
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
        {q.isPending && <Waiting label="Loading classes" />}
        {q.data && (
          <table className={list.list}>
            <thead>
              <tr>
                <th>Class</th>
                <th className={list.right}>vCPU</th>
                <th className={list.right}>Memory</th>
                {scale !== 1 && <th className={list.right}>On this host</th>}
                <th className={`${list.right} ${list.roomy}`}>Disk, Mbit/s</th>
                <th className={`${list.right} ${list.roomy}`}>Network, Gbit/s</th>
              </tr>
            </thead>
            <tbody>
              {q.data.classes.map((c) => (
                <tr key={c.name}>
                  <td>
                    <code>{c.name}</code>
                    {c.problem && (
                      <span className={list.chip} title={c.problem}>
                        too large
                      </span>
                    )}
                  </td>
                  <td className={`num ${list.right}`}>{c.vcpus}</td>
                  <td className={`num ${list.right}`}>{gib(c.memory)}</td>
                  {scale !== 1 && <td className={`num muted ${list.right}`}>{gib(c.memory * scale)}</td>}
                  <td className={`num muted ${list.right} ${list.roomy}`}>{c.disk}</td>
                  <td className={`num muted ${list.right} ${list.roomy}`}>{c.network}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {q.data && (
        <div className={list.under}>
          A class is a size here, not a processor{scale !== 1 && `; this host gives each instance ${Math.round(scale * 1000) / 10} % of its class's memory`}.{' '}
          {q.data.unlimited
            ? `Servers are sized by their class and not bounded by it (${q.data.unlimited}): disk and network are nominal.`
            : 'Control groups bound what a server takes of the CPUs, the memory and the disk; network is nominal.'}
        </div>
      )}
    </div>
  );
}
