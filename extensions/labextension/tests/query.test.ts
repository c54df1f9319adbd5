import fc from 'fast-check';
import { formatQuery } from 'react-querybuilder';
import type { RuleGroupType, RuleType } from 'react-querybuilder';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { columns } from '../src/query/events';
import { byName, groups, operators, quantities } from '../src/query/fields';
import type { QueryApi } from '../src/query/model';
import { QUIET, QueryModel } from '../src/query/model';
import { guess } from '../src/query/submit';
import * as w from '../src/query/where';
import type { Dataset, Field, Page, Preview, Problem, Schema, Where } from '../src/records';

const field = (name: string, kind: Field['kind'] = 'number'): Field => ({
  name,
  kind,
  unit: '',
  description: ''
});

const SCHEMA: Schema = {
  scalars: [field('run', 'integer'), field('MET.pt'), field('trigger', 'boolean')],
  collections: [
    {
      name: 'Muon',
      description: '',
      fields: [field('pt'), field('eta'), field('charge', 'integer')],
      pair: ['mass', 'pt', 'charge']
    },
    { name: 'Hit', description: '', fields: [field('layer', 'integer')] }
  ]
};

const FIELDS = byName(groups(SCHEMA));

function known(name: string) {
  const found = FIELDS.get(name);
  if (!found) {
    throw new Error(name);
  }
  return found;
}

describe('fields', () => {
  test('are grouped by collection, with pair and count fields', () => {
    expect(groups(SCHEMA).map(group => group.label)).toEqual(['Event', 'Muon', 'Hit']);
    expect([...FIELDS.keys()]).toEqual(
      expect.arrayContaining(['MET.pt', 'Muon', 'Muon.n', 'Muon.pair.mass', 'Hit.n'])
    );
    expect(FIELDS.has('Hit.pair.mass')).toBe(false);
  });

  test('a histogram is of one number an event', () => {
    expect(quantities(SCHEMA).map(item => item.name)).toEqual([
      'run',
      'MET.pt',
      'Muon.n',
      'Muon.pair.mass',
      'Muon.pair.pt',
      'Muon.pair.charge',
      'Hit.n'
    ]);
    expect(guess('Muon.pair.mass')).toEqual([60, 120]);
  });

  test('operators fit the kind', () => {
    expect(operators('number').map(item => item.name)).not.toContain('in');
    expect(operators('boolean').map(item => item.name)).toEqual(['=']);
    expect(operators(undefined).length).toBeGreaterThan(0);
  });
});

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(item => item + 0);
const numberRule: fc.Arbitrary<RuleType> = fc.record({
  id: fc.uuid(),
  field: fc.constantFrom('run', 'MET.pt', 'Muon.pair.mass'),
  operator: fc.constantFrom('=', '!=', '<', '>', '<=', '>='),
  valueSource: fc.constant('value' as const),
  value: fc.oneof(number, number.map(String))
});
const quantifier: fc.Arbitrary<RuleType> = fc.record({
  id: fc.uuid(),
  field: fc.constant('Muon'),
  operator: fc.constant('='),
  match: fc.record({
    mode: fc.constantFrom('atLeast' as const, 'atMost' as const, 'exactly' as const),
    threshold: fc.nat(9)
  }),
  value: fc.record({
    combinator: fc.constantFrom('and', 'or'),
    rules: fc.array(
      fc.record({
        field: fc.constantFrom('pt', 'eta'),
        operator: fc.constantFrom('<', '>'),
        value: number.map(String)
      }),
      { minLength: 1, maxLength: 3 }
    )
  })
});
const query = fc.letrec<{ group: RuleGroupType }>(tie => ({
  group: fc.record({
    id: fc.uuid(),
    combinator: fc.constantFrom('and', 'or'),
    not: fc.boolean(),
    rules: fc.array(fc.oneof({ maxDepth: 3 }, numberRule, quantifier, tie('group')), {
      maxLength: 4
    })
  })
})).group;

