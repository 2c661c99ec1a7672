import { Button, Select, TextInput } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { closed, type ErasureRequest, requests } from '../api/erasure';
import { Empty } from '../ui/Empty';
import { ago, count, counted, day, moment } from '../ui/format';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import type { ViewProps } from './ErasurePage';
import { Hashes } from './Hashes';
import { NewRequest } from './NewRequest';
import { dueIn, shortID, undecided } from './state';
import { StatePill } from './StatePill';
import css from './erasure.module.css';

const shows: { value: string; label: string; is: (r: ErasureRequest) => boolean }[] = [
  { value: 'all', label: 'All requests', is: () => true },
  { value: 'open', label: 'Open', is: (r) => !closed(r) },
  { value: 'approval', label: 'Wait for approval', is: undecided },
  { value: 'blocked', label: 'Need a person', is: (r) => r.state === 'blocked' },
  { value: 'closed', label: 'Closed', is: closed },
];

/** All requests, the latest first. */
export function Requests({ search, onSearch }: ViewProps) {
  const q = useQuery(requests);
  const [filter, setFilter] = useState('');
  const show = shows.find((s) => s.value === search.show) ?? shows[0]!;
  const needle = filter.trim().toLowerCase();
  const found = (q.data ?? [])
    .filter(show.is)
    .filter((r) => needle === '' || [r.id, r.by, ...(r.identifiers ?? []).flatMap((i) => [i.type, i.hash])].some((s) => s.toLowerCase().includes(needle)))
    .toReversed();
  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => onSearch({ name: 'new' })}>
      New request
    </Button>
  );
  return (
    <div className={list.split}>
      <div className={list.content}>
        <div className={list.bar}>
          <TextInput
            data-find
            className={list.filter}
            aria-label="Filter requests"
            placeholder="Id, person or hash"
            leftSection={<IconSearch size={14} />}
            value={filter}
            onChange={(e) => setFilter(e.currentTarget.value)}
            onKeyDown={(e) => e.key === 'Escape' && setFilter('')}
          />
          <Select
            aria-label="Which requests"
            className={css.choice}
            data={shows.map(({ value, label }) => ({ value, label }))}
            value={show.value}
            comboboxProps={{ shadow: 'sm' }}
            onChange={(v) => onSearch({ show: v === 'all' ? undefined : (v ?? undefined) })}
          />
          {search.name !== 'new' && <span className={list.barEnd}>{make}</span>}
        </div>
        <div className={list.scroll}>
          {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
          {q.isPending && <Waiting label="Loading requests" />}
          {q.data?.length === 0 && <Empty action={make}>A request finds one person in the lake, reports where, and erases them once that is approved.</Empty>}
          {q.data && q.data.length > 0 && found.length === 0 && <Empty>No request is like this.</Empty>}
          {found.length > 0 && (
            <table className={list.list}>
              <thead>
                <tr>
                  <th>Request</th>
                  <th>State</th>
                  <th className={list.roomy}>Person</th>
                  <th>Due</th>
                  <th className={list.roomy}>Asked</th>
                  <th className={`${list.right} ${list.roomy}`}>Found</th>
                  <th className={`${list.right} ${list.roomy}`}>Erased</th>
                </tr>
              </thead>
              <tbody>
                {found.map((r) => (
                  <Row key={r.id} request={r} />
                ))}
              </tbody>
            </table>
          )}
        </div>
        {found.length > 0 && <div className={list.under}>{counted(found.length, 'request')}</div>}
      </div>
      {search.name === 'new' && <NewRequest onClose={() => onSearch({ name: undefined })} />}
    </div>
  );
}

function Row({ request: r }: { request: ErasureRequest }) {
  const due = dueIn(r);
  return (
    <tr>
      <td>
        <Link to="/erasure/$request" params={{ request: r.id }} className={`mono ${list.strong}`} title={r.id}>
          {shortID(r.id)}
        </Link>
      </td>
      <td>
        <StatePill state={r.state} />
      </td>
      <td className={list.roomy}>
        <Hashes of={r.identifiers} brief />
      </td>
      <td className="num">
        {due.text ? (
          <span className={css.due} data-close={due.close || undefined} title={moment(r.due)}>
            {due.text}
          </span>
        ) : (
          <span className="muted">closed {r.closed && day(r.closed)}</span>
        )}
      </td>
      <td className={`num muted ${list.roomy}`}>
        <time title={moment(r.made)}>{ago(r.made)}</time> by {r.by}
      </td>
      <td className={`num ${list.right} ${list.roomy}`}>{r.state !== 'asked' && `${counted(r.found.records, 'record')} in ${count(r.found.objects)}`}</td>
      <td className={`num ${list.right} ${list.roomy}`}>{r.state === 'done' && count(r.records)}</td>
    </tr>
  );
}
