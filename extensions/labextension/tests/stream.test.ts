import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backOff, EventParser } from '../src/stream';

interface Sent {
  id: string;
  kind: string;
  data: string;
}

const word = fc.stringMatching(/^[a-z0-9{}":, é☃]{0,12}$/);
const sent: fc.Arbitrary<Sent> = fc.record({
  id: fc.nat().map(String),
  kind: fc.constantFrom('state', 'progress', 'partial', 'log'),
  data: fc.array(word, { minLength: 1, maxLength: 3 }).map(lines => lines.join('\n'))
});

function encode({ id, kind, data }: Sent, end: string): string {
  const lines = data.split('\n').map(line => `data: ${line}`);
  return ['event: ' + kind, 'id: ' + id, ...lines, '', ''].join(end);
}

function pieces(text: string, cuts: number[]): string[] {
  const places = [...cuts.map(cut => cut % (text.length + 1)), 0, text.length].sort((a, b) => a - b);
  return places.slice(1).map((place, index) => text.slice(places[index], place));
}

describe('EventParser', () => {
  test('gives the same events however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(sent),
        fc.array(fc.nat()),
        fc.constantFrom('\n', '\r\n', '\r'),
        (events, cuts, end) => {
          const keepalive = `: keepalive${end}${end}`;
          const text = events.map(event => encode(event, end) + keepalive).join('');
          const parser = new EventParser();
          // a lone CR ends a line only when it is known that no LF follows
          const got = [...pieces(text, cuts), end === '\r' ? ':' : ''].flatMap(part =>
            parser.push(part)
          );
          expect(got).toEqual(events);
        }
      ),
      { numRuns: 500 }
    );
  });

  test('keeps the last id, which an event without one inherits', () => {
    const parser = new EventParser();
    parser.push('id: 7\ndata: a\n\n');
    expect(parser.push('data: b\n\n')).toEqual([{ id: '7', kind: 'message', data: 'b' }]);
    expect(parser.lastId).toBe('7');
  });

  test('drops an event without data, and fields that it does not know', () => {
    const parser = new EventParser();
    expect(parser.push('event: state\nid: 3\n\nretry: 5\ndata\n\n')).toEqual([
      { id: '3', kind: 'message', data: '' }
    ]);
  });
});

test('the wait grows, stays between a half and thirty seconds, and is not the same for all', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const seconds = backOff(attempt, () => chance);
      expect(seconds).toBeGreaterThanOrEqual(0.5);
      expect(seconds).toBeLessThanOrEqual(30);
      expect(backOff(attempt + 1, () => chance)).toBeGreaterThanOrEqual(seconds);
    })
  );
  expect(backOff(3, () => 0)).not.toBe(backOff(3, () => 1));
});
