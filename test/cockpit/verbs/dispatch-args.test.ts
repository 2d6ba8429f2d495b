/*
 * What `dispatch` takes: a command and its terms, checked before anything is written.
 */
import { describe, expect, test } from 'vitest';
import { dispatchVerb } from '../../../cockpit/verbs/dispatch.ts';
import { parseVerbArgs } from '../../../cockpit/verbs/verb.ts';
import { artifactPatternsMax } from '../../../protocol/limits.ts';

const parse = (given: Readonly<Record<string, unknown>>) => parseVerbArgs(dispatchVerb, given);

const replaced = { command: ['a'], replace: true, idempotent: true, 'stop-after': '20s' };

describe('dispatch arguments', () => {
  test('dispatch arguments: a bare command has every default', () => {
    expect(parse({ command: ['true'] })).toEqual({
      command: ['true'],
      on: [],
      need: [],
      all: false,
      env: {},
      secret: {},
      idempotent: false,
      replace: false,
      artifact: [],
      label: [],
      wait: false,
      follow: false,
    });
  });

  test('dispatch arguments: terms are read into what they mean', () => {
    const args = parse({
      command: ['make', ''],
      on: ['alice,bob'],
      need: ['git'],
      env: ['A=1', 'B=', 'C=x=y'],
      deadline: '30m',
      'lost-after': '1h',
      'stop-after': '90s',
      cwd: '~/src',
      timeout: '5s',
      label: ['nightly', 'team=core'],
    });
    expect(args).toMatchObject({
      command: ['make', ''],
      on: ['alice', 'bob'],
      env: { A: '1', B: '', C: 'x=y' },
      deadline: 1_800_000,
      'lost-after': 3_600_000,
      'stop-after': 90_000,
      timeout: 5000,
      label: ['nightly', 'team=core'],
    });
  });

  test('dispatch arguments: artifacts are patterns below the job’s directory, commas and all', () => {
    const artifact = ['dist/**/*.{tar,gz}', 'report.txt'];
    expect(parse({ command: ['make'], artifact }).artifact).toEqual(artifact);
    for (const pattern of ['/etc/passwd', '../x', 'a/../../x', '~/x', '']) {
      expect(() => parse({ command: ['make'], artifact: [pattern] }), pattern).toThrow('below');
    }
    const tooMany = Array.from({ length: artifactPatternsMax + 1 }, () => 'x');
    expect(() => parse({ command: ['make'], artifact: tooMany })).toThrow();
  });

  test('dispatch arguments: what may be replaced needs a lease and time for it to be over', () => {
    expect(parse({ ...replaced, 'lost-after': '45s', reconcile: 'first-finished' })).toMatchObject({
      replace: true,
      'lost-after': 45_000,
      reconcile: 'first-finished',
    });
  });

  test.each([
    [{}, 'command'],
    [{ command: [] }, 'no command was given'],
    [{ command: ['  '] }, 'the command is empty'],
    [{ command: ['a'], all: true, on: ['bob'] }, '--all and --on'],
    [{ command: ['a'], cwd: '/a', repo: '/b' }, '--cwd and --repo'],
    [{ command: ['a'], cwd: 'src' }, 'cwd: give an absolute path'],
    [{ command: ['a'], repo: './src' }, 'repo: give an absolute path'],
    [{ command: ['a'], env: ['A'] }, '"A" is not NAME=VALUE'],
    [{ command: ['a'], env: ['=x'] }, 'is not NAME=VALUE'],
    [{ command: ['a'], env: ['1A=x'] }, 'is not NAME=VALUE'],
    [{ command: ['a'], env: ['__proto__=x'] }, 'is not NAME=VALUE'],
    [{ command: ['a'], deadline: 'soon' }, 'deadline: "soon" is not a duration'],
    [{ command: ['a'], 'lost-after': '0' }, 'lost-after: "0" is not a duration'],
    [{ command: ['a'], title: '' }, 'title'],
    [{ command: ['a'], label: ['two words'] }, 'label.0: a label is'],
    [{ command: ['a'], label: ['=x'] }, 'a label is'],
    [{ command: ['a'], label: ['a,b'] }, 'a label is'],
    [{ command: ['a'], label: Array(17).fill('x') }, 'label'],
    [{ command: ['a'], replace: true }, '--idempotent'],
    [{ command: ['a'], replace: true, idempotent: true }, '--stop-after'],
    [{ ...replaced, 'lost-after': '44s' }, '--lost-after 45s'],
    [{ ...replaced, reconcile: 'best' }, 'reconcile'],
    [{ command: 'a' }, 'command'],
    [{ command: [7] }, 'command.0'],
  ])('dispatch arguments: %j is refused, and the place is named', (given, words) => {
    expect(() => parse(given)).toThrow(
      expect.objectContaining({ code: 'USAGE_ARGUMENT', message: expect.stringContaining(words) }),
    );
  });
});
