/*
 * `--hub` before the verb: what it takes, and what it leaves alone.
 */
import { expect, test } from 'vitest';
import { takeHubWords } from '../../../cockpit/cli/hub-words.ts';

test.each([
  ['nothing', '', [], ''],
  ['one', '--hub work team', ['work'], 'team'],
  ['one with =', '--hub=../a team --json', ['../a'], 'team --json'],
  ['several, one of them twice', '--hub a --hub b --hub a', ['a', 'b'], ''],
  ['one between other flags of the program', '--json --hub a', ['a'], '--json'],
  ['one of the verb, which is the verb’s', 'team --hub a', [], 'team --hub a'],
  ['one in a command', '--hub a dispatch -- x --hub b', ['a'], 'dispatch -- x --hub b'],
])('hub words: %s', (...[, line, hubs, rest]) => {
  const split = (words: string) => (words === '' ? [] : words.split(' '));
  expect(takeHubWords(split(line))).toEqual({ hubs, argv: split(rest) });
});

test.each([
  ['--hub without a word', ['--hub']],
  ['--hub= without a word', ['--hub=']],
  ['more hubs than may be', Array.from({ length: 33 }, (_, at) => `--hub=${at}`)],
])('hub words: %s is refused', (_what, argv) => {
  expect(() => takeHubWords(argv)).toThrow(expect.objectContaining({ code: 'USAGE_FLAG' }));
});
