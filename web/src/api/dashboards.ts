import { queryOptions } from '@tanstack/react-query';

import { limiter } from './limiter';
import { cache } from './cache';
import { address, call, get, problemFrom, unreachable } from './client';
import type { Analysis, Answer, Dashboard, DataSet, Definition, Query, Share, SheetFilter, AnalysisField, Version, View, Visual, KnownSet } from './dash';

/** With what its visuals need to know of their data sets. */
export type WithSets<T> = T & { data_sets?: KnownSet[] };

/** A published analysis against what is published of it. */
export interface Changes {
  changes: Change[];
  /** Who sees the dashboard already. */
  viewers: Share[];
}

export interface Change {
  kind: 'added' | 'changed' | 'removed';
  what: 'visual' | 'sheet' | 'filter' | 'control' | 'data_set' | 'field';
  sheet?: string;
  id?: string;
  title?: string;
  details?: string[];
}

export interface Drawing {
  visual: Visual;
  filters?: SheetFilter[];
  calculated?: AnalysisField[];
  view: View;
}

export const dashboards = queryOptions({
  queryKey: ['dashboards', 'all'],
  queryFn: async ({ signal }) => (await get<{ dashboards: Dashboard[] | null }>(address(['dashboards']), signal)).dashboards ?? [],
});

export const analyses = queryOptions({
  queryKey: ['dashboards', 'analyses'],
  queryFn: async ({ signal }) => (await get<{ analyses: Analysis[] | null }>(address(['analyses']), signal)).analyses ?? [],
});

/** The data sets that an analysis can be made of. */
export const dataSetsToChoose = queryOptions({
  queryKey: ['dashboards', 'data-sets'],
  queryFn: async ({ signal }) => (await get<{ data_sets: DataSet[] | null }>(address(['data-sets']), signal)).data_sets ?? [],
});

export const dataSetToDraw = (id: string) =>
  queryOptions({
    queryKey: ['dashboards', 'data-set', id],
    queryFn: ({ signal }) => get<KnownSet>(address(['data-sets', id]), signal),
  });

export const dashboard = (id: string) =>
  queryOptions({
    queryKey: ['dashboards', 'dashboard', id],
    queryFn: ({ signal }) => get<WithSets<Dashboard>>(address(['dashboards', id]), signal),
  });

export const analysis = (id: string) =>
  queryOptions({
    queryKey: ['dashboards', 'analysis', id],
    // What is edited is read once; what others save in between shows when it is saved.
    staleTime: Infinity,
    gcTime: 0,
    queryFn: ({ signal }) => get<WithSets<Analysis>>(address(['analyses', id]), signal),
  });

export const changes = (id: string, revision: number) =>
  queryOptions({
    queryKey: ['dashboards', 'changes', id, revision],
    queryFn: ({ signal }) => get<Changes>(address(['analyses', id, 'changes']), signal),
  });

export const versions = (id: string) =>
  queryOptions({
    queryKey: ['dashboards', 'versions', id],
    queryFn: async ({ signal }) => (await get<{ versions: Version[] | null }>(address(['dashboards', id, 'versions']), signal)).versions ?? [],
  });

/** Questions of visuals that run at once: a browser speaks to a server by six connections. */
const ask = limiter(6);

/** How long an answer is new, in milliseconds. The server keeps answers too. */
const freshMS = 30_000;

/** A visual's answer while it is edited. */
export const drawn = (d: Drawing) =>
  queryOptions({
    queryKey: ['answers', 'drawing', d],
    staleTime: freshMS,
    queryFn: ({ signal }) => ask(() => call<Answer>('POST', address(['drawings']), { body: d, signal }), signal),
  });

/** A visual's answer on a dashboard. */
export const shown = (id: string, version: number, visual: string, view: View) =>
  queryOptions({
    queryKey: ['answers', 'dashboard', id, version, visual, view],
    staleTime: freshMS,
    queryFn: ({ signal }) => ask(() => call<Answer>('POST', address(['dashboards', id, 'visuals', visual, 'answer']), { body: view, signal }), signal),
  });

/** An answer to a question to a data set: the values that a filter can choose of. */
export const asked = (dataSet: string, q: Query) =>
  queryOptions({
    queryKey: ['answers', 'query', dataSet, q],
    staleTime: freshMS,
    queryFn: ({ signal }) => ask(() => call<Answer>('POST', address(['data-sets', dataSet, 'query']), { body: q, signal }), signal),
  });

/** Values that a control's filter can be set to, those of most rows first. */
export interface Chosen {
  values: { value: string; rows: number }[];
  more?: boolean;
}

/** The values of a dashboard's control that contain a text, as the viewer sees the data. */
export const valuesOfControl = (id: string, version: number, control: string, search: string, parameters: View['parameters']) =>
  queryOptions({
    queryKey: ['answers', 'values', id, version, control, search, parameters],
    staleTime: freshMS,
    queryFn: ({ signal }) =>
      ask(() => call<Chosen>('POST', address(['dashboards', id, 'controls', control, 'values']), { body: { search, ...(parameters && { parameters }) }, signal }), signal),
  });

/** All rows of a visual on a dashboard, as CSV. */
export async function csvOf(id: string, visual: string, view: View): Promise<string> {
  let r: Response;
  let text: string;
  try {
    r = await fetch(address(['dashboards', id, 'visuals', visual, 'answer.csv']), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(view) });
    text = await r.text();
  } catch {
    throw unreachable();
  }
  if (!r.ok) throw problemFrom(r.status, text);
  return text;
}

/** Has lists and what is said about one thing read again; answers stay. */
const again = () => cache.invalidateQueries({ queryKey: ['dashboards'], predicate: (q) => q.queryKey[1] !== 'analysis' && q.queryKey[1] !== 'data-set' });

async function change<T>(method: string, parts: string[], body?: unknown): Promise<T> {
  try {
    return await call<T>(method, address(parts), { body });
  } finally {
    void again();
  }
}

interface Draft {
  name: string;
  description?: string;
  definition: Definition;
}

export const createAnalysis = (a: Draft) => change<Analysis>('POST', ['analyses'], a);
export const saveAnalysis = (id: string, revision: number, a: Draft) => change<Analysis>('PUT', ['analyses', id], { ...a, revision });
export const deleteAnalysis = (id: string) => change<void>('DELETE', ['analyses', id]);
export const publish = (id: string, p: { name: string; note?: string; revision: number }) => change<Dashboard>('POST', ['analyses', id, 'publish'], p);
export const deleteDashboard = (id: string) => change<void>('DELETE', ['dashboards', id]);
export const shareDashboard = (id: string, shares: Share[]) => change<unknown>('PUT', ['dashboards', id, 'shares'], { shares });
export const restoreVersion = (id: string, version: number) => change<Dashboard>('POST', ['dashboards', id, 'versions', String(version), 'publish']);
