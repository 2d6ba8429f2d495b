/*
 * Words for times: around a deadline, and of the day.
 *
 * A column says `due` above the first, so each must read well below that.
 */
import { expect, test } from 'vitest';
import { clockText, dayClock, dueText } from '../../../../cockpit/tui/views/phrases.ts';
import { startedJob } from '../fake-hub.ts';

const noon = Date.parse('2026-11-23T12:00:00.000Z');
const due = (leftMs: number) =>
  dueText(startedJob('J1', { deadlineAt: new Date(noon + leftMs).toISOString() }), noon);

test.each([
  [600_000, 'in 10m'],
  [3000, 'in 3s'],
  [2000, 'now'],
  [0, 'now'],
  [-1, 'late'],
  [-59_999, 'late'],
  [-60_000, 'late 1m'],
])('phrases: %i ms before a deadline are said as %o', (leftMs, text) => {
  expect(due(leftMs)).toBe(text);
});

test('phrases: a clock in any zone shows the last instant that a box can say', () => {
  expect(clockText('2026-11-23T12:00:00.000Z', 90)).toBe('13:30:00');
  expect(clockText('+275760-09-13T00:00:00.000Z', 60)).toBe('00:00:00');
  expect(dayClock(8.64e15, 60)).toBe('00:00:00.000');
  expect(dayClock(8.64e15, -60)).toBe('23:00:00.000');
  expect(clockText('never', 0)).toBe('never');
});
