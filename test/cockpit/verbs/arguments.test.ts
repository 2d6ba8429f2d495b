/*
 * Arguments: durations, job ids and lists as people write them.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationArgument, jobArgument, listArgument } from '../../../cockpit/verbs/arguments.ts';
import { durationMsMax, parseDuration } from '../../../protocol/duration.ts';

describe('arguments', () => {
  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['90', 90_000],
    ['1.5h', 5_400_000],
    ['30m', 1_800_000],
    ['1d', 86_400_000],
    ['366d', durationMsMax],
    ['0.5ms', 1],
    [' 10s ', 10_000],
  ])('arguments: %j is %d milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '0',
    '0s',
    '-1s',
    '+1s',
    '1 s',
    's',
    '1w',
    '1e3',
    '.5s',
    '1.s',
    '367d',
    '9'.repeat(400),
    '1s2m',
    '１s',
    'NaN',
    'Infinity',
  ])('arguments: %j is no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
    const { error } = durationArgument.safeParse(text);
    expect(error?.issues[0]?.message).toContain('is not a duration');
  });

  test('arguments: no text gives a duration out of bounds', () => {
    void fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.double(), fc.constantFrom('ms', 's', 'd')).map((pair) => pair.join('')),
        ),
        (text) => {
          const ms = parseDuration(text);
          if (ms === undefined) return;
          expect(Number.isInteger(ms) && ms > 0 && ms <= durationMsMax).toBe(true);
        },
      ),
    );
  });

  test.each(['J12', 'j12', '12', ' J12 '])('arguments: %j is job J12', (text) => {
    expect(jobArgument.parse(text)).toBe('J12');
  });

  test.each(['', 'J', 'J0', '012', 'J1.1', 'J-1', 'JJ1', 'J1e3', 'J1234567890123', '__proto__'])(
    'arguments: %j is no job',
    (text) => {
      expect(jobArgument.safeParse(text).error?.issues[0]?.message).toContain('is not a job id');
    },
  );

  test('arguments: a list is given by repeating or with commas', () => {
    expect(listArgument.parse(['a,b', ' c ', ',,', 'd'])).toEqual(['a', 'b', 'c', 'd']);
    expect(listArgument.parse(undefined)).toEqual([]);
  });
});
