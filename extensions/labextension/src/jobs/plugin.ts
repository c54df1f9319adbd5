import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { jobsIcon } from '../icons';
import { insertCell } from '../notebook';
import type { Job, JobResult, JobSpec } from '../records';
import { call, follow } from '../request';
import { CATEGORY, CommandIDs, IJobs } from '../tokens';
import type { JobsApi } from './model';
import { JobsModel } from './model';
import { JobsWidget } from './widget';

const api: JobsApi = {
  list: async () => (await call<{ jobs: Job[] }>('GET', 'jobs')).jobs,
  submit: (spec: JobSpec) => call<Job>('POST', 'jobs', spec),
  aim: (id, target) => call<Job>('PATCH', `jobs/${id}`, { target }),
  delete: id => call<undefined>('DELETE', `jobs/${id}`),
  result: id => call<JobResult>('GET', `jobs/${id}/result`),
  follow: listener => follow('jobs/events', listener)
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  restorer: ILayoutRestorer | null
): IJobs {
  const model = new JobsModel(api);
  const widget = new JobsWidget(model, {
    insert: job => void insertCell(app, notebooks, resultCode(job)),
    build: () => void app.commands.execute(CommandIDs.query)
  });
  app.shell.add(widget, 'right', { rank: 450, type: 'ALYX' });
  restorer?.add(widget, widget.id);
  const reveal = (id?: number) => {
    app.shell.activateById(widget.id);
    if (id !== undefined) {
      model.select(id);
    }
  };
  app.commands.addCommand(CommandIDs.jobs, {
    label: 'Jobs',
    caption: 'Show my ALYX jobs and their progress',
    icon: jobsIcon,
    execute: args => reveal(typeof args['id'] === 'number' ? args['id'] : undefined)
  });
  palette?.addItem({ command: CommandIDs.jobs, category: CATEGORY });
  launcher?.add({ command: CommandIDs.jobs, category: CATEGORY, rank: 2 });
  void app.restored.then(() => model.start());
  return { reveal, submit: spec => model.submit(spec) };
}

/** Python that fetches a job's result. */
export function resultCode(job: Job): string {
  return [
    `job = alyx.connect().job(${job.id})  # ${job.name}`,
    'result = job.result()',
    'result.plot();'
  ].join('\n');
}

export const jobsPlugin: JupyterFrontEndPlugin<IJobs> = {
  id: '@alyx/lab:jobs',
  description: 'A side panel with the jobs of the user, live.',
  autoStart: true,
  provides: IJobs,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer],
  activate
};
