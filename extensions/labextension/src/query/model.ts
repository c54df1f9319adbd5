/** The state of the Query Builder: data set, query, preview, events found. */

import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { RuleGroupType } from 'react-querybuilder';
import type { Dataset, HistogramRequest, JobSpec, Page, Preview, Row, Where } from '../records';
import type { FieldGroup, QueryField } from './fields';
import { byName, groups } from './fields';
import { code, EMPTY, inserted, mended, ruleFor, where } from './where';

/** The routes that the builder uses. */
export interface QueryApi {
  datasets(): Promise<Dataset[]>;
  preview(dataset: string, condition: Where): Promise<Preview>;
  page(dataset: string, condition: Where, after: number | null, snapshot?: number): Promise<Page>;
}

/** Milliseconds without a change after which the preview is asked for. */
export const QUIET = 300;

export class QueryModel implements IDisposable {
  constructor(private readonly _api: QueryApi) {}

  datasets: Dataset[] = [];
  dataset: Dataset | null = null;
  groups: FieldGroup[] = [];
  fields: ReadonlyMap<string, QueryField> = new Map();
  query: RuleGroupType = EMPTY;
  preview: Preview | null = null;
  /** The preview is older than the query. */
  stale = false;
  page: Page | null = null;
  rows: Row[] = [];
  running = false;
  error: string | null = null;
  isDisposed = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get where(): Where {
    return where(this.query, this.fields);
  }

  get code(): string {
    return code(this.dataset?.name ?? '', this.where);
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  async load(): Promise<void> {
    await this._try(async () => {
      this.datasets = await this._api.datasets();
      const again = this.datasets.find(item => item.name === this.dataset?.name);
      const first = again ?? this.datasets[0];
      if (first) {
        this._use(first);
      }
    });
  }

  choose(name: string): void {
    const dataset = this.datasets.find(item => item.name === name);
    if (dataset) {
      this._use(dataset);
      this._changed.emit();
    }
  }

  setQuery(query: RuleGroupType): void {
    this.query = mended(query, this.fields);
    this._ask();
    this._changed.emit();
  }

  /** Add a rule for a field, at a place of the tree. */
  add(field: string, path: readonly number[] = [], into: 'rule' | 'group' = 'group'): void {
    const known = this.fields.get(field);
    if (known) {
      this.setQuery(inserted(this.query, ruleFor(known), path, into));
    }
  }

  /** Ask for the first events that pass. */
  async run(): Promise<void> {
    await this._fetch(null);
  }

  /** Ask for the next events of the same snapshot. */
  async more(): Promise<void> {
    if (this.page?.next !== null && this.page?.next !== undefined) {
      await this._fetch(this.page.next);
    }
  }

  spec(name: string, histogram: HistogramRequest, priority: JobSpec['priority']): JobSpec {
    const dataset = this.dataset?.name ?? '';
    return { kind: 'histogram', name, dataset, where: this.where, histogram, priority };
  }

  private _use(dataset: Dataset): void {
    const other = dataset.name !== this.dataset?.name;
    this.dataset = dataset;
    this.groups = groups(dataset.schema);
    this.fields = byName(this.groups);
    if (other) {
      this.page = null;
      this.rows = [];
    }
    this._ask();
  }

  private async _fetch(after: number | null): Promise<void> {
    const dataset = this.dataset?.name;
    if (!dataset || this.running) {
      return;
    }
    // Further pages are of the query that was run, whatever is built meanwhile.
    const condition = after === null ? this.where : this._ran;
    this._ran = condition;
    this.running = true;
    this._changed.emit();
    await this._try(async () => {
      const snapshot = after === null ? undefined : this.page?.snapshot;
      const page = await this._api.page(dataset, condition, after, snapshot);
      if (dataset === this.dataset?.name) {
        this.page = page;
        this.rows = after === null ? page.rows : [...this.rows, ...page.rows];
      }
    });
    this.running = false;
    this._changed.emit();
  }

  private _ask(): void {
    this.stale = true;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._preview(), QUIET);
  }

  private async _preview(): Promise<void> {
    const turn = ++this._turn;
    const dataset = this.dataset?.name;
    if (!dataset || this.isDisposed) {
      return;
    }
    await this._try(async () => {
      const preview = await this._api.preview(dataset, this.where);
      // An answer that a later question overtook is of a query that is no more.
      if (turn === this._turn) {
        this.preview = preview;
        this.stale = false;
      }
    });
  }

  private async _try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this.error = null;
    } catch (error) {
      this.error = (error as Error).message;
    }
    this._changed.emit();
  }

  private _ran: Where = null;
  private _turn = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _changed = new Signal<this, void>(this);
}
