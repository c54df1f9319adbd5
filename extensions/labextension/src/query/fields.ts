/** The fields of a data set, as the builder and its palette offer them. */

import type { FullField, FullOperator } from 'react-querybuilder';
import type { Field, Schema } from '../records';

export interface FieldGroup {
  label: string;
  fields: QueryField[];
}

/** A field of the builder; a collection has the fields of its objects in `objects`. */
export interface QueryField extends FullField {
  kind: Field['kind'] | 'collection';
  unit: string;
  description: string;
  objects?: QueryField[];
}

const ORDER = ['=', '!=', '<', '<=', '>', '>=', 'between'];
const MEMBERS = ['in', 'notIn'];
const NAMES: Record<string, string> = {
  '=': '=',
  '!=': '≠',
  '<': '<',
  '<=': '≤',
  '>': '>',
  '>=': '≥',
  between: 'between',
  in: 'in',
  notIn: 'not in'
};

const BY_KIND: Record<QueryField['kind'], string[]> = {
  number: ['>', '>=', '<', '<=', 'between', '=', '!='],
  integer: [...ORDER, ...MEMBERS],
  boolean: ['='],
  text: ['=', '!=', ...MEMBERS],
  collection: ['=']
};

/** The operators that a kind of field takes, the likeliest first. */
export function operators(kind: QueryField['kind'] | undefined): FullOperator[] {
  // the builder asks for its own placeholder field too, which has no kind
  return BY_KIND[kind ?? 'number'].map(name => {
    const label = NAMES[name] ?? name;
    return { name, value: name, label };
  });
}

function field(source: Field, name = source.name, label = name): QueryField {
  const numeric = source.kind === 'number' || source.kind === 'integer';
  return {
    name,
    value: name,
    label,
    kind: source.kind,
    unit: source.unit,
    description: source.description,
    inputType: numeric ? 'number' : 'text',
    valueEditorType: source.kind === 'boolean' ? 'checkbox' : 'text',
    defaultValue: source.kind === 'boolean' ? true : '',
    placeholder: source.unit
  };
}

function derived(name: string, kind: Field['kind'], unit: string, description: string): QueryField {
  return field({ name, kind, unit, description });
}

const PAIR: Record<string, [Field['kind'], string]> = {
  mass: ['number', 'GeV'],
  pt: ['number', 'GeV'],
  charge: ['integer', '']
};

function collectionGroup(collection: Schema['collections'][number]): FieldGroup {
  const { name } = collection;
  const objects = collection.fields.map(source => field(source));
  const each: QueryField = {
    ...derived(name, 'number', '', `How many ${name} objects pass a condition`),
    kind: 'collection',
    label: `${name} objects`,
    matchModes: true,
    objects
  };
  const pair = (collection.pair ?? []).map(part => {
    const [kind, unit] = PAIR[part] ?? ['number', ''];
    return derived(`${name}.pair.${part}`, kind, unit, `${part} of the two leading objects`);
  });
  const leading = derived(`${name}.n`, 'integer', '', `Number of ${name} objects`);
  return { label: name, fields: [each, leading, ...pair] };
}

/** All that a query may name, by collection. */
export function groups(schema: Schema): FieldGroup[] {
  const scalars = { label: 'Event', fields: schema.scalars.map(source => field(source)) };
  return [scalars, ...schema.collections.map(collectionGroup)];
}

/** Quantities of which a histogram can be made: one number an event. */
export function quantities(schema: Schema): QueryField[] {
  return groups(schema)
    .flatMap(group => group.fields)
    .filter(item => item.kind === 'number' || item.kind === 'integer');
}

/** The fields of all groups by name. */
export function byName(all: FieldGroup[]): Map<string, QueryField> {
  return new Map(all.flatMap(group => group.fields).map(item => [item.name, item]));
}
