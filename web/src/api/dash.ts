// Data sets, extracts, analyses and dashboards as the API has them. What each field means
// is told in the program's package dash, whose names these are.

export interface Edited {
  id: string;
  name: string;
  description?: string;
  owner: string;
  /** A change names the revision it was made to, and is refused (409) if that is not the last. */
  revision: number;
  made: string;
  changed: string;
  changed_by: string;
}

export type FieldType = 'text' | 'integer' | 'decimal' | 'date' | 'time' | 'boolean';
export type Role = 'dimension' | 'measure';
export type Geo = 'latitude' | 'longitude' | 'country' | 'region';

export interface Field {
  name: string;
  description?: string;
  /** Of the source; of tables "alias.column". Without one it is calculated. */
  column?: string;
  expression?: string;
  type?: FieldType;
  format?: string;
  role?: Role;
  geo?: Geo;
  hidden?: boolean;
  cumulative?: boolean;
  aggregate?: boolean;
  source_type?: string;
}

export interface SourceTable {
  alias: string;
  catalog: string;
  database: string;
  table: string;
  join?: { kind: 'inner' | 'left' | 'right' | 'full'; on: { alias: string; left: string; column: string }[] };
}

export interface Source {
  catalog?: string;
  database?: string;
  sql?: string;
  tables?: SourceTable[];
}

export interface Schedule {
  every: 'hourly' | 'daily' | 'weekly' | 'monthly';
  at: string;
  day?: string;
  zone?: string;
  whole?: boolean;
}

/** What a data set is made of, before it is saved. */
export interface DataSetDraft {
  name: string;
  description?: string;
  source: Source;
  fields: Field[];
  coordinates?: { name: string; latitude: string; longitude: string }[];
  hierarchies?: { name: string; fields: string[] }[];
  parameters?: { name: string; type: FieldType; default: string }[];
  filters?: Filter[];
  mode: 'live' | 'extract';
  read_as: 'viewer' | 'owner';
  rules?: { name: string; principals: string[]; filter?: string }[];
  refresh?: Schedule[];
  increment?: { field: string; window: number };
}

export interface DataSet extends DataSetDraft, Edited {
  name: string;
  description?: string;
}

/** What visuals need to know of a data set. */
export interface KnownSet extends Pick<DataSetDraft, 'name' | 'fields' | 'coordinates' | 'hierarchies' | 'parameters'> {
  id: string;
}

/** The first rows of a draft, and what does not convert. */
export interface Preview {
  /** Of the source, as fields name them, with Athena's types. */
  columns: { name: string; type: string }[];
  /** With the types, roles and places that the service recognised. */
  fields: Field[];
  answer: Answer;
  /** By field: how many rows of how many looked at do not convert, and some of their values. */
  failures: { field: string; rows: number; of: number; examples: string[] }[];
}

export type Aggregation =
  | 'sum' | 'average' | 'min' | 'max' | 'count' | 'count_distinct' | 'median' | 'percentile_95' | 'deviation' | 'variance';
export type Grain = 'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute';

export interface Of {
  field: string;
  aggregation?: Aggregation;
}

export type FilterKind =
  | 'category' | 'numeric_equality' | 'numeric_range' | 'time_equality' | 'time_range' | 'relative_dates' | 'top_bottom' | 'nulls';

export interface Filter {
  id?: string;
  kind: FilterKind;
  field: string;
  aggregation?: Aggregation;
  off?: boolean;
  values?: string[];
  exclude?: boolean;
  contains?: string;
  /** A time range includes its start and excludes its end. */
  from?: string;
  to?: string;
  exclude_from?: boolean;
  exclude_to?: boolean;
  relative?: 'this' | 'last' | 'next' | 'to_date';
  n?: number;
  grain?: Grain;
  anchor?: string;
  bottom?: boolean;
  by?: Of;
  nulls?: 'only' | 'keep' | 'leave_out';
  visuals?: string[];
  everywhere?: boolean;
}

export interface SheetFilter extends Filter {
  data_set: string;
}

export interface Query {
  dimensions?: { field: string; grain?: Grain; bin?: number; bins?: number }[];
  measures?: Of[];
  filters?: Filter[];
  calculated?: Field[];
  sort?: { column: number; descending?: boolean }[];
  limit?: number;
  /** Keeps the first values of the first dimension only, with all rows of theirs. */
  groups?: number;
  others?: boolean;
  parameters?: Record<string, string>;
  rows?: boolean;
}

export type Value = string | number | boolean | null;

export interface AnswerColumn {
  name: string;
  type: FieldType;
  values: Value[];
  bin?: number;
}

export interface Answer {
  columns: AnswerColumn[];
  rows: number;
  more?: boolean;
  /** The last row sums what the limit cut off. */
  others?: boolean;
  warnings?: string[];
  sql: string;
  from: 'live' | 'extract';
  as_of: string;
  /** Milliseconds. */
  took: number;
  cached?: boolean;
}

export type VisualKind =
  | 'points_on_map' | 'filled_map' | 'line' | 'area' | 'bar' | 'pie' | 'scatter' | 'heat_map' | 'histogram' | 'kpi' | 'table'
  | 'pivot' | 'text';

