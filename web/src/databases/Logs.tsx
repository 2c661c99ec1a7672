import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { type Instance, log, logs } from '../api/instances';
import { Empty } from '../ui/Empty';
import { ago, bytes, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import css from './databases.module.css';

/** The engine's own log files, and the end of the one that is open. */
export function Logs(props: { of: Instance; file?: string; onOpen: (file: string | undefined) => void }) {
  const { of: i } = props;
  const q = useQuery(logs(i.region, i.name));
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Waiting label="Loading the log files" />;
  if (q.data.length === 0) return <Empty>Its engine has written no log yet.</Empty>;
  if (props.file !== undefined) return <End of={i} file={props.file} onClose={() => props.onOpen(undefined)} />;
  return (
    <table className={list.list}>
      <thead>
        <tr>
          <th>File</th>
          <th className={list.right}>Size</th>
          <th className={list.right}>Written</th>
        </tr>
      </thead>
      <tbody>
        {q.data.map((f) => (
          <tr key={f.name}>
            <td>
              <button type="button" className={`bare ${css.open}`} onClick={() => props.onOpen(f.name)}>
                {f.name}
              </button>
            </td>
            <td className={`num ${list.right}`}>{bytes(f.size)}</td>
            <td className={`num muted ${list.right}`}>
              <time title={moment(f.written)}>{ago(f.written)}</time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function End(props: { of: Instance; file: string; onClose: () => void }) {
  const q = useQuery(log(props.of.region, props.of.name, props.file));
  const pre = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (pre.current) pre.current.scrollTop = pre.current.scrollHeight;
  }, [q.data]);
  return (
    <>
      <div className={list.bar}>
        <Button variant="default" onClick={props.onClose}>
          All files
        </Button>
        <b className="clip">{props.file}</b>
        <span className="muted">its last lines</span>
        <span className={list.barEnd}>
          <Button variant="subtle" leftSection={<IconRefresh size={14} />} loading={q.isFetching} onClick={() => void q.refetch()}>
            Again
          </Button>
        </span>
      </div>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the log" />}
      {q.data && (
        <pre ref={pre} className={css.log} tabIndex={0} aria-label={`The end of ${props.file}`}>
          {q.data.text || 'It is empty.'}
        </pre>
      )}
    </>
  );
}