/** What the library itself writes, brought to the same shape: numbers read, defaults left out. */
function byLibrary(built: RuleGroupType): unknown {
  const text = formatQuery(built, 'json_without_ids');
  return JSON.parse(text, (key, item: unknown) => {
    if (key === 'value' && typeof item === 'string') {
      return Number(item);
    }
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) {
      const entry = { ...item } as Record<string, unknown>;
      delete entry['valueSource'];
      if (entry['not'] === false) {
        delete entry['not'];
      }
      return 'match' in entry ? { ...entry, operator: 'match' } : entry;
    }
    return item;
  });
}

describe('the JSON of a query', () => {
  test('is what the library writes, without ids and with numbers', () => {
    fc.assert(
      fc.property(query, built => {
        const got = w.where(built, FIELDS);
        expect(got).toEqual(built.rules.length ? byLibrary(built) : null);
      }),
      { numRuns: 300 }
    );
  });

  test('keeps lists for between and in, from arrays and from text', () => {
    const of = (operator: string, value: unknown) =>
      w.where({ combinator: 'and', rules: [{ field: 'run', operator, value }] }, FIELDS)?.rules[0];
    expect(of('between', ['60', '120'])).toMatchObject({ value: [60, 120] });
    expect(of('in', '1, 2,3')).toMatchObject({ value: [1, 2, 3] });
  });

  test('leaves what is no number as it was typed, for the server to name', () => {
    const rule = { field: 'MET.pt', operator: '>', value: 'twenty' };
    expect(w.where({ combinator: 'and', rules: [rule] }, FIELDS)?.rules[0]).toMatchObject(rule);
  });

  test('has a threshold only where the quantifier counts', () => {
    const value = { combinator: 'and', rules: [{ field: 'pt', operator: '>', value: '20' }] };
    const rule: RuleType = {
      field: 'Muon',
      operator: '=',
      match: { mode: 'all', threshold: 1 },
      value
    };
    const [only] = w.where({ combinator: 'and', rules: [rule] }, FIELDS)?.rules ?? [];
    expect(only).toMatchObject({ match: { mode: 'all' } });
    expect(JSON.stringify(only)).not.toContain('threshold');
  });
});

describe('adding a field', () => {
  test('goes to the end of a group, or below a rule', () => {
    const start: RuleGroupType = {
      combinator: 'and',
      rules: [
        { field: 'run', operator: '=', value: 1 },
        { combinator: 'or', rules: [{ field: 'MET.pt', operator: '>', value: 2 }] }
      ]
    };
    const names = (built: RuleGroupType): unknown[] =>
      built.rules.map(item => ('rules' in item ? names(item) : (item as RuleType).field));
    const added = (path: number[], into: 'rule' | 'group') =>
      names(w.inserted(start, w.ruleFor(known('Muon')), path, into));
    expect(added([], 'group')).toEqual(['run', ['MET.pt'], 'Muon']);
    expect(added([0], 'rule')).toEqual(['run', 'Muon', ['MET.pt']]);
    expect(added([1], 'group')).toEqual(['run', ['MET.pt', 'Muon']]);
    expect(added([1, 0], 'rule')).toEqual(['run', ['MET.pt', 'Muon']]);
    expect(names(start)).toEqual(['run', ['MET.pt']]);
  });

  test('a collection asks for at least two objects, with ids all through', () => {
    const rule = w.ruleFor(known('Muon'));
    expect(rule).toMatchObject({ match: { mode: 'atLeast', threshold: 2 } });
    const nested = rule.value as RuleGroupType;
    expect([rule.id, nested.id, nested.rules[0]?.id].every(Boolean)).toBe(true);
  });

  test('a rule that was changed to a collection gets a condition on its objects', () => {
    const changed = { combinator: 'and', rules: [{ id: 'a', field: 'Hit', operator: '=', value: '' }] };
    const [rule] = w.mended(changed, FIELDS).rules as RuleType[];
    expect(rule).toMatchObject({ id: 'a', value: { rules: [{ field: 'layer' }] } });
  });
});

