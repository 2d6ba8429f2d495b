/*
 * The hub's desk for workers: names that stick, stores that change, and what hub and worker disagree on.
 */
import { describe, expect, test } from 'vitest';
import { type CommandJob, findEnd } from '../../../cockpit/manager/job.ts';
import type { HelloFrame, InventoryRow } from '../../../protocol/frames.ts';
import type { JobId } from '../../../protocol/model.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import {
  alice,
  bob,
  finished,
  type HubBench,
  makeJob,
  makeWorker,
  openHubBench,
  openTeamBench,
  silence,
  spec,
} from './hub-bench.ts';

const newStore = 'f'.repeat(32);

async function outcome(bench: HubBench, id: JobId): Promise<string | undefined> {
  const job = await bench.desk.get(id);
  return job.kind === 'command' ? findEnd(job)?.outcome : undefined;
}

async function greet(
  bench: HubBench,
  inventory: InventoryRow[],
  fields: Partial<HelloFrame> = {},
): Promise<void> {
  await bench.workers.noteHello(alice, makeHello({ inventory, ...fields }));
}

describe('worker desk', () => {
  test('worker desk: workers come back after a restart, in the order of their names', async () => {
    const bench = await (await openTeamBench()).restart();
    expect(bench.workers.list().map((worker) => worker.name)).toEqual(['alice', 'bob']);
    expect(bench.workers.findByName('bob')?.key).toBe(bob);
    expect(bench.workers.find(alice)?.store).toBe(alice.slice(0, 32));
    expect(bench.workers.find('00')).toBeUndefined();
  });

  test('worker desk: hello tells of the box, and what it leaves out stays', async () => {
    const bench = await openTeamBench();
    const capabilities = { os: 'linux', arch: 'x64', cpus: 2, memoryBytes: 1, has: ['git'] };
    await greet(bench, [], { host: 'box-7', capabilities });
    await greet(bench, []);
    const later = await bench.restart();
    expect(later.workers.find(alice)).toMatchObject({
      host: 'box-7',
      capabilities,
      lastSeenAt: Math.round(bench.ports.clock.wallMs()),
    });
  });

  test('worker desk: a number that a worker still holds names no other job, rubbish is not believed', async () => {
    const bench = await openTeamBench();
    await greet(bench, [
      { attempt: 'J7.1', state: 'running' },
      { attempt: 'J999999999999.1', state: 'running' },
    ]);
    expect((await bench.desk.dispatch(makeJob([alice]))).id).toBe('J8');
  });

  test('worker desk: an inventory does not climb to where no number has room', async () => {
    const bench = await openTeamBench();
    const rows = Array.from({ length: 1000 }, (_, index) => {
      const attempt = `J${(index + 1) * 1_000_000}.1` as const;
      return { attempt, state: 'running' } as const;
    });
    for (let times = 0; times < 3; times += 1) await greet(bench, rows);
    expect((await bench.desk.dispatch(makeJob([alice]))).id).toBe('J1000001');
  });

  test('worker desk: a store that is adopted already keeps what waits for it, whichever link brings the news again', async () => {
    const bench = await openTeamBench();
    const first = await bench.workers.adoptStore(alice, newStore);
    await bench.desk.dispatch(makeJob([alice]));
    expect(first.counts.queued).toBe(1);
    const again = await bench.workers.adoptStore(alice, newStore);
    expect(again.counts).toMatchObject({ acked: 0, queued: 1 });
    expect(await again.read(0, 9)).toHaveLength(1);
    expect(await outcome(bench, 'J1')).toBeUndefined();
    const later = await bench.restart();
    expect(later.workers.streamsOf(alice)?.counts).toMatchObject({ acked: 0, queued: 1 });
  });

  test('worker desk: a store that two links bring the news of at once is adopted once, and its work given once', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const both = [1, 2].map(() => bench.workers.adoptStore(alice, newStore));
    const [first, second] = await Promise.all(both);
    expect(first).toBe(second);
    expect(bench.workers.streamsOf(alice)).toBe(first);
    await bench.desk.dispatch(makeJob([alice]));
    expect((await first?.read(0, 9))?.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await bench.readCommands(alice)).toEqual(['assign J1.1', 'assign J2.1']);
  });

  test('worker desk: a revoke takes away what waits; the old store is not believed again', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const worker = bench.workers.find(alice);
    if (worker !== undefined) await bench.workers.revoke(worker);
    expect(bench.workers.find(alice)?.store).toBeNull();
    const later = await bench.restart();
    expect(await later.kv.range({ gte: 'o/', lt: 'o0', countMax: 9, order: 'ascending' })).toEqual(
      [],
    );
    await later.workers.save(makeWorker(alice, 'alice'), 'worker-paired', []);
    const old = later.workers.adoptStore(alice, alice.slice(0, 32));
    await expect(old).rejects.toMatchObject({ code: 'PEER_REGRESSED' });
    await later.workers.adoptStore(alice, newStore);
    expect(await outcome(later, 'J1')).toBe('lost');
    expect(await later.readCommands(alice)).toEqual([]);
  });

  test('worker desk: a first meeting assigns what waited for it', async () => {
    const bench = await openHubBench();
    await bench.workers.save(makeWorker(alice, 'alice'), 'worker-paired', []);
    await bench.desk.dispatch(makeJob([alice]));
    expect(bench.told).not.toContain('queued assign J1.1');
    const later = await bench.restart();
    await later.workers.adoptStore(alice, newStore);
    expect(await later.readCommands(alice)).toEqual(['assign J1.1']);
    expect(await outcome(later, 'J1')).toBeUndefined();
  });

  test('worker desk: with another store, what never left is assigned anew and the rest is lost', async () => {
    const bench = await openTeamBench();
    for (let count = 0; count < 3; count += 1) await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([bob]));
    await bench.sent('J2', 1);
    await bench.report(alice, { kind: 'started', attempt: 'J3.1', at: 5 });
    const streams = await bench.workers.adoptStore(alice, newStore);
    expect(streams.store).toBe(newStore);
    expect(
      await Promise.all((['J1', 'J2', 'J3', 'J4'] as const).map((id) => outcome(bench, id))),
    ).toEqual([undefined, 'lost', 'lost', undefined]);
    expect(await bench.readCommands(alice)).toEqual(['cancel J2.1', 'cancel J3.1', 'assign J1.1']);
    expect((await bench.restart()).workers.find(alice)?.store).toBe(newStore);
  });

  test.each([
    ['before its first store', false],
    ['and waited for the store before', true],
  ])(
    'worker desk: a cancel that was asked %s goes with what is assigned anew',
    async (_when, had) => {
      const bench = await openTeamBench();
      if (!had) await bench.workers.save(makeWorker('c3'.repeat(32), 'carol'), 'worker-paired', []);
      const worker = had ? alice : 'c3'.repeat(32);
      // Over a link that greets it may be on its way, so the cancel ends nothing by itself.
      bench.linked.add(worker);
      const job = await bench.desk.dispatch(makeJob([worker]));
      await bench.desk.cancel(job);
      await bench.workers.adoptStore(worker, newStore);
      expect(await bench.readCommands(worker)).toEqual(['assign J1.1', 'cancel J1.1']);
    },
  );

  test('worker desk: what was given up is not begun anew by a worker that is paired again', async () => {
    const bench = await openTeamBench();
    const kept = { ...spec, reconcile: 'first-finished' } as const;
    await bench.desk.dispatch(makeJob([alice], { spec: kept }));
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
    await bench.workers.revoke(makeWorker(alice, 'alice'));
    await bench.workers.save(makeWorker(alice, 'alice'), 'worker-paired', []);
    await bench.desk.retry(await bench.desk.get('J1'), bob);
    await bench.workers.adoptStore(alice, newStore);
    expect(await bench.readCommands(alice)).toEqual(['cancel J1.1']);
    expect(await outcome(bench, 'J1')).toBeUndefined();
    expect((await bench.desk.get('J1')) as CommandJob).toMatchObject({
      attempts: [{ state: { end: { outcome: 'lost' } } }, { state: { is: 'queued' } }],
    });
  });

  test('worker desk: with another store, what an earlier hub may have sent is lost', async () => {
    const first = await openTeamBench();
    await first.desk.dispatch(makeJob([alice]));
    const bench = await first.restart();
    await bench.workers.adoptStore(alice, newStore);
    expect(await outcome(bench, 'J1')).toBe('lost');
  });

  test('worker desk: trust that ends while a store is adopted stays ended', async () => {
    const bench = await openTeamBench();
    const adopting = bench.workers.adoptStore(alice, newStore);
    await bench.workers.revoke(makeWorker(alice, 'alice'));
    await adopting;
    expect(bench.workers.find(alice)?.revokedAt).not.toBeNull();
  });

  test('worker desk: a job that the worker accepted and does not state is lost', async () => {
    const bench = await openTeamBench();
    for (let count = 0; count < 4; count += 1) await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([bob]));
    await bench.sent('J2', 1);
    for (const attempt of ['J3.1', 'J4.1'] as const)
      await bench.report(alice, { kind: 'accepted', attempt, at: 5 });
    await bench.report(bob, { kind: 'accepted', attempt: 'J5.1', at: 5 });
    await greet(bench, [{ attempt: 'J4.1', state: 'running' }]);
    const outcomes = await Promise.all(
      (['J1', 'J2', 'J3', 'J4', 'J5'] as const).map((id) => outcome(bench, id)),
    );
    // Only J3 is proven by one side and denied by the other; J1 and J2 may still be on their way.
    expect(outcomes).toEqual([undefined, undefined, 'lost', undefined, undefined]);
  });

  /** What alice says of her streams, as she greets from the store that the hub knows. */
  const marks = (received: number, queued: number) => ({
    store: alice.slice(0, 32),
    received,
    queued,
  });

  test('worker desk: a command that the worker took, does not state and said nothing about is lost', async () => {
    const first = await openTeamBench();
    for (let count = 0; count < 3; count += 1) await first.desk.dispatch(makeJob([alice]));
    await first.sent('J2', 1);
    // A hub that was killed meanwhile knows it too.
    const bench = await first.restart();
    await greet(bench, [{ attempt: 'J1.1', state: 'accepted' }], marks(2, 0));
    const ids = ['J1', 'J2', 'J3'] as const;
    const outcomes = await Promise.all(ids.map((id) => outcome(bench, id)));
    // The third is behind what she has taken.
    expect(outcomes).toEqual([undefined, 'lost', undefined]);
    expect(await bench.readJournal()).toContain('reconcile-worker-forgot');
    // And it is asked about, as with any other loss.
    expect(bench.inbox.list()).toMatchObject([{ kind: 'lost', attempt: 'J2.1' }]);
  });

  test('worker desk: while a report is on its way, which may be of that, nothing is given up', async () => {
    const bench = await openTeamBench();
    for (let count = 0; count < 2; count += 1) await bench.desk.dispatch(makeJob([alice]));
    await greet(bench, [], marks(2, 1));
    await bench.workers.noteReported(alice);
    expect([await outcome(bench, 'J1'), await outcome(bench, 'J2')]).toEqual([
      undefined,
      undefined,
    ]);
    const refused = { kind: 'finished', attempt: 'J1.1', at: 9, usage: {}, logBytes: 0 } as const;
    await bench.report(alice, { ...refused, outcome: 'refused', code: 'JOB_FULL' });
    await bench.workers.noteReported(alice);
    expect([await outcome(bench, 'J1'), await outcome(bench, 'J2')]).toEqual(['refused', 'lost']);
  });

  test('worker desk: numbers of another store say nothing, and what waits in line was never taken', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await greet(bench, [], { ...marks(1, 0), store: newStore });
    expect(await outcome(bench, 'J1')).toBeUndefined();
    await bench.workers.adoptStore(alice, newStore);
    await greet(bench, [], { ...marks(0, 0), store: newStore });
    expect(await outcome(bench, 'J1')).toBeUndefined();
  });

  test('worker desk: what the worker holds and nobody wants is told to end', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    await bench.desk.retry(await bench.desk.get('J1'), alice);
    const before = (await bench.readCommands(alice)).length;
    await greet(bench, [
      { attempt: 'J1.1', state: 'running' },
      { attempt: 'J1.2', state: 'accepted' },
      { attempt: 'J77.1', state: 'accepted' },
      { attempt: 'J78.1', state: 'finished' },
    ]);
    expect((await bench.readCommands(alice)).slice(before)).toEqual([
      'cancel J1.1',
      'cancel J77.1',
    ]);
  });

  test('worker desk: revoking ends the trust, keeps the name and loses what it held', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([bob]));
    const worker = bench.workers.findByName('alice');
    if (worker !== undefined) await bench.workers.revoke(worker);
    const later = await bench.restart();
    expect(later.workers.find(alice)).toMatchObject({
      name: 'alice',
      revokedAt: expect.any(Number),
    });
    expect([await outcome(later, 'J1'), await outcome(later, 'J2')]).toEqual(['lost', undefined]);
    await later.report(alice, finished('J1.1', 'succeeded'));
    expect(await outcome(later, 'J1')).toBe('lost');
  });

  test('worker desk: a stranger cannot greet or bring a store', async () => {
    const bench = await openTeamBench();
    const stranger = 'cc'.repeat(32);
    const refused = { code: 'PEER_UNKNOWN' };
    await expect(bench.workers.adoptStore(stranger, newStore)).rejects.toMatchObject(refused);
    await expect(bench.workers.noteHello(stranger, makeHello())).rejects.toMatchObject(refused);
    await bench.workers.noteSeen(stranger);
    expect(bench.workers.list()).toHaveLength(2);
  });
});
