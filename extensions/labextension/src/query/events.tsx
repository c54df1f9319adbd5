import * as React from 'react';
import { count, number } from '../format';
import type { Cell, Row } from '../records';
import type { QueryModel } from './model';

/** Columns that are the store's own business. */
const HIDDEN = new Set(['id', 'dataset_id', 'region_mask', 'added_in', 'withdrawn_in']);

/** The columns that hold something in any of the rows. */
export function columns(all: string[], rows: Row[]): string[] {
  return all.filter(name => !HIDDEN.has(name) && rows.some(row => (row[name] ?? null) !== null));
}

interface Props {
  model: QueryModel;
  open: (id: number) => void;
}

/** The events that were found; a row opens its event in 3D. */
export function EventsTable({ model, open }: Props): JSX.Element | null {
  const { page, rows } = model;
  if (!page) {
    return null;
  }
  if (!rows.length) {
    return <p className="alyx-Empty">No event passes.</p>;
  }
  const shown = columns(page.columns, rows);
  return (
    <section className="alyx-Events" aria-label="Events found">
      <table>
        <thead>
          <tr>
            {shown.map(name => (
              <th key={name}>{name.replaceAll('_', ' ')}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <EventRow key={String(row['id'])} row={row} shown={shown} open={open} />
          ))}
        </tbody>
      </table>
      <footer>
        {count(rows.length)}
        {page.count && ` of ${page.count.exact ? '' : 'about '}${count(page.count.value)}`} events,
        snapshot {page.snapshot}
        {page.next !== null && (
          <button className="alyx-Button" disabled={model.running} onClick={() => void model.more()}>
            {model.running ? 'Loading…' : 'Load more'}
          </button>
        )}
      </footer>
    </section>
  );
}

function EventRow({ row, shown, open }: { row: Row; shown: string[]; open: Props['open'] }) {
  const show = () => open(Number(row['id']));
  return (
    <tr
      tabIndex={0}
      title="Show this event in 3D"
      data-event={String(row['id'])}
      onClick={show}
      onKeyDown={event => event.key === 'Enter' && show()}
    >
      {shown.map(name => (
        <td key={name}>{text(row[name] ?? null)}</td>
      ))}
    </tr>
  );
}

function text(cell: Cell): string {
  if (typeof cell === 'number') {
    return number(cell);
  }
  return cell === null ? '–' : String(cell);
}
