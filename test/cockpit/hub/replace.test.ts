/*
 * The disconnect policy on the hub: replaced, asked about, and what counts when a lost one comes back.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { type CommandJob, findEnd, isEnded } from '../../../cockpit/manager/job.ts';
import { findReplaceAfterMs } from '../../../cockpit/manager/plan-loss.ts';
import type { InventoryRow } from '../../../protocol/frames.ts';
import type { CommandSpec, JobId, Reconcile } from '../../../protocol/model.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import {
  alice,
  bob,
  finished,
  type HubBench,
  makeJob,
  makeWorker,
  openTeamBench,
  silence,
  spec,
} from './hub-bench.ts';

const stopAfterMs = 20_000;
const lostAfterMs = findReplaceAfterMs(stopAfterMs);

let bench: HubBench;

beforeEach(async () => {
  bench = await openTeamBench();
  bench.present.add(alice).add(bob);
});

function allow(reconcile?: Reconcile): CommandSpec {
  const policy = { isIdempotent: true, mayReplace: true, stopAfterMs, lostAfterMs };
  return { ...spec, ...policy, ...(reconcile === undefined ? {} : { reconcile }) };
}

async function find(id: JobId): Promise<CommandJob> {
  const job = await bench.desk.get(id);
  if (job.kind !== 'command') throw new Error(`${id} is a group`);
  return job;
}

/** Each attempt: who has it and how it stands. */
async function see(id: JobId): Promise<readonly string[]> {
  const names = new Map([
    [alice, 'alice'],
    [bob, 'bob'],
  ]);
  return (await find(id)).attempts.map(({ worker, state }) => {
    const how = state.is === 'finished' ? state.end.outcome : state.is;
    const mark = state.replacedAt === undefined ? '' : ' replaced';
    return `${names.get(worker)} ${how}${mark}`;
  });
}

/** A job that runs on alice, of whom nothing was heard since. */
async function loseOnAlice(jobSpec: CommandSpec): Promise<void> {
  await bench.desk.dispatch(makeJob([alice], { spec: jobSpec }));
  await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
  await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
}

async function greet(worker: string, inventory: readonly InventoryRow[]): Promise<void> {
  await bench.workers.noteHello(worker, makeHello({ inventory: [...inventory] }));
}

