import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';

import { Shell } from './shell/Shell';
import { NowhereView } from './shell/NowhereView';
import { Crash } from './ui/Crash';
import { Waiting } from './ui/Waiting';

// The address holds what is looked at: which table, which object, which run and
// which part of it. Every page reads it from there and nowhere else.

const text = (v: unknown) => (typeof v === 'string' && v !== '' ? v : undefined);
const oneOf = <T extends string>(v: unknown, allowed: readonly T[]) => allowed.find((a) => a === v);

export const queryViews = ['results', 'details', 'history'] as const;
export type QueryView = (typeof queryViews)[number];
export interface QuerySearch {
  /** The execution that is shown. */
  run?: string;
  view?: QueryView;
  /** A statement to open in a new tab, for links from elsewhere. */
  sql?: string;
}

export const tableViews = ['columns', 'partitions', 'sample', 'ddl', 'properties'] as const;
export type TableView = (typeof tableViews)[number];
export interface CatalogSearch {
  view?: TableView;
}

export interface BucketSearch {
  prefix?: string;
  /** The key of the object whose sheet is open. */
  object?: string;
}

export const accessViews = ['users', 'groups', 'roles', 'policies', 'keys', 'secrets', 'rules', 'audit', 'why'] as const;
export type AccessView = (typeof accessViews)[number];
export interface AccessSearch {
  view?: AccessView;
  /** The user, group, role or policy (by ARN) whose sheet is open; or "new". */
  name?: string;
  /** Of Why?: who, and lines of key=value. */
  as?: string;
  context?: string;
  /** Of Why? and Audit. */
  action?: string;
  resource?: string;
  /** Of Audit. */
  principal?: string;
  outcome?: string;
  from?: string;
  to?: string;
  /** The line of the audit whose sheet is open. */
  line?: string;
}

export const erasureViews = ['requests', 'mappings', 'index', 'holds'] as const;
export type ErasureView = (typeof erasureViews)[number];
export interface ErasureSearch {
  view?: ErasureView;
  /** The mapping that is open, or "new" for a mapping, a request or a hold that is made. */
  name?: string;
  /** The identifier type whose sheet is open; or "new". */
  type?: string;
  /** Of Requests: which of them. */
  show?: string;
}

export const requestViews = ['report', 'progress', 'certificate'] as const;
export type RequestView = (typeof requestViews)[number];
export interface RequestSearch {
  view?: RequestView;
}

export const databasesViews = ['instances', 'snapshots', 'classes'] as const;
export type DatabasesView = (typeof databasesViews)[number];
export interface DatabasesSearch {
  view?: DatabasesView;
  /** "new" while an instance is made. */
  name?: string;
}

export const instanceViews = ['metrics', 'events', 'logs', 'snapshots', 'connect'] as const;
export type InstanceView = (typeof instanceViews)[number];
export interface InstanceSearch {
  view?: InstanceView;
  /** The log file that is open. */
  file?: string;
}

export interface DataSetsSearch {
  /** What names, sources and owners are searched for. */
  find?: string;
}

export const dataSetViews = ['source', 'fields', 'extract', 'access'] as const;
export type DataSetView = (typeof dataSetViews)[number];
export interface DataSetSearch {
  view?: DataSetView;
  /** What is open beside the rows: field:NAME, hierarchy:NAME, new-field, ... */
  open?: string;
}

export interface NewDataSetSearch extends DataSetSearch {
  /** A statement to begin with, or a table. */
  sql?: string;
  catalog?: string;
  database?: string;
  table?: string;
}

/** A sheet of visuals. Beside what is named here it holds the view: see dashboards/view.ts. */
export interface BoardSearch {
  sheet?: string;
  /** The visual that is edited. */
  visual?: string;
  /** Of the editor: which of its panes is open. */
  pane?: string;
  /** What is open beside the sheet. */
  open?: string;
  /** Visuals that are shown as tables. */
  table?: string;
  /** Of a new analysis. */
  data_set?: string;
  [view: string]: string | undefined;
}

const root = createRootRoute({ component: Shell, notFoundComponent: NowhereView, errorComponent: Crash });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/query', replace: true });
  },
});

const query = createRoute({
  getParentRoute: () => root,
  path: '/query',
  validateSearch: (s: Record<string, unknown>): QuerySearch => ({
    run: text(s.run),
    view: oneOf(s.view, queryViews),
    sql: text(s.sql),
  }),
  component: lazyRouteComponent(() => import('./query/QueryPage'), 'QueryPage'),
});

const catalogSearch = (s: Record<string, unknown>): CatalogSearch => ({ view: oneOf(s.view, tableViews) });
const catalogPage = lazyRouteComponent(() => import('./catalog/CatalogPage'), 'CatalogPage');

const catalog = createRoute({
  getParentRoute: () => root,
  path: '/catalog',
  validateSearch: catalogSearch,
  component: catalogPage,
});

const connect = createRoute({
  getParentRoute: () => root,
  path: '/catalog/connect',
  component: lazyRouteComponent(() => import('./catalog/ConnectPage'), 'ConnectPage'),
});

const dataCatalog = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$catalog',
  validateSearch: catalogSearch,
  component: catalogPage,
});

const database = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$catalog/$database',
  validateSearch: catalogSearch,
  component: catalogPage,
});

const table = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$catalog/$database/$table',
  validateSearch: catalogSearch,
  component: catalogPage,
});

