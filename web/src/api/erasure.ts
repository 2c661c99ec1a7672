import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get } from './client';

// Persons who are erased: who identifies them, where they are, and what became of
// requests. Answers hold no value of a person's, only hashes and masked keys.

/** Which spellings of an identifier count as the same. */
export type Form = 'exact' | 'folded' | 'email';

export interface IdentifierType {
  name: string;
  form: Form;
  /** Of a composite identifier; none for one value. */
  parts?: string[];
}

/** Where identifiers of a type are: one of columns, key, tags and sidecar. */
export interface Identifier {
  type: string;
  /** One for each part of the type; a column within another is written with dots. */
  columns?: string[];
  /** A pattern of the object's name, as {user_id}-*.csv. */
  key?: string;
  /** Names of object tags, one for each part of the type. */
  tags?: string[];
  /** The metadata file that says whose an object is, as {object}.meta.json. */
  sidecar?: string;
}

export interface Mapping {
  name: string;
  database?: string;
  table?: string;
  location?: string;
  format?: string;
  identifiers: Identifier[];
  mode?: string;
  /** New values of columns in mode replace; null makes one null. */
  replace?: Record<string, string | null>;
}

export interface MappingPreview {
  objects: number;
  bytes: number;
  /** There are more than were counted. */
  more?: boolean;
  read: number;
  samples?: { bucket: string; key: string; records: number; identifiers?: { type: string; found: number; distinct: number }[] }[];
  problems?: { where: string; message: string }[];
}

export interface ObjectVersion {
  bucket: string;
  key: string;
  version: string;
  etag: string;
}

export interface Unread extends ObjectVersion {
  reason: string;
  at?: string;
}

export interface BuildProgress {
  /** All objects have been found: objects and bytes are final. */
  listed: boolean;
  objects: number;
  bytes: number;
  objects_read: number;
  bytes_read: number;
  rows: number;
  postings: number;
  known: number;
  unread: number;
  forgotten: number;
  began?: string;
}

export interface IndexStatus {
  objects: number;
  postings: number;
  bytes: number;
  building: boolean;
  progress: BuildProgress;
  error?: string;
}

export type RequestState = 'asked' | 'located' | 'reported' | 'overdue' | 'rejected' | 'held' | 'erasing' | 'blocked' | 'done';

export interface Decision {
  approve: boolean;
  by: string;
  digest: string;
  reason?: string;
  at: string;
}

export interface RequestStops {
  asked?: string;
  located?: string;
  reported?: string;
  approved?: string;
  erased?: string;
  verified?: string;
  told?: string;
}

export interface ErasureRequest {
  id: string;
  state: RequestState;
  identifiers?: { type: string; hash: string }[];
  by: string;
  made: string;
  due: string;
  digest?: string;
  decisions?: Decision[];
  found: { objects: number; records: number; unread: number; holdings?: number };
  records: number;
  exceptions: number;
  certificate?: string;
  closed?: string;
  /** When it came to each stop. */
  stops?: RequestStops;
  /** Whether there is, or was, an address at which the person, and whoever asked, are told. */
  contact_given?: boolean;
  requester_given?: boolean;
  problem?: string;
  attempt?: number;
  /** When it was given two more months. */
  extended?: string;
  extension_reason?: string;
  /** Why somebody should look soon. */
  warning?: string;
  /** The holds it waits for. */
  held?: string[];
  /** The closed request of which it erases what a hold had kept. */
  remainder?: string;
}

/** A place that is not an object: a table of a database, what lethe wrote down itself. */
export interface Holding {
  holder: string;
  place: string;
  records: number;
  /** Why the person stays there. */
  reason?: string;
  until?: string;
}

export interface Report {
  request: string;
  made: string;
  objects?: (ObjectVersion & { size: number; rows?: number[] })[];
  unread?: Unread[];
  holdings?: Holding[];
}

/** One step of an erasure; with statistics, what the catalog stores no more of the values in a table or partition. */
export interface Change {
  version: string;
  etag: string;
  after?: string;
  mapping: string;
  records: number;
  statistics?: number;
}