describe('replace', () => {
  test('replace: a lost attempt and the one in its place are one batch, and the job goes on', async () => {
    await loseOnAlice(allow());
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
    expect(isEnded(await find('J1'))).toBe(false);
    expect(await bench.readCommands(alice)).toEqual(['assign J1.1', 'cancel J1.1']);
    expect(await bench.readCommands(bob)).toEqual(['assign J1.2']);
    expect(bench.inbox.list()).toEqual([]);
    bench = await bench.restart();
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
    await bench.report(bob, finished('J1.2', 'succeeded'));
    expect(findEnd(await find('J1'))?.outcome).toBe('succeeded');
  });

  test('replace: keep-replacement takes no word of the original, and tells it to end', async () => {
    await loseOnAlice(allow('keep-replacement'));
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
    expect(await bench.readJournal()).toContain('report-late');
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    expect((await bench.readCommands(alice)).at(-1)).toBe('cancel J1.1');
  });

  test('replace: an original with a lease that is there again is ended by its worker, its result counts', async () => {
    await loseOnAlice(allow('keep-original'));
    expect(await see('J1')).toEqual(['alice started replaced', 'bob queued']);
    expect(await bench.readCommands(alice)).toEqual(['assign J1.1']);
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    expect(await see('J1')).toEqual(['alice started', 'bob queued']);
    await bench.report(alice, finished('J1.1', 'failed'));
    expect(await see('J1')).toEqual(['alice failed', 'bob cancelled']);
    bench = await bench.restart();
    expect(findEnd(await find('J1'))?.outcome).toBe('failed');
  });

  test('replace: an original that only its lease ended leaves the job to the replacement', async () => {
    await loseOnAlice(allow('keep-original'));
    const end = { kind: 'finished', at: 9, usage: {}, logBytes: 0, attempt: 'J1.1' } as const;
    await bench.report(alice, { ...end, outcome: 'cancelled', code: 'LEASE_LAPSED' });
    expect(await see('J1')).toEqual(['alice cancelled', 'bob queued']);
  });

  test('replace: an original with a lease that nobody saw begin never begins beside the one in its place', async () => {
    for (const rule of ['keep-original', 'first-finished'] as const) {
      await bench.desk.dispatch(makeJob([alice], { spec: allow(rule) }));
    }
    await bench.report(alice, { kind: 'accepted', attempt: 'J1.1', at: 5 });
    await bench.sent('J2', 1);
    for (const id of ['J1', 'J2'] as const) await bench.desk.declareLost({ id, n: 1 }, silence);
    const now = ['alice lost', 'bob queued'];
    expect([await see('J1'), await see('J2')]).toEqual([now, now]);
    expect((await bench.readCommands(alice)).slice(2)).toEqual(['cancel J1.1', 'cancel J2.1']);
  });

  test('replace: first-finished takes the first result, whoever brings it', async () => {
    await loseOnAlice(allow('first-finished'));
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    expect(await see('J1')).toEqual(['alice started', 'bob queued']);
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(await see('J1')).toEqual(['alice succeeded', 'bob cancelled']);
    expect(findEnd(await find('J1'))?.outcome).toBe('succeeded');
    expect((await bench.readCommands(bob)).at(-1)).toBe('cancel J1.2');
    await bench.report(bob, finished('J1.2', 'failed'));
    expect(findEnd(await find('J1'))?.outcome).toBe('succeeded');
  });

  test('replace: when the replacement ends first, the silent original is written off', async () => {
    await loseOnAlice(allow('first-finished'));
    await bench.report(bob, finished('J1.2', 'failed'));
    expect(await see('J1')).toEqual(['alice lost', 'bob failed']);
    expect(findEnd(await find('J1'))?.outcome).toBe('failed');
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(findEnd(await find('J1'))?.outcome).toBe('failed');
  });

  test('replace: what is no result leaves the job to the one that is still heard', async () => {
    await loseOnAlice(allow('first-finished'));
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    await bench.report(bob, finished('J1.2', 'cancelled'));
    expect(await see('J1')).toEqual(['alice started', 'bob cancelled']);
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(findEnd(await find('J1'))?.outcome).toBe('succeeded');
  });

  test('replace: a cancel ends every attempt that has not ended', async () => {
    await loseOnAlice(allow('first-finished'));
    await bench.desk.cancel(await find('J1'));
    expect((await bench.readCommands(alice)).at(-1)).toBe('cancel J1.1');
    await bench.report(bob, finished('J1.2', 'cancelled'));
    expect(isEnded(await find('J1'))).toBe(true);
    expect(bench.inbox.list()).toEqual([]);
  });

  test('replace: a worker that was restarted under the work, or whose lease ran out, is replaced too', async () => {
    for (const id of ['J1', 'J2'] as const) {
      await bench.desk.dispatch(makeJob([alice], { spec: allow() }));
      await bench.report(alice, { kind: 'started', attempt: `${id}.1`, at: 5 });
    }
    const end = { kind: 'finished', at: 9, usage: {}, logBytes: 0 } as const;
    await bench.report(
      alice,
      { ...end, attempt: 'J1.1', outcome: 'lost', reason: 'Killed.' },
      { ...end, attempt: 'J2.1', outcome: 'cancelled', code: 'LEASE_LAPSED' },
    );
    expect([await see('J1'), await see('J2')]).toEqual([
      ['alice lost', 'bob queued'],
      ['alice cancelled', 'bob queued'],
    ]);
  });

  test('replace: a part that is replaced keeps its group open until it has ended', async () => {
    await bench.desk.dispatch(makeJob([alice, bob], { spec: allow(), shape: 'group' }));
    await bench.report(bob, finished('J3.1', 'succeeded'));
    await bench.report(alice, { kind: 'started', attempt: 'J2.1', at: 5 });
    const end = { kind: 'finished', at: 9, usage: {}, logBytes: 0 } as const;
    // Bound to alice, so it is she who takes it again.
    await bench.report(alice, { ...end, attempt: 'J2.1', outcome: 'lost' });
    expect(await see('J2')).toEqual(['alice lost', 'alice queued']);
    expect(isEnded(await bench.desk.get('J1'))).toBe(false);
    await bench.report(alice, finished('J2.2', 'succeeded'));
    expect(await bench.desk.get('J1')).toMatchObject({ ended: { outcome: 'succeeded' } });
  });
});

