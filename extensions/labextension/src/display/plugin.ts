import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { displayIcon } from '../icons';
import { CATEGORY, CommandIDs, IEventDisplay } from '../tokens';
import { DisplayWidget } from './widget';

function activate(
  app: JupyterFrontEnd,
  rendermime: IRenderMimeRegistry,
  // asked for so that the widgets' own plugins come first
  _widgets: IJupyterWidgetRegistry,
  palette: ICommandPalette | null,
  launcher: ILauncher | null
): IEventDisplay {
  const tracker = new WidgetTracker<MainAreaWidget<DisplayWidget>>({ namespace: 'alyx-display' });
  const panel = async () => {
    const widget = tracker.currentWidget ?? (await create());
    app.shell.activateById(widget.id);
    return widget.content;
  };
  const create = async () => {
    await app.serviceManager.ready;
    const content = new DisplayWidget(app.serviceManager, rendermime);
    const widget = new MainAreaWidget({ content });
    widget.id = 'alyx-event-display';
    await tracker.add(widget);
    app.shell.add(widget, 'main', { mode: 'split-right' });
    return widget;
  };
  const open = async (id: number) => (await panel()).open(id);
  app.commands.addCommand(CommandIDs.display, {
    label: 'Event Display',
    caption: 'Look at an event in 3D',
    icon: displayIcon,
    execute: async args => {
      const id = args['id'];
      await (typeof id === 'number' ? open(id) : panel());
    }
  });
  palette?.addItem({ command: CommandIDs.display, category: CATEGORY });
  launcher?.add({ command: CommandIDs.display, category: CATEGORY, rank: 3 });
  return { open };
}

export const displayPlugin: JupyterFrontEndPlugin<IEventDisplay> = {
  id: '@alyx/lab:display',
  description: 'Shows an event in 3D, drawn by an ALYX kernel.',
  autoStart: true,
  provides: IEventDisplay,
  requires: [IRenderMimeRegistry, IJupyterWidgetRegistry],
  optional: [ICommandPalette, ILauncher],
  activate
};
