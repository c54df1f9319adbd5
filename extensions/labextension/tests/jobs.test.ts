import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobsApi } from '../src/jobs/model';
import { finished, fraction, happened, JobsModel, listed, ordered, removed } from '../src/jobs/model';
import type { Entries } from '../src/jobs/model';
import type { Histogram, Job, JobEvent, Status } from '../src/records';

const STATUSES: Status[] = ['QUEUED', 'STARTING', 'RUNNING', 'COMPLETED', 'FAILED', 'STOPPED'];
const HISTOGRAM: Histogram = {
  axes: [{ low: 60, high: 120, bins: 2, label: 'mass' }],
  values: [1, 2],
  variances: null
};

function job(id: number, part: Partial<Job> = {}): Job {
  return {
    id,
    name: `job ${id}`,
    owner: 'marie',
    kind: 'histogram',
    spec: {
      kind: 'histogram',
      name: `job ${id}`,
      dataset: 'cms-dimuon-2010',
      where: null,
      histogram: { quantity: 'Muon.pair.mass', bins: 2, low: 60, high: 120 }
    },
    status: 'QUEUED',
    target: 'COMPLETED',
    attempt: 1,
    priority: 'normal',
    progress: { chunks_done: 0, chunks_total: 4, events_done: 0, events_total: 40 },
    forecast: null,
    submitted_at: '2026-11-24T04:00:00Z',
    started_at: null,
    finished_at: null,
    error: null,
    waiting: null,
    ...part
  };
}

/** A history: events numbered in the order in which they happened. */
const history: fc.Arbitrary<JobEvent[]> = fc
  .array(
    fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      status: fc.constantFrom(...STATUSES),
      attempt: fc.integer({ min: 1, max: 3 }),
      filled: fc.boolean()
    }),
    { maxLength: 30 }
  )
  .map(moves =>
    moves.map(({ id, status, attempt, filled }, index) => ({
      seq: index + 1,
      kind: filled ? 'partial' : 'state',
      job: job(id, { status, attempt }),
      ...(filled ? { histogram: HISTOGRAM } : {})
    }))
  );

const state = (entries: Entries) => ordered(entries).map(entry => [entry.job, entry.seq]);
const play = (events: JobEvent[]) => events.reduce(happened, new Map() as Entries);

describe('the list of jobs', () => {
  test('ends in the same state whatever the order and repetition of its events', () => {
    const shuffled = history.chain(events =>
      fc.tuple(
        fc.constant(events),
        fc.shuffledSubarray([...events, ...events], {
          minLength: events.length * 2,
          maxLength: events.length * 2
        })
      )
    );
    fc.assert(
      fc.property(shuffled, ([events, received]) => {
        expect(state(play(received))).toEqual(state(play(events)));
      }),
      { numRuns: 300 }
    );
  });

  test('shows the newest event of each job', () => {
    fc.assert(
      fc.property(history, events => {
        for (const { job: shown, seq } of play(events).values()) {
          const newest = events.filter(event => event.job.id === shown.id).at(-1);
          expect([shown, seq]).toEqual([newest?.job, newest?.seq]);
        }
      })
    );
  });

  test('never changes what it was', () => {
    const before = listed(new Map(), [job(1)]);
    happened(before, { seq: 1, kind: 'state', job: job(1, { status: 'RUNNING' }) });
    removed(before, 1);
    expect(before.get(1)?.job.status).toBe('QUEUED');
  });

  test('a list says which jobs there are, and an old event does not undo it', () => {
    let entries = play([{ seq: 9, kind: 'state', job: job(1, { status: 'RUNNING' }) }]);
    entries = listed(entries, [job(1, { status: 'COMPLETED' }), job(2)]);
    entries = happened(entries, { seq: 8, kind: 'state', job: job(1, { status: 'STARTING' }) });
    expect(ordered(entries).map(entry => [entry.job.id, entry.job.status])).toEqual([
      [2, 'QUEUED'],
      [1, 'COMPLETED']
    ]);
    expect([...listed(entries, []).keys()]).toEqual([]);
  });

  test('a new attempt starts without the histogram of the one before', () => {
    let entries = play([{ seq: 1, kind: 'partial', job: job(1), histogram: HISTOGRAM }]);
    entries = happened(entries, { seq: 2, kind: 'state', job: job(1) });
    expect(entries.get(1)?.histogram).toEqual(HISTOGRAM);
    entries = happened(entries, { seq: 3, kind: 'state', job: job(1, { attempt: 2 }) });
    expect(entries.get(1)?.histogram).toBeNull();
  });
});