describe('inbox', () => {
  test('inbox: a loss that may not be made good by itself is asked about, once', async () => {
    await loseOnAlice(spec);
    expect(await see('J1')).toEqual(['alice lost']);
    const [decision, ...more] = bench.inbox.list();
    expect(decision).toMatchObject({ id: 'D1', job: 'J1', attempt: 'J1.1', worker: alice });
    expect(decision?.reason).toContain('Silence.');
    expect(more).toEqual([]);
    bench = await bench.restart();
    expect(bench.inbox.list()).toEqual([decision]);
  });

  test('inbox: approving starts another attempt and closes the question in one batch', async () => {
    await loseOnAlice(spec);
    const decision = bench.inbox.getOpen('D1');
    await bench.desk.retry(await find('J1'), bob, { decision, answer: { as: 'approve' } });
    bench = await bench.restart();
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
    expect(bench.inbox.list()).toEqual([]);
    expect(() => bench.inbox.getOpen('D1')).toThrow(/decided/);
    expect(() => bench.inbox.getOpen('D2')).toThrow(/no decision/);
    await bench.desk.declareLost({ id: 'J1', n: 2 }, silence);
    expect(bench.inbox.list().map(({ id }) => id)).toEqual(['D2']);
  });

  test('inbox: an approved replacement is ended when the original comes back and is to be kept', async () => {
    await loseOnAlice({ ...spec, reconcile: 'keep-original' });
    expect(await bench.readCommands(alice)).toEqual(['assign J1.1']);
    const decision = bench.inbox.getOpen('D1');
    await bench.desk.retry(await find('J1'), bob, { decision, answer: { as: 'approve' } });
    expect(await see('J1')).toEqual(['alice started replaced', 'bob queued']);
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    expect(await see('J1')).toEqual(['alice started', 'bob cancelled']);
    expect((await bench.readCommands(bob)).at(-1)).toBe('cancel J1.2');
    await bench.report(bob, finished('J1.2', 'succeeded'));
    expect(isEnded(await find('J1'))).toBe(false);
    await bench.report(alice, finished('J1.1', 'failed'));
    expect(findEnd(await find('J1'))?.outcome).toBe('failed');
  });

  test('inbox: one that never left the hub is taken back, whatever the rule', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: { ...spec, reconcile: 'keep-original' } }));
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    expect(await bench.readCommands(alice)).toEqual(['assign J1.1', 'cancel J1.1']);
    const decision = bench.inbox.getOpen('D1');
    await bench.desk.retry(await find('J1'), bob, { decision, answer: { as: 'approve' } });
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
  });

  test('inbox: until it is approved, an original that comes back is told to end', async () => {
    await loseOnAlice({ ...spec, reconcile: 'keep-original' });
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    expect((await bench.readCommands(alice)).at(-1)).toBe('cancel J1.1');
    expect(await see('J1')).toEqual(['alice lost']);
  });

  test('inbox: one that begins only now what was given up is told to end', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: { ...spec, reconcile: 'keep-original' } }));
    await bench.sent('J1', 1);
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    await bench.report(alice, { kind: 'accepted', attempt: 'J1.1', at: 5 });
    expect((await bench.readCommands(alice)).at(-1)).toBe('cancel J1.1');
  });

  test('inbox: rejecting leaves the job lost', async () => {
    await loseOnAlice(spec);
    await bench.inbox.close([{ decision: bench.inbox.getOpen('D1'), answer: { as: 'reject' } }]);
    bench = await bench.restart();
    expect(bench.inbox.list()).toEqual([]);
    expect(findEnd(await find('J1'))?.outcome).toBe('lost');
  });

  test('inbox: a retry by hand leaves nothing to decide', async () => {
    await loseOnAlice(spec);
    await bench.desk.retry(await find('J1'), bob);
    expect(bench.inbox.list()).toEqual([]);
  });

  test('inbox: a cancelled job that is lost is nobody’s question', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
    await bench.desk.cancel(await find('J1'));
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    expect([await see('J1'), bench.inbox.list()]).toEqual([['alice lost'], []]);
  });

  test.each([
    ['running', [{ attempt: 'J1.1', state: 'running' }]],
    ['finished', [{ attempt: 'J1.1', state: 'finished' }]],
    ['unknown', []],
  ] as const)('inbox: a worker that comes back says of a lost attempt: %s', async (said, rows) => {
    await loseOnAlice(spec);
    await greet(alice, rows);
    expect(bench.inbox.list()[0]).toMatchObject({ statement: said });
    bench = await bench.restart();
    expect(bench.inbox.list()[0]).toMatchObject({ statement: said });
    const told = (await bench.readJournal()).filter((kind) => kind === 'reconcile-lost-gone');
    expect(told).toHaveLength(said === 'unknown' ? 1 : 0);
  });

  test('inbox: how a lost attempt ended after all is evidence', async () => {
    await loseOnAlice(spec);
    expect(await bench.desk.findLateReport('J1.1')).toBeUndefined();
    await bench.report(alice, finished('J1.1', 'failed'));
    expect(await bench.desk.findLateReport('J1.1')).toBe('failed');
  });
});

