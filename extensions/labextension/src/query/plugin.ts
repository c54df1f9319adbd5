import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { queryIcon } from '../icons';
import { insertCell } from '../notebook';
import type { Dataset, Page, Preview } from '../records';
import { call } from '../request';
import { CATEGORY, CommandIDs, IEventDisplay, IJobs } from '../tokens';
import type { QueryApi } from './model';
import { QueryModel } from './model';
import { QueryWidget } from './widget';

/** Rows of a page of the table. */
const PAGE = 50;

const api: QueryApi = {
  datasets: async () => (await call<{ datasets: Dataset[] }>('GET', 'datasets')).datasets,
  preview: (dataset, where) => call<Preview>('POST', 'query/preview', { dataset, where }),
  page: (dataset, where, after, snapshot) =>
    call<Page>('POST', 'query', { dataset, where, after, snapshot, limit: PAGE })
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  jobs: IJobs,
  display: IEventDisplay,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  restorer: ILayoutRestorer | null
): void {
  const tracker = new WidgetTracker<MainAreaWidget<QueryWidget>>({ namespace: 'alyx-query' });
  const actions = {
    open: (id: number) => void display.open(id),
    insert: (code: string) => void insertCell(app, notebooks, code),
    submit: async (spec: Parameters<IJobs['submit']>[0]) => {
      const job = await jobs.submit(spec);
      jobs.reveal(job.id);
    }
  };
  const create = () => {
    const content = new QueryWidget(new QueryModel(api), actions);
    const widget = new MainAreaWidget({ content });
    widget.id = 'alyx-query-builder';
    return widget;
  };
  app.commands.addCommand(CommandIDs.query, {
    label: 'Query Builder',
    caption: 'Select events of a data set by rules',
    icon: queryIcon,
    execute: async () => {
      const widget = tracker.currentWidget ?? create();
      if (!tracker.has(widget)) {
        await tracker.add(widget);
        app.shell.add(widget, 'main');
      }
      app.shell.activateById(widget.id);
    }
  });
  palette?.addItem({ command: CommandIDs.query, category: CATEGORY });
  launcher?.add({ command: CommandIDs.query, category: CATEGORY, rank: 1 });
  void restorer?.restore(tracker, { command: CommandIDs.query, name: () => 'query' });
}

export const queryPlugin: JupyterFrontEndPlugin<void> = {
  id: '@alyx/lab:query',
  description: 'Builds queries by drag and drop, with a live preview.',
  autoStart: true,
  requires: [INotebookTracker, IJobs, IEventDisplay],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer],
  activate
};
