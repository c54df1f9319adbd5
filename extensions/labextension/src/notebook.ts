/** Code that the panels put into the user's notebook. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';

/** The kernel of ALYX notebooks. */
export const KERNEL = 'alyx';

/** Insert a code cell below the active one of the notebook last used, or of a new one. */
export async function insertCell(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  code: string
): Promise<void> {
  const panel = notebooks.currentWidget ?? (await newNotebook(app));
  if (!panel) {
    Notification.warning('Open a notebook first: the code goes into it.');
    return;
  }
  await panel.context.ready;
  const notebook = panel.content;
  const empty = notebook.activeCell?.model.sharedModel.getSource() === '';
  if (!empty) {
    NotebookActions.insertBelow(notebook);
  }
  notebook.activeCell?.model.sharedModel.setSource(code);
  app.shell.activateById(panel.id);
}

async function newNotebook(app: JupyterFrontEnd): Promise<NotebookPanel | undefined> {
  return app.commands.execute('notebook:create-new', { kernelName: KERNEL }) as Promise<
    NotebookPanel | undefined
  >;
}
