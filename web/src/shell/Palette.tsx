import '@mantine/spotlight/styles.layer.css';

import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData, spotlight } from '@mantine/spotlight';
import { IconBucket, IconChartDots, IconChartHistogram, IconEraser, IconHistory, IconKeyboard, IconLogout, IconMoon, IconPlugConnected, IconPlus, IconServer2, IconShieldLock, IconStack2, IconTable, IconUser, IconUsers } from '@tabler/icons-react';
import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';

import { groups, policies, roles, users } from '../api/access';
import { buckets } from '../api/buckets';
import { databases, ownCatalog, tables } from '../api/catalogs';
import { analyses, dashboards } from '../api/dashboards';
import { dataSets } from '../api/datasets';
import { history } from '../api/queries';
import { logout, session } from '../api/session';
import { views } from '../access/views';
import { views as databasesViews } from '../databases/views';
import { views as erasureViews } from '../erasure/views';
import { oneLine } from '../query/statement';
import { ago } from '../ui/format';
import { places } from './places';
import { useScheme } from './useScheme';
import css from './shell.module.css';

/** The command palette: every page, table, bucket, recent query and action. */
export default function Palette(props: { onClose: () => void; onKeys: () => void; onProblem: (e: unknown) => void }) {
  const navigate = useNavigate();
  const { toggle } = useScheme();
  const dbs = useQuery(databases(ownCatalog));
  const inDatabases = useQueries({ queries: (dbs.data ?? []).map((d) => tables(ownCatalog, d.name)) });
  const found = useQuery(buckets);
  const published = useQuery(dashboards);
  const edited = useQuery(analyses);
  const past = useInfiniteQuery(history);
  const sets = useQuery(dataSets);
  // Others would only be refused, each time the palette opens.
  const enabled = useQuery(session).data?.user.administrator ?? false;
  const us = useQuery({ ...users, enabled });
  const gs = useQuery({ ...groups, enabled });
  const rs = useQuery({ ...roles, enabled });
  const ps = useQuery({ ...policies, enabled });

  useEffect(() => spotlight.open(), []);

  const actions = useMemo(() => {
    const all: SpotlightActionGroupData[] = [
      {
        group: 'Pages',
        actions: places.map((p) => ({
          id: p.to,
          label: p.name,
          leftSection: <p.icon size={16} />,
          rightSection: <span className={css.paletteKey}>g {p.key}</span>,
          onClick: () => void navigate({ to: p.to }),
        })),
      },
      {
        group: 'Actions',
        actions: [
          { id: 'new-query', label: 'New query', leftSection: <IconPlus size={16} />, onClick: () => void navigate({ to: '/query', search: { sql: ' ' } }) },
          { id: 'connect', label: 'Connect data source', keywords: ['hive', 'metastore', 'catalog'], leftSection: <IconPlugConnected size={16} />, onClick: () => void navigate({ to: '/catalog/connect' }) },
          { id: 'new-data-set', label: 'New data set', keywords: ['extract', 'import', 'prepare'], leftSection: <IconStack2 size={16} />, onClick: () => void navigate({ to: '/data-sets/new' }) },
          { id: 'new-analysis', label: 'New analysis', keywords: ['dashboard', 'chart', 'visual'], leftSection: <IconChartHistogram size={16} />, onClick: () => void navigate({ to: '/dashboards', search: { open: 'new' } }) },
          { id: 'new-request', label: 'New erasure request', keywords: ['erase', 'forget', 'person'], leftSection: <IconEraser size={16} />, onClick: () => void navigate({ to: '/erasure', search: { name: 'new' } }) },
          { id: 'new-instance', label: 'New database instance', keywords: ['postgres', 'mariadb', 'rds'], leftSection: <IconServer2 size={16} />, onClick: () => void navigate({ to: '/databases', search: { name: 'new' } }) },
          { id: 'new-policy', label: 'New policy', leftSection: <IconPlus size={16} />, onClick: () => void navigate({ to: '/access', search: { view: 'policies', name: 'new' } }) },
          { id: 'new-role', label: 'New role', leftSection: <IconPlus size={16} />, onClick: () => void navigate({ to: '/access', search: { view: 'roles', name: 'new' } }) },
          { id: 'theme', label: 'Light or dark', leftSection: <IconMoon size={16} />, onClick: toggle },
          { id: 'keys', label: 'Keys', leftSection: <IconKeyboard size={16} />, onClick: props.onKeys },
          { id: 'logout', label: 'Log out', leftSection: <IconLogout size={16} />, onClick: () => void logout().catch(props.onProblem) },
        ],
      },
    ];
    all.push({
      group: 'Access',
      actions: views.map((v) => ({
        id: `access ${v.id}`,
        label: v.name,
        keywords: ['access'],
        leftSection: <IconShieldLock size={16} />,
        onClick: () => void navigate({ to: '/access', search: { view: v.id } }),
      })),
    });
    all.push({
      group: 'Erasure',
      actions: erasureViews.map((v) => ({
        id: `erasure ${v.id}`,
        label: v.name,
        keywords: ['erasure'],
        leftSection: <IconEraser size={16} />,
        onClick: () => void navigate({ to: '/erasure', search: { view: v.id } }),
      })),
    });
    all.push({
      group: 'Databases',
      actions: databasesViews.map((v) => ({
        id: `databases ${v.id}`,
        label: v.name,
        keywords: ['databases'],
        leftSection: <IconServer2 size={16} />,
        onClick: () => void navigate({ to: '/databases', search: { view: v.id } }),
      })),
    });
    const ts: SpotlightActionData[] = inDatabases.flatMap((q) =>
      (q.data?.tables ?? []).map((t) => ({
        id: `table ${t.database}.${t.name}`,
        label: t.name,
        rightSection: <span className={css.paletteNote}>{t.database} · {t.format}</span>,
        keywords: [t.database, ...(t.columns ?? []).map((c) => c.name)],
        leftSection: <IconTable size={16} />,
        onClick: () =>
          void navigate({
            to: '/catalog/$catalog/$database/$table',
            params: { catalog: ownCatalog, database: t.database, table: t.name },
          }),
      })),
    );
    if (ts.length > 0) all.push({ group: 'Tables', actions: ts });
    const boards: SpotlightActionData[] = [
      ...(published.data ?? []).map((d) => ({ id: `dashboard ${d.id}`, label: d.name, what: 'dashboard', icon: IconChartHistogram, go: () => void navigate({ to: '/dashboards/$dashboard', params: { dashboard: d.id } }) })),
      ...(edited.data ?? []).map((a) => ({ id: `analysis ${a.id}`, label: a.name, what: 'analysis', icon: IconChartDots, go: () => void navigate({ to: '/analyses/$analysis', params: { analysis: a.id } }) })),
    ].map((b) => ({ id: b.id, label: b.label, rightSection: <span className={css.paletteNote}>{b.what}</span>, leftSection: <b.icon size={16} />, onClick: b.go }));
    if (boards.length > 0) all.push({ group: 'Dashboards', actions: boards });
    const bs = (found.data ?? []).map((b) => ({
      id: `bucket ${b.name}`,
      label: b.name,
      leftSection: <IconBucket size={16} />,
      onClick: () => void navigate({ to: '/buckets/$bucket', params: { bucket: b.name } }),
    }));
    if (bs.length > 0) all.push({ group: 'Buckets', actions: bs });
    const ds = (sets.data ?? []).map((d) => ({
      id: `data set ${d.id}`,
      label: d.name,
      rightSection: <span className={css.paletteNote}>data set</span>,
      leftSection: <IconStack2 size={16} />,
      onClick: () => void navigate({ to: '/data-sets/$dataSet', params: { dataSet: d.id } }),
    }));
    if (ds.length > 0) all.push({ group: 'Data sets', actions: ds });
    const people: SpotlightActionData[] = [
      ...(us.data ?? []).map((u) => ({ view: 'users' as const, what: 'user', name: u.name, label: u.name, icon: IconUser })),
      ...(gs.data ?? []).map((g) => ({ view: 'groups' as const, what: 'group', name: g.name, label: g.name, icon: IconUsers })),
      ...(rs.data ?? []).map((r) => ({ view: 'roles' as const, what: 'role', name: r.name, label: r.name, icon: IconShieldLock })),
      ...(ps.data ?? []).map((p) => ({ view: 'policies' as const, what: 'policy', name: p.arn, label: p.name, icon: IconShieldLock })),
    ].map((p) => ({
      id: `${p.what} ${p.name}`,
      label: p.label,
      rightSection: <span className={css.paletteNote}>{p.what}</span>,
      leftSection: <p.icon size={16} />,
      onClick: () => void navigate({ to: '/access', search: { view: p.view, name: p.name } }),
    }));
    if (people.length > 0) all.push({ group: 'Who may do what', actions: people });
    const runs = (past.data?.pages[0]?.queries ?? []).slice(0, 20).map((e) => ({
      id: `run ${e.id}`,
      label: oneLine(e.statement, 70),
      rightSection: <span className={css.paletteNote}>{ago(e.submitted)}</span>,
      leftSection: <IconHistory size={16} />,
      onClick: () => void navigate({ to: '/query', search: { run: e.id } }),
    }));
    if (runs.length > 0) all.push({ group: 'Recent queries', actions: runs });
    return all;
  }, [navigate, toggle, props.onKeys, props.onProblem, inDatabases, found.data, published.data, edited.data, past.data, sets.data, us.data, gs.data, rs.data, ps.data]);

  return (
    <Spotlight
      actions={actions}
      onSpotlightClose={props.onClose}
      shortcut={null}
      limit={30}
      scrollable
      maxHeight={440}
      nothingFound="Nothing has this name."
      searchProps={{ placeholder: 'A page, table, bucket, query or action', 'aria-label': 'Find anything' }}
      attributes={{ content: { 'aria-label': 'Find anything' } }}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      transitionProps={{ duration: 100 }}
      overlayProps={{ backgroundOpacity: 0.3 }}
      classNames={{ action: css.paletteAction, actionLabel: css.paletteLabel }}
    />
  );
}
