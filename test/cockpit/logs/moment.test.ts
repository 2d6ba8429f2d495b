/*
 * Instants as people say them.
 */
import { expect, test } from 'vitest';
import { parseAnchor, parseMoment } from '../../../cockpit/logs/moment.ts';

const now = new Date(2026, 4, 10, 12, 30, 0).getTime();

test('moment: a time of day is the latest such moment', () => {
  expect(parseMoment('12:29', now)).toBe(new Date(2026, 4, 10, 12, 29).getTime());
  expect(parseMoment('12:30:00.5', now - 400)).toBe(new Date(2026, 4, 9, 12, 30, 0, 500).getTime());
  expect(parseMoment('23:00', now)).toBe(new Date(2026, 4, 9, 23, 0).getTime());
});

test('moment: so long ago, and a date with or without a zone', () => {
  expect(parseMoment('90s', now)).toBe(now - 90_000);
  expect(parseMoment('-1.5h', now)).toBe(now - 5_400_000);
  expect(parseMoment('2026-01-31T14:03:00Z', now)).toBe(Date.UTC(2026, 0, 31, 14, 3));
  expect(parseMoment('2026-01-31 14:03', now)).toBe(new Date(2026, 0, 31, 14, 3).getTime());
});

test('moment: what is none is refused', () => {
  for (const text of ['', '25:00', '12:60', 'yesterday', '2026-13-01T10:00', '10x']) {
    expect(() => parseMoment(text, now), text).toThrow(
      expect.objectContaining({ code: 'USAGE_ARGUMENT' }),
    );
  }
});

test('anchor: start, end, offsets, a line and instants', () => {
  expect(parseAnchor('#1:200', now)).toEqual({ kind: 'line', log: 1, offset: 200 });
  expect(parseAnchor('start', now)).toEqual({ kind: 'start' });
  expect(parseAnchor('12,0,7', now)).toEqual({ kind: 'cut', offsets: [12, 0, 7] });
  expect(parseAnchor('10m', now)).toEqual({ kind: 'instant', at: now - 600_000 });
});
