import { useDraggable } from '@dnd-kit/core';
import * as React from 'react';
import type { FieldGroup, QueryField } from './fields';

interface Props {
  groups: FieldGroup[];
  /** The builder that the fields are for. */
  qbId: string;
  add: (field: string) => void;
}

/** The fields of the data set: drag one into the query, or press Enter on it. */
export function Palette({ groups, qbId, add }: Props): JSX.Element {
  const [filter, setFilter] = React.useState('');
  const wanted = filter.toLowerCase();
  const passing = groups
    .map(group => ({ ...group, fields: group.fields.filter(item => matches(item, wanted)) }))
    .filter(group => group.fields.length);
  return (
    <aside className="alyx-Palette" aria-label="Fields of the data set">
      <input
        className="alyx-Input"
        type="search"
        placeholder="Filter fields"
        aria-label="Filter fields"
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      {passing.map(group => (
        <details key={group.label} open>
          <summary>{group.label}</summary>
          <ul>
            {group.fields.map(item => (
              <PaletteField key={item.name} field={item} qbId={qbId} add={add} />
            ))}
          </ul>
        </details>
      ))}
    </aside>
  );
}

function matches(field: QueryField, wanted: string): boolean {
  return field.name.toLowerCase().includes(wanted) || field.description.toLowerCase().includes(wanted);
}

function PaletteField({ field, qbId, add }: Omit<Props, 'groups'> & { field: QueryField }) {
  const { setNodeRef, listeners, isDragging } = useDraggable({
    id: `palette-${field.name}`,
    data: { palette: field.name, qbId }
  });
  return (
    <li>
      <button
        ref={setNodeRef}
        className={`alyx-Field${isDragging ? ' alyx-mod-dragged' : ''}`}
        data-field={field.name}
        title={`${field.description || field.name}. Drag it into the query, or press Enter.`}
        onPointerDown={event => listeners?.['onPointerDown']?.(event)}
        onDoubleClick={() => add(field.name)}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            add(field.name);
          }
        }}
      >
        <span>{field.label}</span>
        <small>{field.unit}</small>
      </button>
    </li>
  );
}