export interface Certificate {
  request: string;
  made: string;
  done: string;
  report: string;
  decisions?: Decision[];
  objects?: { bucket: string; key: string; records: number; changes?: Change[]; notes?: string[] }[];
  exceptions?: (ObjectVersion & { reason: string; until?: string })[];
  unread?: Unread[];
  holdings?: Holding[];
  versions: number;
  listing: string;
}

/** As it is kept: the certificate's bytes in base64, and the signature over them. */
export interface SignedCertificate {
  certificate: string;
  public_key: string;
  signature: string;
}

export interface CertificateCheck {
  request: string;
  versions: number;
  found: number;
  exceptions: number;
  unread: number;
  /** Databases, programs and own copies: how many were asked, where they have the person, and those that were not asked. */
  asked: number;
  places?: { holder: string; place: string; records: number }[];
  not_asked?: string[];
}

/** How far an erasure has come, object by object; only while it goes on. */
export interface RequestProgress {
  objects: number;
  erased: number;
  keys: { bucket: string; key: string; erased: boolean; records: number; exceptions: number }[];
}

/** How often what happens is looked at, and what waits for somebody, in case they act. */
const watchMS = 1000;
const waitMS = 3000;

export const closed = (r: ErasureRequest) => r.state === 'done' || r.state === 'rejected';

/** Whether a request goes on by itself, so that it is worth looking again soon. */
export const moving = (r: ErasureRequest) => r.state === 'asked' || r.state === 'located' || r.state === 'erasing';

const often = (rs: ErasureRequest[]) => (rs.some(moving) ? watchMS : rs.every(closed) ? false : waitMS);

export const requests = queryOptions({
  queryKey: ['erasure', 'requests'],
  queryFn: async ({ signal }) => (await get<{ requests: ErasureRequest[] }>(address(['requests']), signal)).requests,
  refetchInterval: (q) => often(q.state.data ?? []),
});

export const request = (id: string) =>
  queryOptions({
    queryKey: ['erasure', 'request', id],
    queryFn: ({ signal }) => get<ErasureRequest>(address(['requests', id]), signal),
    refetchInterval: (q) => often(q.state.data ? [q.state.data] : []),
  });

/** The report of a digest: another digest is another report. */
export const report = (id: string, digest: string | undefined) =>
  queryOptions({
    queryKey: ['erasure', 'report', id, digest],
    enabled: digest !== undefined,
    staleTime: Infinity,
    queryFn: ({ signal }) => get<Report>(address(['requests', id, 'report']), signal),
  });

export const progress = (id: string, going: boolean) =>
  queryOptions({
    queryKey: ['erasure', 'progress', id],
    staleTime: 0,
    queryFn: ({ signal }) => get<RequestProgress>(address(['requests', id, 'progress']), signal),
    refetchInterval: going ? watchMS : false,
  });

export const certificate = (id: string) =>
  queryOptions({
    queryKey: ['erasure', 'certificate', id],
    staleTime: Infinity,
    queryFn: ({ signal }) => get<SignedCertificate>(address(['requests', id, 'certificate']), signal),
  });

export const identifierTypes = queryOptions({
  queryKey: ['erasure', 'types'],
  queryFn: async ({ signal }) => (await get<{ types: IdentifierType[] }>(address(['identifier-types']), signal)).types,
});

export const mappings = queryOptions({
  queryKey: ['erasure', 'mappings'],
  queryFn: async ({ signal }) => (await get<{ mappings: Mapping[] }>(address(['mappings']), signal)).mappings,
});

export const erasureIndex = queryOptions({
  queryKey: ['erasure', 'index'],
  staleTime: watchMS,
  queryFn: ({ signal }) => get<IndexStatus>(address(['erasure-index']), signal),
  refetchInterval: (q) => (q.state.data?.building ? watchMS : 10_000),
});

/** What could not be read; build names the build that is known, so that it is asked for anew with each, and when it ends. */
export const unread = (build: string) =>
  queryOptions({
    queryKey: ['erasure', 'unread', build],
    staleTime: watchMS,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await get<{ unread: Unread[] }>(address(['erasure-index', 'unread'], { limit: 10_000 }), signal)).unread,
  });

