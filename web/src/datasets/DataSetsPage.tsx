import { Button, TextInput } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

import type { DataSet } from '../api/dash';
import { dataSets, extractOf } from '../api/datasets';
import { Empty } from '../ui/Empty';
import { ago, bytes, counted, moment } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { Pill } from '../ui/Pill';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import { sourceName } from './draft';
import { useImport } from './ImportYAML';
import { nameOf } from '../ui/principal';
import css from './datasets.module.css';

const route = getRouteApi('/data-sets');

/** All data sets that one may see. */
export function DataSetsPage() {
  const { find = '' } = route.useSearch();
  const navigate = useNavigate();
  const q = useQuery(dataSets);
  const needle = find.trim().toLowerCase();
  const shown = q.data?.filter((s) => `${s.name} ${sourceName(s.source)} ${nameOf(s.owner)}`.toLowerCase().includes(needle));
  const bring = useImport();

  useEffect(() => {
    document.title = 'Data sets · lethe';
  }, []);

  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => void navigate({ to: '/data-sets/new' })}>
      New data set
    </Button>
  );
  return (
    <>
      <PageHead title="Data sets" label="Data sets">
        {q.data?.length !== 0 && make}
        {bring.menu}
      </PageHead>
      <div className={list.panel}>
        {bring.said}
        {(q.data?.length ?? 0) > 0 && (
          <div className={list.bar}>
            <TextInput
              data-find
              className={list.filter}
              aria-label="Find data sets"
              placeholder="Name, source or owner"
              leftSection={<IconSearch size={14} />}
              value={find}
              onChange={(e) => void navigate({ to: '/data-sets', search: { find: e.currentTarget.value || undefined }, replace: true })}
            />
          </div>
        )}
        <div className={list.scroll}>
          {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
          {q.isPending && <Waiting label="Loading data sets" />}
          {q.data?.length === 0 && <Empty action={make}>A data set is a table, a join or a query, prepared for dashboards.</Empty>}
          {q.data && q.data.length > 0 && shown?.length === 0 && <Empty>No data set has this name, source or owner.</Empty>}
          {shown && shown.length > 0 && (
            <table className={list.list}>
              <thead>
                <tr>
                  <th>Name</th>
                  <th className={list.roomy}>Source</th>
                  <th>Answers from</th>
                  <th className={list.roomy}>Owner</th>
                  <th className={list.roomy}>Changed</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((s) => (
                  <tr key={s.id}>
                    <td className={list.strong}>
                      <Link to="/data-sets/$dataSet" params={{ dataSet: s.id }}>
                        {s.name}
                      </Link>
                      {s.description && <div className={`muted ${css.about}`}>{s.description}</div>}
                    </td>
                    <td className={list.roomy}>{sourceName(s.source)}</td>
                    <td>
                      <From of={s} />
                    </td>
                    <td className={list.roomy}>{nameOf(s.owner)}</td>
                    <td className={`num ${list.roomy}`} title={`${moment(s.changed)}, by ${nameOf(s.changed_by)}`}>
                      {ago(s.changed)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
        {shown && shown.length > 0 && <div className={list.under}>{counted(shown.length, 'data set')}</div>}
      </div>
    </>
  );
}

/** Where answers come from: the lake, or an extract of some size and age. */
function From({ of }: { of: DataSet }) {
  const { data: x, error } = useQuery({ ...extractOf(of.id), enabled: of.mode === 'extract' });
  if (of.mode === 'live') return <Pill tone="quiet">Live</Pill>;
  if (error || !x) return <Pill tone="quiet">Extract</Pill>;
  const size: ReactNode = x.id && (
    <span className="muted num">
      {counted(x.rows, 'row')}, {bytes(x.bytes)}
      {x.as_of && `, ${ago(x.as_of)}`}
    </span>
  );
  return (
    <span className={css.from}>
      {x.running ? <Pill tone="busy">Refreshing</Pill> : x.id ? <Pill tone="good">Extract</Pill> : <Pill tone="wants">No extract yet</Pill>}
      {size}
    </span>
  );
}
