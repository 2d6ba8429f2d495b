/*
 * A lost attempt that comes back while a person's word has started another: which of them goes on, and what the job ends as.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { type CommandJob, findEnd } from '../../../cockpit/manager/job.ts';
import type { CommandSpec, JobId } from '../../../protocol/model.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import {
  alice,
  bob,
  finished,
  type HubBench,
  makeJob,
  openTeamBench,
  silence,
  spec,
} from './hub-bench.ts';

const ended = { kind: 'finished', at: 9, usage: {}, logBytes: 0 } as const;

let bench: HubBench;

beforeEach(async () => {
  bench = await openTeamBench();
});

async function find(id: JobId): Promise<CommandJob> {
  return (await bench.desk.get(id)) as CommandJob;
}

/** Each attempt: who has it and how it stands. */
async function see(id: JobId): Promise<readonly string[]> {
  return (await find(id)).attempts.map(({ worker, state }) => {
    const how = state.is === 'finished' ? state.end.outcome : state.is;
    return `${worker === alice ? 'alice' : 'bob'} ${how}`;
  });
}

/** A job that runs on alice, of whom nothing was heard since. */
async function loseOnAlice(jobSpec: CommandSpec): Promise<void> {
  await bench.desk.dispatch(makeJob([alice], { spec: jobSpec }));
  await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
  await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
}

/** Alice is back, and has it still. */
async function greetRunning(): Promise<void> {
  const inventory = [{ attempt: 'J1.1', state: 'running' } as const];
  await bench.workers.noteHello(alice, makeHello({ inventory }));
}

describe('come back', () => {
  test.each(['cancelled', 'lost'] as const)(
    'come back: an original that comes back %s leaves the job to the one in its place',
    async (as) => {
      await loseOnAlice({ ...spec, reconcile: 'keep-original' });
      await bench.desk.retry(await find('J1'), bob);
      await bench.report(alice, { ...ended, attempt: 'J1.1', outcome: as });
      expect(await see('J1')).toEqual([`alice ${as}`, 'bob queued']);
      expect(await bench.readCommands(bob)).toEqual(['assign J1.2']);
      await bench.report(bob, finished('J1.2', 'succeeded'));
      expect(findEnd(await find('J1'))?.outcome).toBe('succeeded');
      expect(bench.inbox.list()).toEqual([]);
    },
  );

  test('come back: an original that was kept and came to nothing is how the job ended, not the one it ended', async () => {
    await loseOnAlice({ ...spec, reconcile: 'keep-original' });
    await bench.desk.retry(await find('J1'), bob);
    await greetRunning();
    expect(await see('J1')).toEqual(['alice started', 'bob cancelled']);
    await bench.report(alice, { ...ended, attempt: 'J1.1', outcome: 'lost', reason: 'Killed.' });
    expect(findEnd(await find('J1'))).toMatchObject({ outcome: 'lost', reason: 'Killed.' });
    expect(bench.inbox.list()).toMatchObject([{ kind: 'lost', attempt: 'J1.1' }]);
    bench = await bench.restart();
    expect(findEnd(await find('J1'))?.outcome).toBe('lost');
    // What counted before the next attempt counts no more.
    await bench.desk.retry(await find('J1'), alice);
    await bench.report(alice, finished('J1.3', 'succeeded'));
    expect(findEnd(await find('J1'))?.outcome).toBe('succeeded');
  });

  test('come back: one that ended in nothing while another was refused is lost, not refused', async () => {
    await loseOnAlice({ ...spec, reconcile: 'first-finished' });
    await bench.desk.retry(await find('J1'), bob);
    await greetRunning();
    await bench.report(bob, { ...ended, attempt: 'J1.2', outcome: 'refused', code: 'JOB_FULL' });
    await bench.report(alice, { ...ended, attempt: 'J1.1', outcome: 'lost' });
    expect(findEnd(await find('J1'))?.outcome).toBe('lost');
    expect(bench.inbox.list()).toMatchObject([{ kind: 'lost', attempt: 'J1.1' }]);
  });

  test.each([
    [1, ['alice started', 'bob cancelled']],
    [0, ['alice started', 'bob queued']],
  ] as const)(
    'come back: a worker that has taken %i of one command, as it says, ends %j',
    async (received, seen) => {
      await loseOnAlice({ ...spec, reconcile: 'keep-original' });
      bench.workers.noteAcked(alice, 1);
      await bench.desk.retry(await find('J1'), bob);
      // Without it the box was put back to a copy from before, and is refused.
      const inventory = [{ attempt: 'J1.1', state: 'accepted' } as const];
      const hello = makeHello({ store: alice.slice(0, 32), received, inventory });
      await bench.workers.noteHello(alice, hello);
      expect(await see('J1')).toEqual(seen);
    },
  );

  test('come back: an original that was told to end before it was approved is not waited for', async () => {
    await loseOnAlice({ ...spec, reconcile: 'keep-original' });
    await greetRunning();
    expect((await bench.readCommands(alice)).at(-1)).toBe('cancel J1.1');
    await bench.desk.retry(await find('J1'), bob);
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
    // It takes its time to end, and its worker greets once more meanwhile.
    await greetRunning();
    await bench.report(alice, finished('J1.1', 'cancelled'));
    expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
  });

  test.each(['keep-original', 'first-finished'] as const)(
    'come back: under %s what its worker may not have got is taken back, before any other begins',
    async (reconcile) => {
      await bench.desk.dispatch(makeJob([alice], { spec: { ...spec, reconcile } }));
      await bench.sent('J1', 1);
      await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
      // They leave in order, and a worker starts nothing before it has read what it was told of.
      expect(await bench.readCommands(alice)).toEqual(['assign J1.1', 'cancel J1.1']);
      await bench.desk.retry(await find('J1'), bob);
      expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
      await bench.report(alice, { kind: 'accepted', attempt: 'J1.1', at: 5 });
      expect(await see('J1')).toEqual(['alice lost', 'bob queued']);
    },
  );

  test('come back: one whose end was asked for, or whose worker was revoked, is not waited for', async () => {
    for (const worker of [alice, bob]) {
      const kept = { ...spec, reconcile: 'first-finished' } as const;
      await bench.desk.dispatch(makeJob([worker], { spec: kept }));
    }
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
    await bench.report(bob, { kind: 'started', attempt: 'J2.1', at: 5 });
    await bench.desk.cancel(await find('J1'));
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    const worker = bench.workers.find(bob);
    if (worker !== undefined) await bench.workers.revoke(worker);
    for (const id of ['J1', 'J2'] as const) await bench.desk.retry(await find(id), alice);
    expect(await see('J1')).toEqual(['alice lost', 'alice queued']);
    expect(await see('J2')).toEqual(['bob lost', 'alice queued']);
  });
});
