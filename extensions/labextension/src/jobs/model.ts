/** The list of jobs: what the API listed, brought up to date by its events. */

import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { Histogram, Job, JobEvent, JobResult, JobSpec, Receipt } from '../records';
import type { ServerEvent } from '../stream';

export interface Entry {
  job: Job;
  /** The number of the newest event taken in; 0 when the job came from a list. */
  seq: number;
  histogram: Histogram | null;
  receipt: Receipt | null;
}

export type Entries = ReadonlyMap<number, Entry>;

const FINISHED = new Set(['COMPLETED', 'FAILED', 'STOPPED']);

export function finished(job: Job): boolean {
  return FINISHED.has(job.status);
}

/** The share of the chunks that is done, between 0 and 1. */
export function fraction(job: Job): number {
  const { chunks_done, chunks_total } = job.progress;
  if (job.status === 'COMPLETED') {
    return 1;
  }
  return chunks_total > 0 ? Math.min(1, chunks_done / chunks_total) : 0;
}

/** Newest first. */
export function ordered(entries: Entries): Entry[] {
  return [...entries.values()].sort((one, other) => other.job.id - one.job.id);
}

/** Take a list in: jobs that it lacks are gone; events seen already stay counted. */
export function listed(entries: Entries, jobs: Job[]): Entries {
  return new Map(
    jobs.map(job => {
      const known = entries.get(job.id);
      const same = known?.job.attempt === job.attempt;
      const histogram = same ? known.histogram : null;
      const receipt = same ? known.receipt : null;
      return [job.id, { job, seq: known?.seq ?? 0, histogram, receipt }];
    })
  );
}

/** Take an event in; one that is older than what is known changes nothing. */
export function happened(entries: Entries, event: JobEvent): Entries {
  const known = entries.get(event.job.id);
  if (known && event.seq <= known.seq) {
    return entries;
  }
  const same = known?.job.attempt === event.job.attempt;
  const entry = {
    job: event.job,
    seq: event.seq,
    histogram: event.histogram ?? (same ? known.histogram : null),
    receipt: same ? known.receipt : null
  };
  return new Map(entries).set(event.job.id, entry);
}

export function removed(entries: Entries, id: number): Entries {
  const rest = new Map(entries);
  rest.delete(id);
  return rest;
}

/** Read an event of the stream; null for one that is not about a job. */
export function jobEvent(event: ServerEvent): JobEvent | null {
  const seq = Number(event.id);
  const data = JSON.parse(event.data) as { job?: Job; histogram?: Histogram };
  return data.job && Number.isFinite(seq)
    ? { seq, kind: event.kind, job: data.job, histogram: data.histogram }
    : null;
}

/** The routes that the panel uses. */
export interface JobsApi {
  list(): Promise<Job[]>;
  submit(spec: JobSpec): Promise<Job>;
  aim(id: number, target: 'STOPPED' | 'QUEUED'): Promise<Job>;
  delete(id: number): Promise<void>;
  result(id: number): Promise<JobResult>;
  follow(listener: {
    opened: () => void;
    received: (event: ServerEvent) => void;
    lost: (error: Error, seconds: number) => void;
  }): () => void;
}

export class JobsModel implements IDisposable {
  constructor(private readonly _api: JobsApi) {}

  entries: Entries = new Map();
  /** Why the service is away; null while the stream is open. */
  away: string | null = null;
  /** What the last action was refused with. */
  refused: string | null = null;
  loading = true;
  selected: number | null = null;
  isDisposed = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  start(): void {
    this._stop ??= this._api.follow({
      opened: () => void this.load(),
      received: event => this._receive(event),
      lost: error => {
        this.away = error.message;
        this.loading = false;
        this._changed.emit();
      }
    });
  }

  dispose(): void {
    this.isDisposed = true;
    this._stop?.();
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    try {
      this.entries = listed(this.entries, await this._api.list());
      this.away = null;
      await this._loadResult();
    } catch (error) {
      this.away = (error as Error).message;
    }
    this.loading = false;
    this._changed.emit();
  }

  select(id: number | null): void {
    this.selected = id;
    this._changed.emit();
    void this._loadResult();
  }

  stop(id: number): Promise<void> {
    return this._act(async () => this._replace(await this._api.aim(id, 'STOPPED')));
  }

  retry(id: number): Promise<void> {
    return this._act(async () => this._replace(await this._api.aim(id, 'QUEUED')));
  }

  delete(id: number): Promise<void> {
    return this._act(async () => {
      await this._api.delete(id);
      this.entries = removed(this.entries, id);
      this._gone.add(id);
    });
  }

  async submit(spec: JobSpec): Promise<Job> {
    const job = await this._api.submit(spec);
    this._replace(job);
    this.select(job.id);
    return job;
  }

  private _replace(job: Job): void {
    const known = this.entries.get(job.id);
    const entry = { seq: 0, histogram: null, receipt: null, ...known, job };
    this.entries = new Map(this.entries).set(job.id, entry);
  }

  private async _act(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this.refused = null;
    } catch (error) {
      this.refused = (error as Error).message;
    }
    this._changed.emit();
  }

  private _receive(event: ServerEvent): void {
    const read = jobEvent(event);
    // a deleted job's last events may still be on their way
    if (read && !this._gone.has(read.job.id)) {
      this.entries = happened(this.entries, read);
      this._changed.emit();
      void this._loadResult();
    }
  }

  /** Fetch result and receipt of the opened job, once, when it is complete. */
  private async _loadResult(): Promise<void> {
    const id = this.selected;
    const entry = id === null ? undefined : this.entries.get(id);
    if (!entry || entry.job.status !== 'COMPLETED' || entry.receipt || this._fetching.has(entry.job.id)) {
      return;
    }
    this._fetching.add(entry.job.id);
    await this._act(async () => {
      const { histogram, receipt } = await this._api.result(entry.job.id);
      const now = this.entries.get(entry.job.id) ?? entry;
      this.entries = new Map(this.entries).set(entry.job.id, { ...now, histogram, receipt });
    });
    this._fetching.delete(entry.job.id);
  }

  private _gone = new Set<number>();
  private _fetching = new Set<number>();
  private _stop: (() => void) | undefined;
  private _changed = new Signal<this, void>(this);
}