describe('reconcile on the hub', () => {
  test('reconcile: each disagreement is settled by its rule and leaves its event', async () => {
    for (let count = 0; count < 4; count += 1) await bench.desk.dispatch(makeJob([alice]));
    for (const attempt of ['J1.1', 'J2.1', 'J3.1'] as const) {
      await bench.report(alice, { kind: 'started', attempt, at: 5 });
    }
    await bench.desk.declareLost({ id: 'J3', n: 1 }, silence);
    const before = (await bench.readCommands(alice)).length;
    await greet(alice, [
      { attempt: 'J1.1', state: 'finished' },
      { attempt: 'J3.1', state: 'running' },
      { attempt: 'J77.1', state: 'running' },
      { attempt: 'J78.1', state: 'finished' },
    ]);
    const events = (await bench.readJournal()).filter((kind) => kind.startsWith('reconcile-'));
    expect(events.toSorted()).toEqual([
      'reconcile-ended-cancelled',
      'reconcile-report-awaited',
      'reconcile-unknown-cancelled',
      'reconcile-unknown-report',
      'reconcile-worker-forgot',
    ]);
    expect((await bench.readCommands(alice)).slice(before)).toEqual([
      'cancel J2.1',
      'cancel J3.1',
      'cancel J77.1',
    ]);
    expect([await see('J1'), await see('J2'), await see('J4')]).toEqual([
      ['alice started'],
      ['alice lost'],
      ['alice queued'],
    ]);
  });

  /** Given up on alice, and given to her again. */
  async function retryOnAlice(reconcile: Reconcile): Promise<void> {
    await loseOnAlice({ ...spec, reconcile });
    await bench.desk.retry(await find('J1'), alice);
    expect(await see('J1')).toEqual(['alice started replaced', 'alice queued']);
  }

  test('reconcile: an original that is kept ends the one that the same worker was given in its place', async () => {
    await retryOnAlice('keep-original');
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    expect(await see('J1')).toEqual(['alice started', 'alice cancelled']);
    expect((await bench.readCommands(alice)).at(-1)).toBe('cancel J1.2');
  });

  test('reconcile: of two attempts on one worker the one that it forgot is lost, the other goes on', async () => {
    await retryOnAlice('first-finished');
    await bench.report(alice, { kind: 'started', attempt: 'J1.2', at: 7 });
    await greet(alice, [{ attempt: 'J1.2', state: 'running' }]);
    expect(await see('J1')).toEqual(['alice lost', 'alice started']);
    expect(bench.inbox.list()).toEqual([]);
  });

  test('reconcile: a worker that is revoked loses both attempts that it has at a job', async () => {
    await retryOnAlice('first-finished');
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    await bench.workers.revoke(makeWorker(alice, 'alice'));
    expect(await see('J1')).toEqual(['alice lost', 'alice lost']);
    expect(isEnded(await find('J1'))).toBe(true);
    expect(bench.inbox.list()).toHaveLength(1);
  });

  test('reconcile: in a new store of its worker the old attempt is lost, and the new one waits', async () => {
    await retryOnAlice('first-finished');
    await greet(alice, [{ attempt: 'J1.1', state: 'running' }]);
    await bench.workers.adoptStore(alice, 'another-store');
    expect(await see('J1')).toEqual(['alice lost', 'alice queued']);
    expect((await bench.readCommands(alice)).at(-1)).toBe('assign J1.2');
  });
});
