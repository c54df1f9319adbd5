import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawing, eventId } from '../src/display/model';
import { count, duration, moment, number } from '../src/format';
import { outline } from '../src/histogram';

test('only whole numbers are ids, so nothing else comes into the code', () => {
  expect(['12', ' 7 '].map(eventId)).toEqual([12, 7]);
  expect(['', 'x', '1.5', '-1', '1);import os', '1e300'].map(eventId)).toEqual(Array(6).fill(null));
  fc.assert(fc.property(fc.maxSafeNat(), id => drawing(id).includes(`.event(${id}))`)));
});

test('times and numbers read as people write them', () => {
  expect([0.42, 59.6, 600, 7500].map(duration)).toEqual(['0.4 s', '60 s', '10 min', '2 h 05 min']);
  expect(count(1234567)).toBe('1,234,567');
  expect(number(90.81234)).toBe('90.812');
  expect(moment(null)).toBe('');
});

test('the outline stays inside of its picture', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -10, max: 1e9, noNaN: true }), { maxLength: 40 }), values => {
      const numbers = outline(values, 200, 80).split(/[ ,]+/).filter(Boolean).map(Number);
      numbers.forEach((value, index) => {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual((index % 2 ? 80 : 200) + 0.1);
      });
    })
  );
});
