/** The builder's query as the JSON that ALYX reads, and the problems it names. */

import { generateID } from 'react-querybuilder';
import type { RuleGroupType, RuleType } from 'react-querybuilder';
import type { Problem, Scalar, Where, WhereGroup, WhereRule } from '../records';
import type { QueryField } from './fields';

export type Fields = ReadonlyMap<string, QueryField>;

export const EMPTY: RuleGroupType = { combinator: 'and', rules: [] };

/** Return the JSON of a query; null, which is every event, when it has no rules. */
export function where(query: RuleGroupType, fields: Fields): Where {
  return query.rules.length ? group(query, fields) : null;
}

function group(query: RuleGroupType, fields: Fields): WhereGroup {
  const rules = query.rules.map(item =>
    'rules' in item ? group(item, fields) : rule(item as RuleType, fields)
  );
  const whole: WhereGroup = { combinator: query.combinator, rules };
  return query.not ? { ...whole, not: true } : whole;
}

function rule(source: RuleType, fields: Fields): WhereRule {
  const known = fields.get(source.field);
  if (source.match && isGroup(source.value)) {
    const { mode, threshold } = source.match;
    const counted = !['all', 'some', 'none'].includes(mode);
    return {
      field: source.field,
      operator: 'match',
      match: counted ? { mode, threshold: threshold ?? 1 } : { mode },
      value: group(source.value, objectFields(known))
    };
  }
  return { field: source.field, operator: source.operator, value: value(source, known) };
}

function value(source: RuleType, known: QueryField | undefined): Scalar | Scalar[] {
  const raw: unknown = source.value;
  if (source.operator === 'between' || source.operator === 'in' || source.operator === 'notIn') {
    const parts = Array.isArray(raw) ? raw : String(raw ?? '').split(',');
    return parts.map(part => scalar(typeof part === 'string' ? part.trim() : part, known));
  }
  return scalar(raw, known);
}

/** Numbers that were typed become numbers; what is none is left for the server to name. */
function scalar(raw: unknown, known: QueryField | undefined): Scalar {
  if (typeof raw === 'boolean' || typeof raw === 'number') {
    return raw;
  }
  const text = String(raw ?? '');
  const numeric = known?.kind === 'number' || known?.kind === 'integer';
  const read = Number(text);
  return numeric && text.trim() !== '' && Number.isFinite(read) ? read : text;
}

function isGroup(candidate: unknown): candidate is RuleGroupType {
  return typeof candidate === 'object' && candidate !== null && 'rules' in candidate;
}

export function objectFields(collection: QueryField | undefined): Fields {
  return new Map((collection?.objects ?? []).map(item => [item.name, item]));
}

/** What is said of the rule or group at a path of steps: `"0.1"` for `rules[0].rules[1].value`. */
export function messagesAt(problems: Problem[], place: string): string[] {
  return problems
    .filter(problem => split(problem.path).place === place && !isNested(problem.path))
    .map(problem => (problem.hint ? `${problem.message} ${problem.hint}` : problem.message));
}

/** The problems inside the quantifier at a path, as its own builder names their places. */
export function problemsWithin(problems: Problem[], place: string): Problem[] {
  return problems
    .filter(problem => split(problem.path).place === place && isNested(problem.path))
    .map(problem => ({ ...problem, path: split(problem.path).rest.replace(/^\.?value\./, '') }));
}

/** Problems of no rule in particular. */
export function problemsOfAll(problems: Problem[]): Problem[] {
  return problems.filter(problem => split(problem.path).place === '');
}

function isNested(path: string): boolean {
  return split(path).rest.includes('rules[');
}

function split(path: string): { place: string; rest: string } {
  const whole = path.replace(/^where\.?/, '');
  const head = /^(?:\.?rules\[\d+\])*/.exec(whole)?.[0] ?? '';
  const steps = [...head.matchAll(/\[(\d+)\]/g)].map(step => step[1]);
  return { place: steps.join('.'), rest: whole.slice(head.length) };
}

/**
 * A new rule for a field that was dropped or chosen in the palette.
 *
 * It has ids: a nested builder that has to make them tells its parent at once, and the parent then
 * puts back the query from before the rule was added.
 */
export function ruleFor(field: QueryField): RuleType {
  const id = generateID();
  if (field.kind === 'collection') {
    return {
      id,
      field: field.name,
      operator: '=',
      match: { mode: 'atLeast', threshold: 2 },
      value: { id: generateID(), combinator: 'and', rules: firstObjectRule(field) }
    };
  }
  const operator = field.kind === 'number' ? '>' : '=';
  return { id, field: field.name, operator, value: field.kind === 'boolean' ? true : '' };
}

function firstObjectRule(collection: QueryField): RuleType[] {
  const first = collection.objects?.find(item => item.name === 'pt') ?? collection.objects?.[0];
  return first ? [ruleFor(first)] : [];
}

/** Give a rule whose field was changed to a collection a condition on its objects. */
export function mended(query: RuleGroupType, fields: Fields): RuleGroupType {
  const rules = query.rules.map(item => {
    if ('rules' in item) {
      return mended(item, fields);
    }
    const source = item as RuleType;
    const known = fields.get(source.field);
    const bare = known?.kind === 'collection' && !isGroup(source.value);
    return bare ? { ...ruleFor(known), id: source.id } : source;
  });
  return { ...query, rules };
}

/** Insert below the rule at a path, or at the end of the group at a path. */
export function inserted(
  query: RuleGroupType,
  rule: RuleType,
  path: readonly number[],
  into: 'rule' | 'group'
): RuleGroupType {
  const [step, ...rest] = path;
  if (step === undefined) {
    return { ...query, rules: [...query.rules, rule] };
  }
  const rules = [...query.rules];
  const child = rules[step];
  if (into === 'rule' && !rest.length) {
    rules.splice(step + 1, 0, rule);
  } else if (child && 'rules' in child) {
    rules[step] = inserted(child, rule, rest, into);
  } else {
    rules.push(rule);
  }
  return { ...query, rules };
}

/** JSON as a Python literal. */
export function python(item: Where | WhereGroup | WhereRule | Scalar | Scalar[]): string {
  if (item === null) {
    return 'None';
  }
  if (typeof item === 'boolean') {
    return item ? 'True' : 'False';
  }
  if (typeof item !== 'object') {
    return JSON.stringify(item);
  }
  if (Array.isArray(item)) {
    return `[${item.map(python).join(', ')}]`;
  }
  const pairs = Object.entries(item) as [string, Parameters<typeof python>[0]][];
  return `{${pairs.map(([name, part]) => `${JSON.stringify(name)}: ${python(part)}`).join(', ')}}`;
}

/** The cell that "Insert into notebook" makes. */
export function code(dataset: string, condition: Where): string {
  const name = JSON.stringify(dataset);
  if (!condition) {
    return `events = alyx.connect().query(${name})\nevents.count()`;
  }
  const rules = condition.rules.map(part => `        ${python(part)},\n`).join('');
  const not = condition.not ? '    "not": True,\n' : '';
  const head = `where = {\n    "combinator": ${JSON.stringify(condition.combinator)},\n${not}`;
  const query = `events = alyx.connect().query(${name}, where)\nevents.count()`;
  return `${head}    "rules": [\n${rules}    ],\n}\n${query}`;
}
