import { OutputArea, OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ServiceManager } from '@jupyterlab/services';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { Panel } from '@lumino/widgets';
import * as React from 'react';
import { displayIcon } from '../icons';
import type { Shown } from './model';
import { drawing, eventId } from './model';
import { DisplaySession } from './session';

/** The event, drawn by the kernel as a pythreejs widget; a bar above it chooses another. */
export class DisplayWidget extends Panel {
  constructor(services: ServiceManager.IManager, rendermime: IRenderMimeRegistry) {
    super();
    this.id = 'alyx-display';
    this.addClass('alyx-Display');
    this.title.icon = displayIcon;
    this.title.label = 'Event Display';
    this.title.closable = true;
    this._session = new DisplaySession(services, rendermime);
    this._output = new SimplifiedOutputArea({
      model: new OutputAreaModel({ trusted: true }),
      rendermime: this._session.rendermime
    });
    this._output.addClass('alyx-Display-scene');
    this.addWidget(new Bar(this));
    this.addWidget(this._output);
  }

  shown: Shown | null = null;

  readonly changed = new Signal<this, void>(this);

  /** Draw an event; asked again meanwhile, the last one wins. */
  async open(id: number): Promise<void> {
    this._say(id, 'starting', 'Starting a kernel…');
    try {
      await this._session.start();
      this._say(id, 'drawing', 'Drawing…');
      await this._draw(id);
    } catch (error) {
      this._say(id, 'failed', (error as Error).message);
    }
  }

  override dispose(): void {
    this._session.dispose();
    super.dispose();
  }

  private async _draw(id: number): Promise<void> {
    const { context } = this._session;
    const reply = await OutputArea.execute(drawing(id), this._output, context);
    if (this.shown?.id === id) {
      const failed = reply?.content.status !== 'ok';
      this._say(id, failed ? 'failed' : 'shown', failed ? 'The event could not be drawn:' : null);
    }
  }

  private _say(id: number, state: Shown['state'], message: string | null): void {
    this.shown = { id, state, message };
    this.node.dataset['state'] = state;
    this.title.label = `Event ${id}`;
    this.changed.emit();
  }

  private readonly _session: DisplaySession;
  private readonly _output: SimplifiedOutputArea;
}

class Bar extends ReactWidget {
  constructor(private readonly _display: DisplayWidget) {
    super();
    this.addClass('alyx-Display-bar');
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this._display.changed}>
        {() => <Chooser shown={this._display.shown} open={id => void this._display.open(id)} />}
      </UseSignal>
    );
  }
}

function Chooser({ shown, open }: { shown: Shown | null; open: (id: number) => void }) {
  const [text, setText] = React.useState('');
  React.useEffect(() => setText(shown ? String(shown.id) : ''), [shown?.id]);
  const id = eventId(text);
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (id !== null) {
          open(id);
        }
      }}
    >
      <label>
        Event
        <input
          className="alyx-Input"
          name="event"
          inputMode="numeric"
          placeholder="id of an event"
          value={text}
          onChange={event => setText(event.target.value)}
        />
      </label>
      <button type="submit" className="alyx-Button" disabled={id === null}>
        Show
      </button>
      {!shown && <span className="alyx-mod-faint">Choose one in the Query Builder&apos;s table.</span>}
      {shown?.message && <span role="status">{shown.message}</span>}
    </form>
  );
}