const buckets = createRoute({
  getParentRoute: () => root,
  path: '/buckets',
  component: lazyRouteComponent(() => import('./buckets/BucketsPage'), 'BucketsPage'),
});

const bucket = createRoute({
  getParentRoute: () => root,
  path: '/buckets/$bucket',
  validateSearch: (s: Record<string, unknown>): BucketSearch => ({ prefix: text(s.prefix), object: text(s.object) }),
  component: lazyRouteComponent(() => import('./buckets/BucketPage'), 'BucketPage'),
});

const access = createRoute({
  getParentRoute: () => root,
  path: '/access',
  validateSearch: (s: Record<string, unknown>): AccessSearch => ({
    view: oneOf(s.view, accessViews),
    name: text(s.name),
    as: text(s.as),
    context: text(s.context),
    action: text(s.action),
    resource: text(s.resource),
    principal: text(s.principal),
    outcome: text(s.outcome),
    from: text(s.from),
    to: text(s.to),
    line: text(s.line),
  }),
  component: lazyRouteComponent(() => import('./access/AccessPage'), 'AccessPage'),
});

const erasure = createRoute({
  getParentRoute: () => root,
  path: '/erasure',
  validateSearch: (s: Record<string, unknown>): ErasureSearch => ({
    view: oneOf(s.view, erasureViews),
    name: text(s.name),
    type: text(s.type),
    show: text(s.show),
  }),
  component: lazyRouteComponent(() => import('./erasure/ErasurePage'), 'ErasurePage'),
});

const erasureRequest = createRoute({
  getParentRoute: () => root,
  path: '/erasure/$request',
  validateSearch: (s: Record<string, unknown>): RequestSearch => ({ view: oneOf(s.view, requestViews) }),
  component: lazyRouteComponent(() => import('./erasure/RequestPage'), 'RequestPage'),
});

const databases = createRoute({
  getParentRoute: () => root,
  path: '/databases',
  validateSearch: (s: Record<string, unknown>): DatabasesSearch => ({ view: oneOf(s.view, databasesViews), name: text(s.name) }),
  component: lazyRouteComponent(() => import('./databases/DatabasesPage'), 'DatabasesPage'),
});

const databaseInstance = createRoute({
  getParentRoute: () => root,
  path: '/databases/$region/$instance',
  validateSearch: (s: Record<string, unknown>): InstanceSearch => ({ view: oneOf(s.view, instanceViews), file: text(s.file) }),
  component: lazyRouteComponent(() => import('./databases/InstancePage'), 'InstancePage'),
});

const dataSetSearch = (s: Record<string, unknown>): DataSetSearch => ({ view: oneOf(s.view, dataSetViews), open: text(s.open) });

const dataSets = createRoute({
  getParentRoute: () => root,
  path: '/data-sets',
  validateSearch: (s: Record<string, unknown>): DataSetsSearch => ({ find: text(s.find) }),
  component: lazyRouteComponent(() => import('./datasets/DataSetsPage'), 'DataSetsPage'),
});

const newDataSet = createRoute({
  getParentRoute: () => root,
  path: '/data-sets/new',
  validateSearch: (s: Record<string, unknown>): NewDataSetSearch => ({
    ...dataSetSearch(s),
    sql: text(s.sql),
    catalog: text(s.catalog),
    database: text(s.database),
    table: text(s.table),
  }),
  component: lazyRouteComponent(() => import('./datasets/DataSetPage'), 'NewDataSetPage'),
});

const dataSet = createRoute({
  getParentRoute: () => root,
  path: '/data-sets/$dataSet',
  validateSearch: dataSetSearch,
  component: lazyRouteComponent(() => import('./datasets/DataSetPage'), 'DataSetPage'),
});

const boardSearch = (s: Record<string, unknown>): BoardSearch => {
  const search: BoardSearch = {};
  for (const [k, v] of Object.entries(s)) if (typeof v === 'string' && v !== '') search[k] = v;
  return search;
};

const dashboards = createRoute({
  getParentRoute: () => root,
  path: '/dashboards',
  validateSearch: (s: Record<string, unknown>): { open?: string } => ({ open: text(s.open) }),
  component: lazyRouteComponent(() => import('./dashboards/DashboardsPage'), 'DashboardsPage'),
});

const dashboard = createRoute({
  getParentRoute: () => root,
  path: '/dashboards/$dashboard',
  validateSearch: boardSearch,
  component: lazyRouteComponent(() => import('./dashboards/DashboardPage'), 'DashboardPage'),
});

const analysis = createRoute({
  getParentRoute: () => root,
  path: '/analyses/$analysis',
  validateSearch: boardSearch,
  component: lazyRouteComponent(() => import('./dashboards/AnalysisPage'), 'AnalysisPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([home, query, catalog, connect, dataCatalog, database, table, buckets, bucket, dashboards, dashboard, analysis, erasure, erasureRequest, databases, databaseInstance, access, dataSets, newDataSet, dataSet]),
  defaultPreload: 'intent',
  defaultErrorComponent: Crash,
  defaultPendingComponent: Waiting,
  defaultPendingMs: 300,
  // The address stays readable: ?prefix=a/b, not JSON.
  parseSearch: (s) => Object.fromEntries(new URLSearchParams(s)),
  stringifySearch: (s) => {
    const p = new URLSearchParams();
    for (const [k, v] of Object.entries(s)) if (typeof v === 'string' && v !== '') p.set(k, v);
    const text = p.toString().replaceAll('%2F', '/');
    return text ? '?' + text : '';
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
