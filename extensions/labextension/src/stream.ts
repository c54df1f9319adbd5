/** Server-sent events, read from any split of the bytes. */

export interface ServerEvent {
  id: string;
  kind: string;
  data: string;
}

/** Collects text as it comes and gives the events that are whole. */
export class EventParser {
  /** The last id seen, kept between events as the standard says. */
  lastId = '';

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this._rest + text).split(/\r\n|\r(?!$)|\n/);
    this._rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this._take(line);
      if (event) {
        events.push(event);
      }
    }
    return events;
  }

  private _take(line: string): ServerEvent | null {
    if (line === '') {
      return this._dispatch();
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') {
      this._data.push(value);
    } else if (name === 'event') {
      this._kind = value;
    } else if (name === 'id' && !value.includes('\0')) {
      this.lastId = value;
    }
    return null;
  }

  private _dispatch(): ServerEvent | null {
    const data = this._data;
    const kind = this._kind || 'message';
    this._data = [];
    this._kind = '';
    return data.length ? { id: this.lastId, kind, data: data.join('\n') } : null;
  }

  private _rest = '';
  private _kind = '';
  private _data: string[] = [];
}

/** Seconds to wait before the nth try to reconnect: 1, 2, 4 ... 30, with jitter. */
export function backOff(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(30, 2 ** Math.min(attempt, 5));
  return longest * (0.5 + random() / 2);
}
