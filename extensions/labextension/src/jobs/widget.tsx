import { ReactWidget, refreshIcon, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';
import { count, duration, moment } from '../format';
import { HistogramView } from '../histogram';
import { jobsIcon } from '../icons';
import type { Job } from '../records';
import type { Entry, JobsModel } from './model';
import { finished, fraction, ordered } from './model';

export interface JobsActions {
  /** Put code that fetches the job's result into the user's notebook. */
  insert: (job: Job) => void;
  /** Start a query, from which a job can be made. */
  build: () => void;
}

/** The panel in the side bar. */
export class JobsWidget extends ReactWidget {
  constructor(
    readonly model: JobsModel,
    private readonly _actions: JobsActions
  ) {
    super();
    this.id = 'alyx-jobs';
    this.title.icon = jobsIcon;
    this.title.caption = 'ALYX jobs';
    this.addClass('alyx-Jobs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'ALYX jobs');
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this.model.changed}>
        {() => <Panel model={this.model} actions={this._actions} />}
      </UseSignal>
    );
  }
}

interface Props {
  model: JobsModel;
  actions: JobsActions;
}

function Panel({ model, actions }: Props): JSX.Element {
  const entries = ordered(model.entries);
  return (
    <>
      <div className="alyx-Panel-header">
        <h2>Jobs</h2>
        <button
          className="alyx-IconButton"
          title="Load the list again"
          onClick={() => void model.load()}
        >
          <refreshIcon.react tag="span" width={16} />
        </button>
      </div>
      {model.away && <Away reason={model.away} />}
      {model.refused && (
        <p className="alyx-Message alyx-mod-error" role="alert">
          {model.refused}
        </p>
      )}
      <ul className="alyx-Jobs-list">
        {entries.map(entry => (
          <JobItem key={entry.job.id} entry={entry} model={model} actions={actions} />
        ))}
      </ul>
      {!entries.length && !model.away && <Empty loading={model.loading} build={actions.build} />}
    </>
  );
}

function Away({ reason }: { reason: string }): JSX.Element {
  return (
    <p className="alyx-Message alyx-mod-warning" role="status">
      {reason} Jobs that run go on; the panel connects again by itself.
    </p>
  );
}

function Empty({ loading, build }: { loading: boolean; build: () => void }): JSX.Element {
  return (
    <div className="alyx-Empty">
      <p>{loading ? 'Loading…' : 'No jobs yet. Build a query and submit it as a job.'}</p>
      {!loading && (
        <button className="alyx-Button" onClick={build}>
          Build a query
        </button>
      )}
    </div>
  );
}

function JobItem({ entry, model, actions }: Props & { entry: Entry }): JSX.Element {
  const { job } = entry;
  const open = model.selected === job.id;
  return (
    <li className={`alyx-Job${open ? ' alyx-mod-open' : ''}`} data-job={job.id} data-status={job.status}>
      <button
        className="alyx-Job-head"
        aria-expanded={open}
        onClick={() => model.select(open ? null : job.id)}
      >
        <span className="alyx-Job-name">{job.name}</span>
        <span className="alyx-Status" data-status={job.status}>
          {job.status.toLowerCase()}
        </span>
        <span className="alyx-Job-meta">
          {job.spec.dataset} · {moment(job.submitted_at)}
          {String(job.priority) !== 'normal' && ` · ${job.priority} priority`}
        </span>
      </button>
      <Progress job={job} />
      {job.error && <p className="alyx-Message alyx-mod-error">{job.error}</p>}
      {!finished(job) && job.waiting && <p className="alyx-Job-meta">{job.waiting}</p>}
      {open && <Detail entry={entry} />}
      <Buttons job={job} model={model} actions={actions} />
    </li>
  );
}

function Progress({ job }: { job: Job }): JSX.Element {
  const { chunks_done, chunks_total, events_done } = job.progress;
  const percent = Math.round(100 * fraction(job));
  const forecast = job.forecast?.seconds;
  return (
    <div className="alyx-Progress">
      <div
        className="alyx-Progress-bar"
        role="progressbar"
        aria-label={`Progress of ${job.name}`}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div data-status={job.status} style={{ width: `${percent}%` }} />
      </div>
      <span>
        {chunks_done} / {chunks_total} chunks
        {events_done > 0 && ` · ${count(events_done)} events`}
      </span>
      {!finished(job) && forecast && (
        <span title={`Between ${duration(forecast.p10)} and ${duration(forecast.p90)}, ${job.forecast?.basis ?? ''}`}>
          about {duration(forecast.p50)}
        </span>
      )}
      {finished(job) && <Took job={job} />}
    </div>
  );
}

function Took({ job }: { job: Job }): JSX.Element | null {
  if (!job.started_at || !job.finished_at) {
    return null;
  }
  const seconds = (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
  return <span>took {duration(seconds)}</span>;
}

function Detail({ entry }: { entry: Entry }): JSX.Element {
  const { job, histogram, receipt } = entry;
  const facts: [string, string][] = [
    ['Job', `${job.id}, attempt ${job.attempt}, of ${job.owner}`],
    ...Object.entries(receipt ?? {})
      .filter(([name]) => name !== 'job')
      .map(([name, value]): [string, string] => [name.replaceAll('_', ' '), fact(value)])
  ];
  return (
    <div className="alyx-Job-detail">
      {histogram && <HistogramView histogram={histogram} />}
      <dl>
        {facts.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
    </div>
  );
}

function fact(value: string | number | boolean | null): string {
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  return typeof value === 'number' ? count(value) : (value ?? '');
}

function Buttons({ job, model, actions }: Props & { job: Job }): JSX.Element {
  const again = job.status === 'FAILED' || job.status === 'STOPPED';
  return (
    <div className="alyx-Buttons">
      {!finished(job) && (
        <button disabled={job.target === 'STOPPED'} onClick={() => void model.stop(job.id)}>
          {job.target === 'STOPPED' ? 'Stopping…' : 'Stop'}
        </button>
      )}
      {again && <button onClick={() => void model.retry(job.id)}>Retry</button>}
      {job.status === 'COMPLETED' && (
        <button onClick={() => actions.insert(job)}>Insert into notebook</button>
      )}
      {finished(job) && <button onClick={() => void model.delete(job.id)}>Delete</button>}
    </div>
  );
}
