/*
 * Who gets a job: named workers at their word, else the present, the idle, the first by name.
 */
import { describe, expect, test } from 'vitest';
import {
  type Candidate,
  type DispatchTarget,
  planTargets,
} from '../../../cockpit/manager/plan-dispatch.ts';

interface Traits {
  readonly isPresent?: boolean;
  readonly load?: number;
  readonly has?: readonly string[];
  readonly revokedAt?: number;
}

function candidate(
  name: string,
  { isPresent = true, load = 0, has, revokedAt }: Traits = {},
): Candidate {
  const capabilities =
    has === undefined ? null : { os: 'linux', arch: 'x64', cpus: 1, memoryBytes: 1, has: [...has] };
  return {
    worker: {
      key: name,
      name,
      formerNames: [],
      kind: 'odally',
      host: 'box',
      pairedAt: 0,
      store: null,
      lastSeenAt: null,
      capabilities,
      revokedAt: revokedAt ?? null,
    },
    isPresent,
    load,
  };
}

const any: DispatchTarget = { on: [], need: [], scope: 'one' };
const pick = (candidates: readonly Candidate[], target: Partial<DispatchTarget> = {}) =>
  planTargets(candidates, { ...any, ...target }).map((worker) => worker.name);

describe('plan dispatch', () => {
  test('plan dispatch: the present before the absent, then the least busy, then by name', () => {
    const team = [
      candidate('dave', { load: 1 }),
      candidate('bob'),
      candidate('alice', { isPresent: false }),
      candidate('charlie'),
    ];
    expect(pick(team)).toEqual(['bob']);
    expect(pick(team.toReversed())).toEqual(['bob']);
    expect(pick(team, { scope: 'all' })).toEqual(['bob', 'charlie', 'dave', 'alice']);
  });

  test('plan dispatch: a named worker is taken though away and busy', () => {
    const team = [candidate('alice', { isPresent: false, load: 9 }), candidate('bob')];
    expect(pick(team, { on: ['alice'] })).toEqual(['alice']);
    expect(pick(team, { on: ['alice', 'bob'] })).toEqual(['bob', 'alice']);
  });

  test('plan dispatch: a worker named twice gets one part', () => {
    expect(pick([candidate('alice'), candidate('bob')], { on: ['alice', 'bob', 'alice'] })).toEqual(
      ['alice', 'bob'],
    );
  });

  test('plan dispatch: what a job needs is a tool, a word, the system or the processor', () => {
    const team = [
      candidate('alice'),
      candidate('bob', { has: ['git'] }),
      candidate('charlie', { has: ['git', 'gpu'] }),
    ];
    expect(pick(team, { need: ['git', 'gpu'] })).toEqual(['charlie']);
    expect(pick(team, { need: ['linux', 'x64'], scope: 'all' })).toEqual(['bob', 'charlie']);
  });

  test('plan dispatch: a worker that has said nothing of its box has nothing that is needed', () => {
    expect(() => pick([candidate('alice')], { need: ['git'] })).toThrow(
      expect.objectContaining({ code: 'WORKER_NO_MATCH', message: expect.stringContaining('git') }),
    );
  });

  test('plan dispatch: a revoked worker is never chosen, and named it is refused', () => {
    const team = [candidate('alice', { revokedAt: 5 }), candidate('bob', { isPresent: false })];
    expect(pick(team, { scope: 'all' })).toEqual(['bob']);
    expect(() => pick(team, { on: ['alice'] })).toThrow(
      expect.objectContaining({ code: 'WORKER_REVOKED' }),
    );
  });

  test.each<[string, readonly Candidate[], Partial<DispatchTarget>]>([
    ['WORKER_NONE', [], {}],
    ['WORKER_NONE', [candidate('alice', { revokedAt: 5 })], {}],
    ['WORKER_UNKNOWN', [candidate('alice')], { on: ['alicia'] }],
    ['WORKER_UNKNOWN', [candidate('alice')], { on: ['alice', 'nobody'] }],
  ])('plan dispatch: %s', (code, team, target) => {
    expect(() => pick(team, target)).toThrow(expect.objectContaining({ code }));
  });
});