test('a problem is shown at its rule, and inside a quantifier at the rule there', () => {
  const problem = (path: string): Problem => ({ path, message: path, hint: null });
  const all = ['rules[0].value', 'rules[1].rules[2].field', 'rules[3].value.rules[0].value', ''].map(
    problem
  );
  expect(w.messagesAt(all, '0')).toEqual(['rules[0].value']);
  expect(w.messagesAt(all, '1.2')).toEqual(['rules[1].rules[2].field']);
  expect(w.messagesAt(all, '3')).toEqual([]);
  expect(w.messagesAt(w.problemsWithin(all, '3'), '0')).toHaveLength(1);
  expect(w.problemsOfAll(all)).toEqual([problem('')]);
});

test('the cell is Python', () => {
  expect(w.python([true, null as never, 1.5, 'a"b'])).toBe('[True, None, 1.5, "a\\"b"]');
  expect(w.code('cms', null)).toBe('events = alyx.connect().query("cms")\nevents.count()');
  const rule = { field: 'trigger', operator: '=', value: true };
  const built = w.code('cms', { combinator: 'and', not: true, rules: [rule] });
  expect(built).toContain('"not": True');
  expect(built).toContain('{"field": "trigger", "operator": "=", "value": True},');
});

test('columns that are empty, or the store’s own, are not shown', () => {
  const rows = [
    { id: 1, run: 7, met_pt: null },
    { id: 2, run: 8, met_pt: null }
  ];
  expect(columns(['id', 'run', 'met_pt', 'absent'], rows)).toEqual(['run']);
});

const DATASET = { name: 'cms', schema: SCHEMA } as Dataset;
const preview = (value: number) => ({ valid: true, problems: [], count: { value } }) as unknown as Preview;

/** The API in memory, its answers given when the test wants. */
function api() {
  const answers: ((value: Preview) => void)[] = [];
  const pages: unknown[][] = [];
  const whole: QueryApi = {
    datasets: () => Promise.resolve([DATASET, { ...DATASET, name: 'other' }]),
    preview: () => new Promise<Preview>(resolve => answers.push(resolve)),
    page: (...asked) => {
      pages.push(asked);
      const after = asked[2] ?? 0;
      const rows = [{ id: after + 1 }, { id: after + 2 }];
      const next = after < 2 ? after + 2 : null;
      return Promise.resolve({ rows, next, snapshot: 5, columns: ['id'] } as unknown as Page);
    }
  };
  return { whole, answers, pages };
}

describe('QueryModel', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('asks for the preview when the user pauses, and drops an answer that was overtaken', async () => {
    const { whole, answers } = api();
    const model = new QueryModel(whole);
    await model.load();
    model.add('MET.pt');
    model.add('run');
    await vi.advanceTimersByTimeAsync(QUIET);
    expect(answers).toHaveLength(1);
    model.add('Muon');
    expect(model.stale).toBe(true);
    await vi.advanceTimersByTimeAsync(QUIET);
    answers[1]?.(preview(2));
    answers[0]?.(preview(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(model.preview?.count?.value).toBe(2);
    expect(model.stale).toBe(false);
  });

  test('further pages are of the query and the snapshot that were run', async () => {
    const { whole, pages } = api();
    const model = new QueryModel(whole);
    await model.load();
    model.add('Muon');
    const ran: Where = model.where;
    await model.run();
    model.add('MET.pt');
    await model.more();
    await model.more();
    expect(pages).toEqual([
      ['cms', ran, null, undefined],
      ['cms', ran, 2, 5]
    ]);
    expect(model.rows.map(row => row['id'])).toEqual([1, 2, 3, 4]);
  });

  test('another data set brings its own fields, and no rows of the one before', async () => {
    const model = new QueryModel(api().whole);
    await model.load();
    await model.run();
    model.choose('other');
    expect(model.rows).toEqual([]);
    expect(model.spec('n', { quantity: 'run', bins: 1, low: 0, high: 1 }, 'low').dataset).toBe('other');
  });

  test('says what was refused, and goes on', async () => {
    const refusing = { ...api().whole, page: () => Promise.reject(new Error('The query is wrong.')) };
    const model = new QueryModel(refusing);
    await model.load();
    await model.run();
    expect(model.error).toBe('The query is wrong.');
    expect(model.running).toBe(false);
  });
});
