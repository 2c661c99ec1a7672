// What /api/v1 answers; openapi.json says the same at length.

export interface Session {
  user: { name: string; arn: string; administrator: boolean };
  lake: { account: string; region: string; version: string };
  /** Nothing else is answered before the password is changed. */
  change_password?: boolean;
}

export type State = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';

export interface Column {
  name: string;
  type: string;
}

export interface Execution {
  id: string;
  statement: string;
  catalog: string;
  database: string;
  workgroup: string;
  type: string;
  subtype: string;
  principal: string;
  state: State;
  final: boolean;
  reason?: string;
  failure?: { message: string; retryable: boolean; line?: number; column?: number };
  output?: string;
  columns: Column[];
  rows: number;
  /** 0 to 1 while running; -1 where the engine does not know. */
  progress: number;
  submitted: string;
  completed?: string;
  statistics: {
    scanned_bytes: number;
    result_bytes: number;
    queue_ms: number;
    planning_ms: number;
    engine_ms: number;
    service_ms: number;
    total_ms: number;
  };
}

export type Row = (string | null)[];

export interface Rows {
  columns: Column[];
  rows: Row[];
  next?: string;
}

export interface DataCatalog {
  name: string;
  type: string;
  description?: string;
  parameters?: Record<string, string>;
}

export interface Database {
  name: string;
  description?: string;
  location?: string;
  created?: string;
}

export interface Field {
  name: string;
  type: string;
  comment?: string;
}

export interface Table {
  database: string;
  name: string;
  type: string;
  format: string;
  location?: string;
  columns?: Field[];
  partition_keys?: Field[];
  owner?: string;
  created?: string;
  serde?: { name: string; input_format: string; output_format: string; parameters?: Record<string, string> };
  parameters?: Record<string, string>;
  ddl?: string;
}

export interface Partition {
  name: string;
  values: string[];
  location: string;
  created?: string;
}

export interface Bucket {
  name: string;
  created?: string;
}

export interface StoredObject {
  key: string;
  size: number;
  etag: string;
  modified: string;
  content_type?: string;
  metadata?: Record<string, string>;
}

export interface Listing {
  prefixes: string[];
  objects: StoredObject[];
  next?: string;
}

export interface Preview {
  object: StoredObject;
  kind: 'csv' | 'tsv' | 'json' | 'jsonl' | 'text' | 'parquet' | 'orc' | 'avro' | 'binary';
  text: string;
  truncated: boolean;
  /** Of a Parquet object: its first rows, or why there are none. */
  rows?: Rows;
  problem?: { kind: string; message: string; hint?: string; id: string };
}

export interface PolicyName {
  name: string;
  arn: string;
  /** One of AWS's own, which cannot be changed. */
  aws: boolean;
}

/** What users, groups and roles have in common. */
export interface Holder {
  name: string;
  arn: string;
  id: string;
  path: string;
  created: string;
  attached: PolicyName[];
  inline: { name: string; document?: string }[];
  /** ARN of a policy. */
  boundary?: string;
}

export interface AccessKey {
  id: string;
  active: boolean;
  created: string;
  used?: string;
  service?: string;
  region?: string;
  secret?: string;
}

export interface ConsoleLogin {
  id: string;
  began: string;
  expires: string;
}

export interface User extends Holder {
  password_used?: string;
  /** When the user was given a password; not in lists. */
  password?: string;
  /** The user must choose another at the next login. */
  password_reset?: boolean;
  groups: string[];
  /** Null if the caller may not see them. */
  keys: AccessKey[] | null;
  logins: ConsoleLogin[] | null;
}

export interface Group extends Holder {
  members: string[];
}

export interface Role extends Holder {
  description?: string;
  used?: string;
  max_session_s: number;
  trust: string;
}

export interface PolicyVersion {
  id: string;
  default: boolean;
  created?: string;
  document: string;
}

export interface ManagedPolicy extends PolicyName {
  path: string;
  description?: string;
  default: string;
  created?: string;
  updated?: string;
  attachments: number;
  boundaries: number;
  versions?: PolicyVersion[];
  holders?: { users: string[]; groups: string[]; roles: string[]; boundary_users: string[]; boundary_roles: string[] };
}

export interface Remark {
  path?: string;
  line: number;
  /** In bytes, from 1. */
  column: number;
  message: string;
}

export interface Statement {
  policy: string;
  source: string;
  statement: string;
  deny: boolean;
  line: number;
}

export interface Explanation {
  principal: string;
  action: string;
  resource: string;
  allowed: boolean;
  explicit: boolean;
  reason: string;
  sentence: string;
  decided?: Statement;
  matched: Statement[];
  missing: string[];
  beside: string[];
  /** Of tables that have rules: what is seen of them. */
  sights: { database: string; table: string; whole: boolean; rules: string[]; sentence: string }[];
}

export type MaskKind = 'hide' | 'null' | 'hash' | 'expression';

export interface ColumnMask {
  column: string;
  kind: MaskKind;
  expression?: string;
}

/** Which rows and columns of a table some principals see. */
export interface TableRule {
  name: string;
  database: string;
  table: string;
  description?: string;
  /** user/NAME, group/NAME, role/NAME or *. */
  principals: string[];
  /** An SQL expression; '' is every row. */
  filter: string;
  masks: ColumnMask[];
  changed?: string;
}

export interface AuditEntry {
  seq: number;
  time: string;
  event: string;
  request_id: string;
  source_ip: string;
  principal: string;
  action: string;
  resource: string;
  outcome: string;
  reason: string;
  policy: string;
  statement: string;
}

export interface Chain {
  good: boolean;
  lines: number;
  files: number;
  last?: string;
  problem?: string;
}

export interface MetastoreNode {
  uri: string;
  good: boolean;
  in_use: boolean;
  last_error?: string;
  since: string;
}

/** How a metastore's nodes are spoken to. */
export interface Connection {
  tls: boolean;
  /** PEM; without any, those of the machine. */
  roots?: string;
  /** Logs in by SASL PLAIN. */
  user?: string;
  /** Only ever sent. */
  password?: string;
  framed: boolean;
  compact: boolean;
}

/** A secret of the lake's, without its value. */
export interface KeptSecret {
  name: string;
  arn: string;
  description?: string;
  created: string;
  changed: string;
  /** The day when a value was last read. */
  accessed?: string;
  /** When it will be gone, if it was deleted. */
  purge?: string;
  rotation?: { function: string; enabled: boolean; days?: number; last?: string; next?: string };
  /** Those that have a label; not in lists. */
  versions?: { id: string; stages: string[]; created: string; accessed?: string }[];
}

export interface Connector extends Connection {
  name: string;
  arn: string;
  description?: string;
  /** None: the lake's own metastore. */
  uris: string[];
  /** ARN of the role that the connector acts by. */
  role?: string;
  has_password: boolean;
  /** Once the connector has been used. */
  nodes?: MetastoreNode[];
}

export interface Trial {
  uri: string;
  good: boolean;
  error?: string;
  took_ms: number;
  databases: number;
}
