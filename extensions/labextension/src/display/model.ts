/** What the display shows, and the Python that shows it. */

export interface Shown {
  id: number;
  state: 'starting' | 'drawing' | 'shown' | 'failed';
  message: string | null;
}

/** Python that draws an event; the scene before it is closed, or each page would get it again. */
export function drawing(id: number): string {
  return [
    'import alyx',
    'from alyx import display as _display',
    'try:',
    '    _shown.close()',
    'except (NameError, AttributeError):',
    '    pass',
    `_shown = _display.show(alyx.connect().event(${Math.trunc(id)}))`,
    '_shown'
  ].join('\n');
}

/** Read an id that was typed; null for what is none. */
export function eventId(text: string): number | null {
  const id = Number(text.trim());
  return text.trim() !== '' && Number.isSafeInteger(id) && id >= 0 ? id : null;
}
