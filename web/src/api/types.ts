// What /api/v1 answers; openapi.json says the same at length.

export interface Session {
  user: { name: string; arn: string; administrator: boolean };
  lake: { account: string; region: string; version: string };
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
