import { queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get, problemFrom, unreachable } from './client';
import type { DataSet, DataSetDraft, ExtractInfo, Preview, Refresh, Share } from './dash';

/** How often a refresh that is under way is looked at. */
const watchMS = 1000;
const restMS = 15_000;

export const dataSets = queryOptions({
  queryKey: ['data-sets', 'all'],
  queryFn: async ({ signal }) => (await get<{ data_sets: DataSet[] }>(address(['data-sets']), signal)).data_sets,
});

export const dataSet = (id: string) =>
  queryOptions({
    queryKey: ['data-sets', 'one', id],
    queryFn: ({ signal }) => get<DataSet>(address(['data-sets', id]), signal),
  });

/** Reads a data set as it is now, whatever was read before. */
export const readDataSet = (id: string) => get<DataSet>(address(['data-sets', id]));

/** Rows that a preview shows. */
const previewRows = 200;

export const askPreview = (draft: DataSetDraft, signal?: AbortSignal) =>
  call<Preview>('POST', address(['data-sets', 'preview'], { limit: previewRows }), {
    // What has no name yet can be looked at.
    body: { ...draft, name: draft.name || 'preview' },
    signal,
  });

export async function createDataSet(draft: DataSetDraft) {
  const s = await call<DataSet>('POST', address(['data-sets']), { body: draft });
  cache.setQueryData(dataSet(s.id).queryKey, s);
  await cache.invalidateQueries({ queryKey: dataSets.queryKey });
  return s;
}

/** Changes a data set, if the revision is still its last; else the problem's kind is conflict. */
export async function updateDataSet(id: string, draft: DataSetDraft, revision: number) {
  const s = await call<DataSet>('PUT', address(['data-sets', id]), { body: { ...draft, revision } });
  cache.setQueryData(dataSet(id).queryKey, s);
  await Promise.all([cache.invalidateQueries({ queryKey: dataSets.queryKey }), cache.invalidateQueries({ queryKey: ['data-sets', 'extract', id] })]);
  return s;
}

/** Deletes a data set; one that analyses or dashboards ask only by force. */
export async function deleteDataSet(id: string, force: boolean) {
  await call('DELETE', address(['data-sets', id], { force: force || undefined }));
  cache.removeQueries({ queryKey: dataSet(id).queryKey });
  await cache.invalidateQueries({ queryKey: dataSets.queryKey });
}

/** What there is of an extract, followed while it is made again. */
export const extractOf = (id: string) =>
  queryOptions({
    queryKey: ['data-sets', 'extract', id],
    queryFn: ({ signal }) => get<ExtractInfo>(address(['data-sets', id, 'extract']), signal),
    staleTime: watchMS,
    refetchInterval: (q) => (q.state.data?.running ? watchMS : restMS),
  });

export const refreshes = (id: string) =>
  queryOptions({
    queryKey: ['data-sets', 'refreshes', id],
    queryFn: async ({ signal }) => (await get<{ refreshes: Refresh[] }>(address(['data-sets', id, 'refreshes']), signal)).refreshes,
    staleTime: watchMS,
  });

const extractChanged = (id: string) =>
  Promise.all([cache.invalidateQueries({ queryKey: extractOf(id).queryKey }), cache.invalidateQueries({ queryKey: refreshes(id).queryKey })]);

/** Makes an extract again, whole or the rows of its window. */
export async function refresh(id: string, increment: boolean) {
  const r = await call<Refresh>('POST', address(['data-sets', id, 'refreshes']), { body: { increment } });
  await extractChanged(id);
  return r;
}

export async function stopRefresh(id: string) {
  await call('DELETE', address(['data-sets', id, 'refreshes', 'running']));
  await extractChanged(id);
}

export const shares = (id: string) =>
  queryOptions({
    queryKey: ['data-sets', 'shares', id],
    queryFn: async ({ signal }) => (await get<{ shares: Share[] }>(address(['data-sets', id, 'shares']), signal)).shares,
  });

export async function putShares(id: string, to: Share[]) {
  await call('PUT', address(['data-sets', id, 'shares']), { body: { shares: to } });
  await cache.invalidateQueries({ queryKey: shares(id).queryKey });
}

export const dataSetYAML = (id: string) => address(['data-sets', id, 'yaml']);

/** What an import made, replaced, and found there already as the text has it. */
export type Imported = Record<'made' | 'changed' | 'same', { kind: string; id: string; name: string }[]>;

/** Makes data sets, analyses and dashboards of YAML text. What is there and differs is replaced if it may be; else the problem's kind is conflict. */
export async function importYAML(text: string, replace: boolean): Promise<Imported> {
  let response: Response;
  let answer: string;
  try {
    response = await fetch(address(['dash-import'], { replace: replace || undefined }), {
      method: 'POST',
      headers: { 'Content-Type': 'application/yaml' },
      body: text,
    });
    answer = await response.text();
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw problemFrom(response.status, answer);
  await Promise.all(['data-sets', 'analyses', 'dashboards'].map((k) => cache.invalidateQueries({ queryKey: [k] })));
  return JSON.parse(answer) as Imported;
}
