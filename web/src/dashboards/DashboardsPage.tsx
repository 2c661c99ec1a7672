import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { analyses, dashboards, dataSetsToChoose } from '../api/dashboards';
import type { Analysis, Dashboard } from '../api/dash';
import { problemOf } from '../api/client';
import { useImport } from '../datasets/ImportYAML';
import { Empty } from '../ui/Empty';
import { ago, moment } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import { nameOf } from '../ui/principal';
import css from './dashboards.module.css';

const route = getRouteApi('/dashboards');

/** Dashboards that one may see, and analyses that they are made from. */
export function DashboardsPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const ds = useQuery(dashboards);
  const as = useQuery(analyses);
  const bring = useImport();
  useEffect(() => {
    document.title = 'Dashboards · lethe';
  }, []);
  const open = (name: string | undefined) => void navigate({ to: '/dashboards', search: { open: name } });
  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => open('new')}>
      New analysis
    </Button>
  );
  // Who only looks may not list analyses, and misses nothing.
  const looks = as.error !== null && problemOf(as.error).status === 403 && ds.data !== undefined;
  const nothing = ds.data?.length === 0 && as.data?.length === 0;
  return (
    <>
      <PageHead title="Dashboards" label="Dashboards">
        {!nothing && !looks && make}
        {!looks && bring.menu}
      </PageHead>
      <div className={`${list.split} ${css.page}`}>
        <div className={list.content}>
          {bring.said}
          <div className={list.scroll}>
            {ds.error && <ProblemView error={ds.error} retry={() => void ds.refetch()} />}
            {as.error && !looks && <ProblemView error={as.error} retry={() => void as.refetch()} />}
            {(ds.isPending || as.isPending) && <Waiting label="Loading dashboards" />}
            {looks && ds.data?.length === 0 && <Empty>Nobody has shared a dashboard with you yet.</Empty>}
            {nothing && <Empty action={make}>A dashboard shows data as pictures, to those it is shared with. It is published from an analysis, which is made of a data set.</Empty>}
            {ds.data && ds.data.length > 0 && (
              <section className={css.group} aria-label="Dashboards">
                <h2>
                  Dashboards <span className="num muted">{ds.data.length}</span>
                </h2>
                <ul className={css.cards}>
                  {ds.data.map((d) => (
                    <DashboardLine key={d.id} dashboard={d} />
                  ))}
                </ul>
              </section>
            )}
            {ds.data?.length === 0 && (as.data?.length ?? 0) > 0 && <p className={`muted ${css.note}`}>Nothing is published yet. Open an analysis and publish it.</p>}
            {as.data && as.data.length > 0 && (
              <section className={css.group} aria-label="Analyses">
                <h2>
                  Analyses <span className="num muted">{as.data.length}</span>
                </h2>
                <Analyses all={as.data} />
              </section>
            )}
          </div>
        </div>
        {search.open === 'new' && <ChooseDataSet onClose={() => open(undefined)} />}
      </div>
    </>
  );
}

function DashboardLine({ dashboard: d }: { dashboard: Dashboard }) {
  const shares = d.shares ?? [];
  const visuals = (d.definition?.sheets ?? []).reduce((n, s) => n + s.visuals.length, 0);
  return (
    <li className={css.line}>
      <Link to="/dashboards/$dashboard" params={{ dashboard: d.id }} className={css.lineName}>
        {d.name}
      </Link>
      {d.description && <p>{d.description}</p>}
      <p className="muted">
        {nameOf(d.owner)} published version {d.version}, <time dateTime={d.published} title={moment(d.published)}>{ago(d.published)}</time>
      </p>
      <p className="muted">
        {visuals > 0 && `${visuals === 1 ? '1 visual' : `${visuals} visuals`} · `}
        {shares.length === 0 ? 'shared with nobody' : `shared with ${shares.slice(0, 3).map((s) => nameOf(s.principal)).join(', ')}${shares.length > 3 ? ` and ${shares.length - 3} more` : ''}`}
      </p>
    </li>
  );
}

function Analyses({ all }: { all: Analysis[] }) {
  return (
    <table className={list.list}>
      <thead>
        <tr>
          <th>Name</th>
          <th className={list.roomy}>Owner</th>
          <th className={list.roomy}>Changed</th>
          <th>Published</th>
        </tr>
      </thead>
      <tbody>
        {all.map((a) => (
          <tr key={a.id}>
            <td>
              <Link to="/analyses/$analysis" params={{ analysis: a.id }} className={list.strong}>
                {a.name}
              </Link>
            </td>
            <td className={list.roomy}>{nameOf(a.owner)}</td>
            <td className={list.roomy} title={moment(a.changed)}>
              {ago(a.changed)}
            </td>
            <td>
              {a.dashboard ? (
                <Link to="/dashboards/$dashboard" params={{ dashboard: a.dashboard }}>
                  its dashboard
                </Link>
              ) : (
                <span className="muted">not yet</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Chooses the data set of a new analysis. */
function ChooseDataSet(props: { onClose: () => void }) {
  const q = useQuery(dataSetsToChoose);
  return (
    <Sheet label="New analysis" title="New analysis" onClose={props.onClose}>
      <Part title="Of which data set?">
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} compact />}
        {q.isPending && <Waiting label="Loading data sets" />}
        {q.data?.length === 0 && <p className="muted">There is no data set that you may ask. Make one first, of tables or of a statement.</p>}
        <ul className={css.choices}>
          {q.data?.map((d) => (
            <li key={d.id}>
              <Link to="/analyses/$analysis" params={{ analysis: 'new' }} search={{ data_set: d.id }} className={css.lineName}>
                {d.name}
              </Link>
              <p className="muted">
                {d.description || `${d.fields?.length ?? 0} fields`} · {d.mode === 'extract' ? 'extract' : 'live'}
              </p>
            </li>
          ))}
        </ul>
      </Part>
    </Sheet>
  );
}
