/*
 * What follows from a loss: another attempt only where it is allowed, safe and certain; else a question.
 */
import { describe, expect, test } from 'vitest';
import type { AttemptRecord, CommandJob } from '../../../cockpit/manager/job.ts';
import type { Candidate } from '../../../cockpit/manager/plan-dispatch.ts';
import {
  attemptsByItselfMax,
  findReplaceAfterMs,
  type Loss,
  type LossCause,
  planLoss,
} from '../../../cockpit/manager/plan-loss.ts';
import type { CommandSpec } from '../../../protocol/model.ts';
import { alice, bob, makeWorker, spec } from '../hub/hub-bench.ts';

const stopAfterMs = 20_000;
const replaceable: CommandSpec = {
  ...spec,
  isIdempotent: true,
  mayReplace: true,
  stopAfterMs,
  lostAfterMs: findReplaceAfterMs(stopAfterMs),
};

const candidate = (key: string, name: string, isPresent = true): Candidate => ({
  worker: makeWorker(key, name),
  isPresent,
  load: 0,
});

const started: AttemptRecord = {
  n: 1,
  worker: alice,
  state: { is: 'started', times: { queuedAt: 1 } },
};

function lose(cause: LossCause, fields: Partial<CommandJob> = {}, more: Partial<Loss> = {}) {
  const job: CommandJob = {
    kind: 'command',
    id: 'J1',
    title: 't',
    createdAt: 1,
    parent: null,
    spec: replaceable,
    targeting: { on: null, need: [] },
    attempts: [started],
    ...fields,
  };
  const candidates = [candidate(alice, 'alice'), candidate(bob, 'bob')];
  return planLoss({ job, attempt: started, cause, candidates, now: 100, ...more });
}

describe('plan loss', () => {
  test.each(['silence', 'restarted', 'lapsed'] as const)(
    'plan loss: work that may be replaced goes elsewhere after %s',
    (cause) => expect(lose(cause)).toEqual({ do: 'replace', worker: bob }),
  );

  test.each(['overdue', 'forgotten', 'revoked'] as const)(
    'plan loss: after %s nobody knows whether it still runs, so it is asked',
    (cause) => expect(lose(cause).do).toBe('ask'),
  );

  test.each<[string, Partial<CommandSpec>]>([
    ['was not said to be idempotent', { isIdempotent: false }],
    ['was not allowed to be replaced', { mayReplace: false }],
    ['has no lease', { stopAfterMs: undefined as unknown as number }],
    ['may outlive its lease on a slow clock', { lostAfterMs: replaceable.lostAfterMs - 1 }],
  ])('plan loss: silent work that %s is asked about', (_why, fields) => {
    expect(lose('silence', { spec: { ...replaceable, ...fields } }).do).toBe('ask');
  });

  test('plan loss: work whose end was asked for is left', () => {
    const attempt = { ...started, state: { ...started.state, cancelAskedAt: 2 } };
    expect(lose('silence', {}, { attempt })).toEqual({ do: 'leave' });
  });

  test('plan loss: where another attempt is heard already, none is added and nobody asked', () => {
    const other = { ...started, n: 2, worker: bob };
    expect(lose('lapsed', { attempts: [started, other] })).toEqual({ do: 'leave' });
    const silent = { ...other, state: { ...other.state, replacedAt: 3 } };
    expect(lose('lapsed', { attempts: [started, silent] }).do).toBe('replace');
  });

  test('plan loss: a deadline that is over is not begun again', () => {
    const attempt = { ...started, expiresAt: 99 };
    expect(lose('silence', {}, { attempt }).do).toBe('ask');
    expect(lose('silence', {}, { attempt: { ...started, expiresAt: 100 } }).do).toBe('replace');
  });

  test('plan loss: what was tried often enough is asked about', () => {
    const attempts = Array.from({ length: attemptsByItselfMax }, () => started);
    expect(lose('restarted', { attempts }).do).toBe('ask');
    expect(lose('restarted', { attempts: attempts.slice(1) }).do).toBe('replace');
  });

  test('plan loss: only present workers that fit take over, the same one only after a restart', () => {
    const absent = [candidate(alice, 'alice'), candidate(bob, 'bob', false)];
    expect(lose('silence', {}, { candidates: absent }).do).toBe('ask');
    expect(lose('restarted', {}, { candidates: absent })).toEqual({ do: 'replace', worker: alice });
    const needy = { targeting: { on: null, need: ['gpu'] } };
    expect(lose('silence', needy).do).toBe('ask');
    const bound = { targeting: { on: alice, need: [] } };
    expect(lose('silence', bound).do).toBe('ask');
    expect(lose('restarted', bound)).toEqual({ do: 'replace', worker: alice });
  });
});
