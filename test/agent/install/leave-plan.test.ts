/*
 * What leaving takes away, what it costs, and which directories it refuses: decided without a disk.
 */
import { describe, expect, test } from 'vitest';
import {
  assertHome,
  planHomeRemoval,
  readDiscard,
  splitOwed,
} from '../../../agent/install/leave-plan.ts';

describe('leave', () => {
  test('leave: only names that we give go; what a person writes, and what is like ours, stays', () => {
    const ours = [
      'store',
      'store.backup-2',
      'store.newer-17',
      'logs',
      'bin',
      'versions',
      'current',
    ];
    const theirs = [
      'config.toml',
      'policy.toml',
      'store.old',
      'notes',
      'logs.tar',
      '.bashrc',
      'binx',
    ];
    expect(planHomeRemoval([...theirs, ...ours])).toEqual({ gone: ours, left: theirs });
  });

  test.each(['/', '/srv/ann', '/srv', '/srv/ann/'])(
    'leave: %s is no home of an agent, whatever lies in it',
    (directory) => {
      const scene = { names: ['pairing.json', 'versions'], userHome: '/srv/ann' };
      expect(() => assertHome(directory, scene)).toThrow(
        expect.objectContaining({ code: 'LEAVE_HOME' }),
      );
    },
  );

  test('leave: a home with a key or a pairing is one; an empty directory is none', () => {
    const userHome = '/srv/ann';
    expect(() => assertHome('/srv/ann/.odally', { names: ['odally.key'], userHome })).not.toThrow();
    expect(() => assertHome('/srv/annie', { names: ['pairing.json'], userHome })).not.toThrow();
    expect(() => assertHome('/srv/ann/.odally', { names: ['notes'], userHome })).toThrow();
  });

  test('leave: what is given up is named by attempt, by job or as all', () => {
    const owed = ['J1.1', 'J1.2', 'J12.1'].map((attempt) => ({ attempt, what: 'log' }) as never);
    const given = (...words: readonly string[]) =>
      splitOwed(owed, readDiscard(words)).givenUp.map(({ attempt }) => attempt);
    expect(given('J1')).toEqual(['J1.1', 'J1.2']);
    expect(given('J1.2,J12')).toEqual(['J1.2', 'J12.1']);
    expect(given('all')).toHaveLength(3);
    expect(given()).toEqual([]);
    expect(() => readDiscard(['J1', 'everything'])).toThrow('not "everything"');
  });
});
