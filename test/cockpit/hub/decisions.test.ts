/*
 * What the M2 is asked besides losses: refused and expired work, fixes that failed, boxes that knock.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { lesserOpenMax } from '../../../cockpit/hub/inbox.ts';
import { type Decision, decisionRowSchema } from '../../../cockpit/manager/decision.ts';
import type { JobId } from '../../../protocol/model.ts';
import { decisionKey } from '../../../store/keys.ts';
import { findRow } from '../../../store/row-codec.ts';
import { alice, bob, finished, type HubBench, makeJob, openTeamBench, spec } from './hub-bench.ts';

let bench: HubBench;

beforeEach(async () => {
  bench = await openTeamBench();
});

const ended = { kind: 'finished', at: 9, usage: {}, logBytes: 0, attempt: 'J1.1' } as const;
const refusal = { ...ended, outcome: 'refused', reason: 'The disk is low.' } as const;

const seen = () =>
  bench.inbox.list().map((one) => ('job' in one ? `${one.id} ${one.kind} ${one.job}` : one.id));

/** How a decision lies on disk. */
const read = (n: number) => findRow(bench.kv, decisionKey(n), decisionRowSchema);

describe('inbox', () => {
  test('inbox: refused work is asked about in the batch of its refusal, and after a restart', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, refusal);
    expect(seen()).toEqual(['D1 refused J1']);
    expect(bench.inbox.list()[0]).toMatchObject({ worker: alice, reason: 'The disk is low.' });
    bench = await bench.restart();
    expect(seen()).toEqual(['D1 refused J1']);
  });

  test('inbox: what its deadline overtook in the queue is asked about, what ran into it is not', async () => {
    const timed = { ...spec, deadlineMs: 1000 };
    await bench.desk.dispatch(makeJob([alice], { spec: timed }));
    await bench.desk.dispatch(makeJob([alice], { spec: timed }));
    await bench.report(
      alice,
      { kind: 'started', attempt: 'J2.1', at: 5 },
      { ...ended, attempt: 'J2.1', outcome: 'expired', startedAt: 5 },
    );
    expect(seen()).toEqual([]);
    await bench.desk.expire('J1');
    expect(seen()).toEqual(['D1 expired J1']);
  });

  test('inbox: what was told to end, ended well or badly, is no question', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, { kind: 'accepted', attempt: 'J1.1', at: 5 });
    await bench.desk.cancel(await bench.desk.get('J1'));
    await bench.report(alice, refusal);
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, finished('J2.1', 'failed'));
    expect(seen()).toEqual([]);
  });

  test('inbox: another attempt, by hand or by the answer, leaves nothing to decide', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, refusal);
    await bench.desk.retry(await bench.desk.get('J1'), bob);
    expect(seen()).toEqual([]);
    expect((await read(1))?.answer?.as).toBe('moot');
  });

  test('inbox: a refusal does not keep its job for ever; forgetting it makes the question moot', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, refusal);
    await bench.inbox.closeForgotten(['J1']);
    expect(seen()).toEqual([]);
    expect((await read(1))?.answer?.as).toBe('moot');
  });

  test('inbox: so many refusals may wait and no more, and a loss still finds its place', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    for (let n = 1; n <= lesserOpenMax; n += 1) {
      bench.state.decisions.set(`D${100_000 + n}`, { kind: 'lost' } as Decision);
    }
    await bench.report(alice, refusal);
    expect(bench.state.decisions.size).toBe(lesserOpenMax);
    expect(await bench.readJournal()).toContain('inbox-full');
    const { id } = await bench.desk.dispatch(makeJob([alice]));
    const loss = { reason: 'Silence.', cause: 'overdue' } as const;
    await bench.desk.declareLost({ id: id as JobId, n: 1 }, loss);
    expect(bench.state.decisions.size).toBe(lesserOpenMax + 1);
  });

  test('inbox: a row of before there were other kinds is still read', () => {
    const old = { id: 'D1', kind: 'lost', job: 'J1', attempt: 'J1.1', worker: alice };
    const row = { ...old, openedAt: 5, reason: 'Silence.', statement: 'unknown' };
    expect(decisionRowSchema.parse(row)).toEqual(row);
    expect(decisionRowSchema.safeParse({ ...row, kind: 'pairing' }).success).toBe(false);
  });
});

describe('inbox of the doctor', () => {
  const finding = {
    id: 'home-modes',
    subject: '/srv/key',
    severity: 'error',
    seen: 'Mode 0644.',
    wanted: '0600.',
    advice: 'chmod',
    plan: 'gives it mode 0600',
  } as const;
  const failed = { ...finding, failure: 'Its fix failed: not permitted.' };

  test('inbox: a fix that did not help is asked about once, until the finding is gone', async () => {
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [failed] });
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [failed] });
    expect(bench.inbox.list()).toMatchObject([
      { kind: 'fix-failed', check: 'home-modes', subject: '/srv/key', reason: failed.failure },
    ]);
    bench = await bench.restart();
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [finding] });
    expect(bench.inbox.list()).toHaveLength(1);
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [] });
    expect(bench.inbox.list()).toEqual([]);
    expect((await read(1))?.answer?.as).toBe('moot');
  });

  test('inbox: a finding of one worker says nothing of another, or of the hub', async () => {
    await bench.inbox.noteDiagnosis({ isWhole: true, on: 'alice', findings: [failed] });
    await bench.inbox.noteDiagnosis({ isWhole: true, on: 'bob', findings: [] });
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [] });
    expect(bench.inbox.list()).toMatchObject([{ on: 'alice' }]);
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [finding] });
    expect(bench.inbox.list()).toHaveLength(1);
  });

  test('inbox: a fix tried again by the M2’s word and in vain is asked about anew', async () => {
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [failed] });
    const decision = bench.inbox.getOpen('D1');
    const answered = { decision, answer: { as: 'approve' } } as const;
    await bench.inbox.noteDiagnosis({ isWhole: true, findings: [failed], answered });
    expect(bench.inbox.list().map(({ id }) => id)).toEqual(['D2']);
    expect((await read(1))?.answer?.as).toBe('approve');
  });
});
