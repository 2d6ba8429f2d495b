/*
 * What people are told of words that parseArgs and zod refuse.
 */
import { parseArgs } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeFlagFault, describeIssue } from '../../protocol/argument-faults.ts';

const options = {
  limit: { type: 'string', short: 'l' },
  wait: { type: 'boolean' },
} as const;

test.each([
  [['--frob'], 'there is no flag --frob'],
  [['-f'], 'there is no flag -f'],
  [['--frob=1'], 'there is no flag --frob'],
  [['--limit'], '--limit needs a value (one that begins with a dash is written --limit=-…)'],
  [
    ['--limit', '--wait'],
    '--limit needs a value (one that begins with a dash is written --limit=-…)',
  ],
  [['-l'], '--limit needs a value (one that begins with a dash is written --limit=-…)'],
  [['--wait=yes'], '--wait takes no value'],
  [['word'], '"word" is one argument too many'],
] as const)('flag faults: of %j is said: %s', (args, said) => {
  const thrown = (() => {
    try {
      return parseArgs({ args: [...args], options });
    } catch (error) {
      return error;
    }
  })();
  expect(describeFlagFault(thrown)).toBe(said);
});

test('flag faults: what is no fault of flags is said as it is', () => {
  expect(describeFlagFault(new Error('No. Not at all.'))).toBe('No');
});

const number = z.coerce.number().int().min(1).max(9);

test.each([
  [number, 'x', 'a whole number is wanted'],
  [number, '1.5', 'a whole number is wanted'],
  [number, '0', 'it is 1 or more'],
  [number, '10', 'it is 9 or less'],
  [z.enum(['approve', 'reject']), 'frob', 'it is one of approve, reject'],
  [z.array(z.string()).min(1, 'name one'), [], 'name one'],
] as const)('argument faults: %# says what is wanted', (schema, given, said) => {
  const { error } = schema.safeParse(given, { error: describeIssue });
  expect(error?.issues[0]?.message).toBe(said);
});