/** How far a receiver of object events is. */
export interface Receiver {
  receiver: string;
  behind: number;
  held: number;
  /** When the oldest event happened that it has not had. */
  oldest?: string;
}

export const indexLag = queryOptions({
  queryKey: ['erasure', 'lag'],
  staleTime: watchMS,
  retry: false,
  refetchInterval: 10_000,
  queryFn: async ({ signal }) =>
    (await get<{ receivers: Receiver[] }>(address(['event-receivers']), signal)).receivers.find((r) => r.receiver === 'subscriber/erasure') ?? null,
});

/** Changes one thing, and has all of erasure read again but what never changes. */
async function change<T>(method: string, parts: string[], body?: unknown): Promise<T> {
  try {
    return await call<T>(method, address(parts), { body });
  } finally {
    await cache.invalidateQueries({ queryKey: ['erasure'], predicate: (q) => q.queryKey[1] !== 'report' && q.queryKey[1] !== 'certificate' });
  }
}

export interface Question {
  identifiers: { type: string; values: string[] }[];
  /** Addresses of mail at which the person, and whoever asks for them, are told. */
  contact?: string;
  requester?: string;
}

export const ask = (q: Question) => change<ErasureRequest>('POST', ['requests'], q);
export const decide = (id: string, d: { approve: boolean; digest: string; reason: string }) => change<ErasureRequest>('POST', ['requests', id, 'decision'], d);
export const retry = (id: string) => change<ErasureRequest>('POST', ['requests', id, 'retry']);
export const checkCertificate = (c: SignedCertificate) => change<CertificateCheck>('POST', ['certificate-check'], c);

export const putType = (t: IdentifierType) => change<IdentifierType>('PUT', ['identifier-types', t.name], { form: t.form, parts: t.parts ?? [] });
export const deleteType = (name: string) => change('DELETE', ['identifier-types', name]);
export const putMapping = (m: Mapping) => change<Mapping>('PUT', ['mappings', m.name], m);
export const deleteMapping = (name: string) => change('DELETE', ['mappings', name]);
export const startBuild = () => change<IndexStatus>('POST', ['erasure-index', 'build']);
export const previewMapping = (m: Mapping) => call<MappingPreview>('POST', address(['mappings', 'preview']), { body: m });

/** A reason not to erase: of what lies under a mapping, of one request, or of all. */
export interface Hold {
  id: string;
  kind: 'hold' | 'exemption';
  mapping?: string;
  request?: string;
  reason: string;
  until?: string;
  by: string;
  made: string;
}

export const holds = queryOptions({
  queryKey: ['erasure', 'holds'],
  queryFn: async ({ signal }) => (await get<{ holds: Hold[] }>(address(['holds']), signal)).holds,
});

export const putHold = (h: Pick<Hold, 'kind' | 'mapping' | 'request' | 'reason' | 'until'>) => change<Hold>('POST', ['holds'], h);
export const deleteHold = (id: string) => change('DELETE', ['holds', id]);
export const extend = (id: string, reason: string) => change<ErasureRequest>('POST', ['requests', id, 'extend'], { reason });

/** Takes the blank records out of objects that erasures have left. */
export interface Vacuum {
  id: string;
  state: 'vacuuming' | 'vacuumed' | 'failed';
  all?: boolean;
  dry_run?: boolean;
  made: string;
  ended?: string;
  objects: number;
  looked: number;
  changed: number;
  records: number;
  bytes: number;
  kept: number;
  reasons?: { bucket: string; key: string; reason: string; until?: string }[];
  problem?: string;
}

export const vacuums = queryOptions({
  queryKey: ['erasure', 'vacuums'],
  staleTime: watchMS,
  retry: false,
  queryFn: ({ signal }) => get<{ blanked: { objects: number; oldest?: string }; vacuums: Vacuum[] }>(address(['vacuums']), signal),
  refetchInterval: (q) => (q.state.data?.vacuums.at(-1)?.state === 'vacuuming' ? watchMS : 30_000),
});

export const startVacuum = (dryRun: boolean) => change<Vacuum>('POST', ['vacuums'], { dry_run: dryRun });
