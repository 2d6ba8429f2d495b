/*
 * Output on its way into the log: hidden, in order, in pieces, and nothing held back at the end.
 */
import { expect, test } from 'vitest';
import { LoggedOutput } from '../../agent/logged-output.ts';
import { takeBytesMax } from '../../agent/work/limits.ts';
import { Redaction } from '../../store/redaction/redaction.ts';
import { openPoliciesInHand } from './policy/policies-in-hand.ts';

const secrets = [{ name: 'X', value: 'hunter22' }];

function open() {
  const written: [string, string][] = [];
  const output = new LoggedOutput(new Redaction(secrets), async (stream, bytes) => {
    written.push([stream, Buffer.from(bytes).toString()]);
  });
  const take = (stream: 'stdout' | 'stderr', text: string) =>
    output.take(stream, Buffer.from(text));
  return { output, take, written };
}

test('output: a secret over two pieces is hidden, and what is held is written at the end', async () => {
  const { output, take, written } = open();
  await take('stdout', 'a hunt');
  await take('stderr', 'er22 c');
  await take('stdout', 'er22 c hun');
  await output.end();
  expect(written).toEqual([
    ['stdout', 'a '],
    ['stderr', 'er22 c'],
    ['stdout', '[redacted X] c '],
    ['stdout', 'hun'],
  ]);
});

test('output: nothing is written while all of a piece is held', async () => {
  const { take, written } = open();
  await take('stdout', 'hun');
  expect(written).toEqual([]);
});

test('output: what grew by its labels is written in pieces that fit', async () => {
  const { take, written } = open();
  await take('stdout', 'hunter22 '.repeat(takeBytesMax / 9));
  expect(written.length).toBeGreaterThan(1);
  expect(written.every(([, text]) => text.length <= takeBytesMax)).toBe(true);
  expect(written.map(([, text]) => text).join('')).toBe(
    '[redacted X] '.repeat(Math.floor(takeBytesMax / 9)),
  );
});

test('secrets: those that the spec marks, and those that the policy names, of the job and of the box', () => {
  const { policies, write } = openPoliciesInHand('');
  const spec = { env: { A: 'value-a', B_TOKEN: 'value-b', C: 'value-c' }, secrets: ['A', 'NONE'] };
  expect(policies.listSecrets(spec)).toEqual([{ name: 'A', value: 'value-a' }]);
  write('[environment]\nsecret = ["*_TOKEN"]');
  expect(policies.listSecrets(spec)).toEqual([
    { name: 'A', value: 'value-a' },
    { name: 'B_TOKEN', value: 'value-b' },
    { name: 'BOX_TOKEN', value: 'value-of-the-box' },
  ]);
});
