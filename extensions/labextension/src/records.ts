/** What the ALYX API answers, as it stands on the wire. */

export type Status = 'QUEUED' | 'STARTING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'STOPPED';

export interface Progress {
  chunks_done: number;
  chunks_total: number;
  events_done: number;
  events_total: number;
}

export interface Forecast {
  seconds: { p10: number; p50: number; p90: number };
  bytes: number;
  chunks: number;
  basis: string;
}

export interface HistogramRequest {
  quantity: string;
  bins: number;
  low: number;
  high: number;
}

export interface JobSpec {
  kind: 'histogram';
  name: string;
  dataset: string;
  where: Where;
  snapshot?: number | null;
  histogram: HistogramRequest;
  priority?: 'low' | 'normal' | 'high';
}

export interface Job {
  id: number;
  name: string;
  owner: string;
  kind: string;
  spec: JobSpec;
  status: Status;
  target: string;
  attempt: number;
  priority: string | number;
  progress: Progress;
  forecast: Forecast | null;
  submitted_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: string | null;
  waiting: string | null;
}

export interface Histogram {
  axes: { low: number; high: number; bins: number; label: string }[];
  values: number[];
  variances: number[] | null;
}

export type Receipt = Record<string, string | number | boolean | null>;

export interface JobResult {
  histogram: Histogram;
  receipt: Receipt;
}

/** A message of a job's event stream. */
export interface JobEvent {
  seq: number;
  kind: string;
  job: Job;
  histogram?: Histogram;
}

export interface Field {
  name: string;
  kind: 'number' | 'integer' | 'boolean' | 'text';
  unit: string;
  description: string;
}

export interface Collection {
  name: string;
  description: string;
  fields: Field[];
  pair?: string[];
}

export interface Schema {
  scalars: Field[];
  collections: Collection[];
}

export interface Dataset {
  name: string;
  title: string;
  kind: string;
  events: number;
  chunks: number;
  bytes: number;
  snapshot: number;
  schema: Schema;
}

export interface Problem {
  path: string;
  message: string;
  hint: string | null;
}

export interface Count {
  value: number;
  exact: boolean;
}

export interface Preview {
  valid: boolean;
  problems: Problem[];
  phrase: string;
  sql: string;
  exact: boolean;
  count: Count | null;
}

export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;

export interface Page {
  snapshot: number;
  fingerprint: string;
  phrase: string;
  count: Count | null;
  columns: string[];
  rows: Row[];
  next: number | null;
}

/** The builder's JSON, as `alyx.query` reads it. */
export interface WhereGroup {
  combinator: string;
  not?: true;
  rules: (WhereGroup | WhereRule)[];
}

export interface WhereMatch {
  mode: string;
  threshold?: number;
}

export interface WhereRule {
  field: string;
  operator: string;
  match?: WhereMatch;
  value: Scalar | Scalar[] | WhereGroup;
}

export type Scalar = string | number | boolean;
export type Where = WhereGroup | null;
