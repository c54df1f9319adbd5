import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { count } from '../format';
import { queryIcon } from '../icons';
import type { JobSpec } from '../records';
import { Builder } from './builder';
import { EventsTable } from './events';
import type { QueryModel } from './model';
import { SubmitForm } from './submit';
import { problemsOfAll } from './where';

export interface QueryActions {
  /** Show an event in 3D. */
  open: (id: number) => void;
  /** Submit a job and show it. */
  submit: (spec: JobSpec) => Promise<void>;
  /** Put code into the user's notebook. */
  insert: (code: string) => void;
}

/** The builder: fields, rules, what they select, the events. */
export class QueryWidget extends ReactWidget {
  constructor(
    readonly model: QueryModel,
    private readonly _actions: QueryActions
  ) {
    super();
    this.id = 'alyx-query';
    this.title.label = 'Query Builder';
    this.title.icon = queryIcon;
    this.title.closable = true;
    this.addClass('alyx-Query');
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this.model.load();
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
  model: QueryModel;
  actions: QueryActions;
}

function Panel({ model, actions }: Props): JSX.Element {
  const [submitting, setSubmitting] = React.useState(false);
  if (!model.dataset) {
    return <NoDataset model={model} />;
  }
  return (
    <>
      <DatasetBar model={model} />
      <div className="alyx-Query-builder">
        <Builder model={model} />
      </div>
      <PreviewBar model={model} />
      <div className="alyx-Query-actions alyx-Buttons">
        <button
          className="alyx-Button alyx-mod-primary"
          disabled={model.running || !usable(model)}
          onClick={() => void model.run()}
        >
          {model.running ? 'Running…' : 'Run'}
        </button>
        <button disabled={!usable(model)} onClick={() => setSubmitting(!submitting)}>
          Submit as job…
        </button>
        <button disabled={!usable(model)} onClick={() => actions.insert(model.code)}>
          Insert into notebook
        </button>
      </div>
      {submitting && (
        <SubmitForm model={model} submit={actions.submit} close={() => setSubmitting(false)} />
      )}
      {model.error && (
        <p className="alyx-Message alyx-mod-error" role="alert">
          {model.error}
        </p>
      )}
      <EventsTable model={model} open={actions.open} />
    </>
  );
}

function usable(model: QueryModel): boolean {
  return !model.stale && model.preview?.valid === true;
}

function NoDataset({ model }: { model: QueryModel }): JSX.Element {
  return (
    <div className="alyx-Empty">
      <p>{model.error ?? 'Loading the data sets…'}</p>
      {model.error && (
        <button className="alyx-Button" onClick={() => void model.load()}>
          Try again
        </button>
      )}
    </div>
  );
}

function DatasetBar({ model }: { model: QueryModel }): JSX.Element {
  const { dataset } = model;
  return (
    <div className="alyx-Query-dataset">
      <label>
        Data set
        <select
          className="alyx-Input"
          name="dataset"
          value={dataset?.name}
          onChange={event => model.choose(event.target.value)}
        >
          {model.datasets.map(item => (
            <option key={item.name} value={item.name}>
              {item.name}
            </option>
          ))}
        </select>
      </label>
      <span>{dataset?.title}</span>
      <span className="alyx-Status">{dataset?.kind}</span>
      <span className="alyx-mod-faint">{count(dataset?.events ?? 0)} events</span>
    </div>
  );
}

function PreviewBar({ model }: { model: QueryModel }): JSX.Element {
  const { preview } = model;
  if (!preview) {
    return <div className="alyx-Preview alyx-mod-stale">…</div>;
  }
  const whole = problemsOfAll(preview.problems);
  return (
    <div className={`alyx-Preview${model.stale ? ' alyx-mod-stale' : ''}`} aria-live="polite">
      {preview.valid && preview.count && (
        <strong className="alyx-Preview-count">
          {preview.count.exact ? '' : '≈ '}
          {count(preview.count.value)} events
        </strong>
      )}
      {preview.valid && <span className="alyx-Preview-phrase">{preview.phrase}</span>}
      {!preview.valid && (
        <span className="alyx-Preview-phrase">
          {preview.problems.length === 1
            ? 'One rule needs a change.'
            : `${preview.problems.length} things need a change.`}
        </span>
      )}
      {whole.map(problem => (
        <p key={problem.message} className="alyx-Rule-problem">
          {problem.message} {problem.hint}
        </p>
      ))}
      {preview.valid && (
        <details>
          <summary>
            SQL{preview.exact ? '' : ' (the payload decides the rest)'}
          </summary>
          <pre>{preview.sql}</pre>
        </details>
      )}
    </div>
  );
}