test('progress is a share of the chunks, and all of them when complete', () => {
  const done = { chunks_done: 1, chunks_total: 4, events_done: 10, events_total: 40 };
  expect(fraction(job(1, { progress: done }))).toBe(0.25);
  expect(fraction(job(1, { progress: { ...done, chunks_total: 0 } }))).toBe(0);
  expect(fraction(job(1, { progress: done, status: 'COMPLETED' }))).toBe(1);
  expect(STATUSES.filter(status => finished(job(1, { status })))).toEqual([
    'COMPLETED',
    'FAILED',
    'STOPPED'
  ]);
});

/** The API as an object of functions, in memory: what the panel does with its answers is tested. */
function api(part: Partial<JobsApi> = {}) {
  const listener: { current: Parameters<JobsApi['follow']>[0] | null } = { current: null };
  const asked: string[] = [];
  const whole: JobsApi = {
    list: () => Promise.resolve([job(1, { status: 'COMPLETED' }), job(2)]),
    submit: spec => Promise.resolve(job(3, { spec })),
    aim: (id, target) => Promise.resolve(job(id, { target })),
    delete: () => Promise.resolve(undefined),
    result: id => {
      asked.push(`result ${id}`);
      return Promise.resolve({ histogram: HISTOGRAM, receipt: { complete: true } });
    },
    follow: given => {
      listener.current = given;
      return () => asked.push('ended');
    },
    ...part
  };
  return { whole, listener, asked };
}

const settled = () => new Promise(resolve => setTimeout(resolve));

describe('JobsModel', () => {
  test('loads the list each time that the stream opens, and says when it is away', async () => {
    const { whole, listener } = api();
    const model = new JobsModel(whole);
    model.start();
    listener.current?.opened();
    await settled();
    expect(model.entries.size).toBe(2);
    listener.current?.lost(new Error('The ALYX service cannot be reached.'), 2);
    expect(model.away).toContain('cannot be reached');
    expect(model.entries.size).toBe(2);
    listener.current?.opened();
    await settled();
    expect(model.away).toBeNull();
  });

  test('fetches the result of the opened job once, when it is complete', async () => {
    const { whole, listener, asked } = api();
    const model = new JobsModel(whole);
    model.start();
    await model.load();
    model.select(2);
    await settled();
    expect(asked).toEqual([]);
    const data = JSON.stringify({ job: job(2, { status: 'COMPLETED' }) });
    listener.current?.received({ id: '5', kind: 'state', data });
    listener.current?.received({ id: '5', kind: 'state', data });
    await settled();
    expect(asked).toEqual(['result 2']);
    expect(model.entries.get(2)?.receipt).toEqual({ complete: true });
    model.dispose();
    expect(asked.at(-1)).toBe('ended');
  });

  test('keeps a job that could not be deleted, and says why', async () => {
    const refuse = () => Promise.reject(new Error('The job runs: stop it first.'));
    const model = new JobsModel(api({ delete: refuse }).whole);
    await model.load();
    await model.delete(2);
    expect(model.entries.has(2)).toBe(true);
    expect(model.refused).toContain('stop it first');
  });

  test('a deleted job does not come back with an event that was on its way', async () => {
    const { whole, listener } = api();
    const model = new JobsModel(whole);
    model.start();
    await model.load();
    await model.delete(1);
    listener.current?.received({ id: '4', kind: 'log', data: JSON.stringify({ job: job(1) }) });
    expect([...model.entries.keys()]).toEqual([2]);
  });
});
