/** A kernel session whose outputs may hold widgets, outside of any notebook. */

import { registerWidgetManager } from '@jupyter-widgets/jupyterlab-manager';
import { Context } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import { NotebookModelFactory } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ServiceManager } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { KERNEL } from '../notebook';

/** The name under which the session is listed; a page that reloads finds it again. */
const NAME = 'ALYX event display';

/**
 * Widgets need a manager for their kernel, and the one of JupyterLab is made from the context of
 * a notebook. This one has no file: it is never saved or loaded, only its session is used.
 */
export class DisplaySession implements IDisposable {
  constructor(services: ServiceManager.IManager, rendermime: IRenderMimeRegistry) {
    this.rendermime = rendermime.clone();
    this._context = new Context<INotebookModel>({
      manager: services,
      factory: new NotebookModelFactory(),
      path: NAME,
      kernelPreference: {
        name: services.kernelspecs.specs?.kernelspecs[KERNEL] ? KERNEL : undefined,
        autoStartDefault: true,
        canStart: true,
        shouldStart: true,
        shutdownOnDispose: true
      }
    });
    this._widgets = registerWidgetManager(this._context, this.rendermime, new Set<never>().values());
  }

  readonly rendermime: IRenderMimeRegistry;

  get context() {
    return this._context.sessionContext;
  }

  /** Start the kernel, or find the one that runs. */
  async start(): Promise<void> {
    this._starting ??= this.context.initialize().then(() => this.context.ready);
    await this._starting;
  }

  get isDisposed(): boolean {
    return this._context.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._widgets.dispose();
      this._context.dispose();
    }
  }

  private readonly _context: Context<INotebookModel>;
  private readonly _widgets: IDisposable;
  private _starting: Promise<void> | undefined;
}
