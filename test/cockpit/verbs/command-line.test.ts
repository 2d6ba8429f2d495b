/*
 * The command line: every verb is found, its flags are taken, and a slip is named.
 */
import { describe, expect, test } from 'vitest';
import { localVerbs } from '../../../cockpit/cli/local.ts';
import { findGrammar, isFollowing, parseRequest } from '../../../cockpit/verbs/command-line.ts';
import { verbs } from '../../../cockpit/verbs/registry.ts';

const grammars = [...localVerbs, ...verbs];

function parse(...argv: readonly string[]) {
  const { grammar, rest } = findGrammar(argv, grammars);
  return parseRequest(grammar, rest);
}

const usage = (code: string, words: string) =>
  expect.objectContaining({ code, exit: 2, message: expect.stringContaining(words) });

describe('parse', () => {
  test.each(grammars.map(({ name }) => name))('parse: `%s` is found by its own name', (name) => {
    expect(findGrammar([...name.split(' '), '--json'], grammars)).toMatchObject({
      grammar: { name },
      rest: ['--json'],
    });
  });

  test('parse: flags, lists and operands in any order', () => {
    const wanted = {
      verb: 'dispatch',
      args: { on: ['alice', 'bob'], wait: true, deadline: '30m', command: ['make', 'all'] },
      isJson: true,
      wantsHelp: false,
    };
    expect(
      parse(
        'dispatch',
        '--on',
        'alice',
        '--wait',
        '--deadline=30m',
        '--on=bob',
        '--json',
        '--',
        'make',
        'all',
      ),
    ).toEqual(wanted);
    expect(
      parse(
        'dispatch',
        'make',
        '--json',
        '--on',
        'alice',
        'all',
        '--deadline',
        '30m',
        '--on',
        'bob',
        '--wait',
      ),
    ).toEqual(wanted);
  });

  test('parse: nothing after -- is looked at', () => {
    const { args, isJson, wantsHelp } = parse(
      'dispatch',
      '--',
      'ls',
      '--json',
      '-h',
      '--',
      '--on',
      'x',
    );
    expect(args).toEqual({ command: ['ls', '--json', '-h', '--', '--on', 'x'] });
    expect([isJson, wantsHelp]).toEqual([false, false]);
  });

  test('parse: short flags and a list of operands', () => {
    expect(parse('logs', '-f', 'J1')).toMatchObject({ args: { follow: true, job: ['J1'] } });
    expect(parse('wait', 'J1', 'J2', '--timeout', '5s').args).toEqual({
      jobs: ['J1', 'J2'],
      timeout: '5s',
    });
    expect(parse('team', 'rename', 'alice', 'anna').args).toMatchObject({ name: 'alice' });
  });

  test('parse: help needs no operand', () => {
    expect(parse('job', '--help')).toMatchObject({ verb: 'job', wantsHelp: true, args: {} });
    expect(parse('job', '-h').wantsHelp).toBe(true);
  });

  test.each([
    [['jobs', '--colour'], 'USAGE_FLAG', 'there is no flag --colour'],
    [['jobs', '--limit'], 'USAGE_FLAG', '--limit needs a value'],
    [['jobs', '--active=yes'], 'USAGE_FLAG', '--active takes no value'],
    [['dispatch', '--env', '--wait'], 'USAGE_FLAG', '--env'],
    [['job'], 'USAGE_ARGUMENT', 'JOB is missing'],
    [['job', 'J1', 'J2'], 'USAGE_ARGUMENT', '"J2" is one argument too many'],
    [['team', 'bogus'], 'USAGE_ARGUMENT', '"bogus" is one argument too many'],
    [['team', 'rename', 'alice'], 'USAGE_ARGUMENT', 'is missing'],
    [['dispach'], 'USAGE_VERB', 'Did you mean "dispatch"?'],
    [['jbos'], 'USAGE_VERB', 'Did you mean "jobs"?'],
    [['stat'], 'USAGE_VERB', 'Did you mean "status"?'],
    [['constructor'], 'USAGE_VERB', 'There is no verb "constructor".'],
    [[''], 'USAGE_VERB', 'There is no verb "".'],
    [['--json', 'jobs'], 'USAGE_VERB', 'A verb comes before its flags; "--json" came first.'],
  ] as const)('parse: %j is refused', (argv, code, words) => {
    expect(() => parse(...argv)).toThrow(usage(code, words));
  });

  test('parse: a word that is like no verb is given no hint', () => {
    expect(() => parse('xyzzy')).toThrow(
      expect.objectContaining({ message: 'There is no verb "xyzzy".' }),
    );
  });

  test('parse: what a flag’s error says is one line', () => {
    for (const argv of [
      ['dispatch', '--env', '--wait'],
      ['jobs', '--colour'],
      ['jobs', '--limit'],
    ]) {
      expect(() => parse(...argv)).toThrow(
        expect.objectContaining({ message: expect.stringMatching(/^[^\n]+\.$/) }),
      );
    }
  });

  test.each([
    ['events -f', true],
    ['events', false],
    ['logs J1 -f', true],
    ['logs J1', false],
    ['logs follow J1', true],
    ['dispatch -f -- make', true],
    ['watch', true],
    ['terminal alice', true],
    ['wait J1', false],
  ])('parse: `%s` goes on until it is left: %s', (line, wanted) => {
    expect(isFollowing(parse(...line.split(' ')))).toBe(wanted);
  });
});