export interface Format {
  style?: 'number' | 'percent' | 'currency' | 'compact';
  decimals?: number;
  currency?: string;
  prefix?: string;
  suffix?: string;
  date?: string;
}

export interface WellField {
  field: string;
  aggregation?: Aggregation;
  grain?: Grain;
  bins?: number;
  label?: string;
  format?: Format;
}

export interface Visual {
  id: string;
  kind: VisualKind;
  title?: string;
  data_set?: string;
  wells?: Record<string, WellField[]>;
  sort?: { well: string; index?: number; descending?: boolean };
  limit?: number;
  others?: boolean;
  text?: string;
  lines?: { label?: string; value?: number; of?: 'average' | 'min' | 'max' | 'median'; color?: string }[];
  look: {
    stack?: 'stacked' | 'share';
    horizontal?: boolean;
    donut?: boolean;
    log?: boolean;
    labels?: boolean;
    legend?: 'none' | 'right' | 'bottom';
  };
  place: { x: number; y: number; w: number; h: number };
}

export interface Well {
  name: string;
  title: string;
  takes: Role;
  min: number;
  max: number;
}

const many = 200;
const well = (name: string, title: string, takes: Role, min: number, max: number): Well => ({ name, title, takes, min, max });

/**
 * The field wells of each kind, named as QuickSight names them, in the order of the answer's
 * columns: dimensions first, then measures (a coordinate is two columns).
 */
export const wells: Record<VisualKind, Well[]> = {
  points_on_map: [well('geospatial', 'Geospatial', 'dimension', 1, 1), well('color', 'Color', 'dimension', 0, 1), well('size', 'Size', 'measure', 0, 1)],
  filled_map: [well('location', 'Location', 'dimension', 1, 1), well('color', 'Color', 'measure', 0, 1)],
  line: [well('x', 'X axis', 'dimension', 1, 1), well('color', 'Color', 'dimension', 0, 1), well('value', 'Value', 'measure', 0, many)],
  area: [well('x', 'X axis', 'dimension', 1, 1), well('color', 'Color', 'dimension', 0, 1), well('value', 'Value', 'measure', 0, many)],
  bar: [well('x', 'Axis', 'dimension', 1, 1), well('color', 'Group/Color', 'dimension', 0, 1), well('value', 'Value', 'measure', 0, many)],
  pie: [well('color', 'Group/Color', 'dimension', 1, 1), well('value', 'Value', 'measure', 0, 1)],
  scatter: [
    well('group', 'Group', 'dimension', 0, 1), well('color', 'Color', 'dimension', 0, 1),
    well('x', 'X axis', 'measure', 1, 1), well('y', 'Y axis', 'measure', 1, 1), well('size', 'Size', 'measure', 0, 1),
  ],
  heat_map: [well('rows', 'Rows', 'dimension', 1, 1), well('columns', 'Columns', 'dimension', 1, 1), well('value', 'Values', 'measure', 0, 1)],
  histogram: [well('value', 'Value', 'dimension', 1, 1)],
  kpi: [well('trend', 'Trend group', 'dimension', 0, 1), well('value', 'Value', 'measure', 1, 1), well('target', 'Target value', 'measure', 0, 1)],
  table: [well('group', 'Group by', 'dimension', 0, many), well('value', 'Value', 'measure', 0, many)],
  pivot: [well('rows', 'Rows', 'dimension', 0, 8), well('columns', 'Columns', 'dimension', 0, 4), well('value', 'Values', 'measure', 0, many)],
  text: [],
};

export interface Control {
  id: string;
  title?: string;
  filter?: string;
  parameter?: string;
  data_set?: string;
}

export interface Sheet {
  id: string;
  name: string;
  visuals: Visual[];
  filters?: SheetFilter[];
  controls?: Control[];
}

export interface AnalysisField extends Field {
  data_set: string;
}

export interface Definition {
  data_sets: string[];
  sheets: Sheet[];
  calculated?: AnalysisField[];
  /** Field, value, colour. */
  colors?: Record<string, Record<string, string>>;
}

export interface Analysis extends Edited {
  definition: Definition;
  dashboard?: string;
}

export interface Share {
  principal: string;
  role: 'viewer' | 'editor';
}

export interface Dashboard extends Edited {
  analysis?: string;
  version: number;
  published: string;
  definition: Definition;
  shares: Share[];
}

export interface Version {
  number: number;
  published: string;
  by: string;
  note?: string;
}

export interface Mark {
  visual: string;
  field: string;
  grain?: Grain;
  value: string | null;
}

/** What a viewer has set; the address holds it. */
export interface View {
  filters?: Filter[];
  marks?: Mark[];
  drills?: Record<string, Mark[]>;
  parameters?: Record<string, string>;
}

export interface Refresh {
  id: string;
  data_set: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'stopped';
  increment?: boolean;
  by: string;
  slot?: string;
  started: string;
  ended?: string;
  rows: number;
  bytes: number;
  error?: string;
  done: number;
}

export interface ExtractInfo {
  id?: string;
  rows: number;
  bytes: number;
  as_of?: string;
  running?: Refresh;
  next?: string;
}
