/*
 * The `sent` receipts: they ride on what the worker says, or are written when it says nothing, and what
 * was sent is never taken for unsent meanwhile.
 */
import { describe, expect, test } from 'vitest';
import { sentWaitMs } from '../../../cockpit/hub/sent-receipts.ts';
import { type CommandJob, getLastAttempt } from '../../../cockpit/manager/job.ts';
import { alice, finished, type HubBench, makeJob, openTeamBench, silence } from './hub-bench.ts';

async function dispatchOne(bench: HubBench): Promise<CommandJob> {
  const job = await bench.desk.dispatch(makeJob([alice]));
  bench.told.length = 0;
  return job as CommandJob;
}

async function findState(bench: HubBench) {
  return getLastAttempt((await bench.desk.get('J1')) as CommandJob).state;
}

describe('sent receipts', () => {
  test('sent receipts: one that nothing follows is written after a while, and shown then', async () => {
    const bench = await openTeamBench();
    await dispatchOne(bench);
    const sentAt = bench.ports.clock.wallMs();
    bench.receipts.note('J1.1');
    await bench.ports.advance(sentWaitMs - 1);
    expect([(await findState(bench)).is, bench.told]).toEqual(['queued', []]);
    await bench.ports.advance(1);
    expect(await findState(bench)).toMatchObject({ is: 'sent', times: { sentAt } });
    expect(bench.told).toEqual(['job J1']);
    expect(await findState(await bench.restart())).toMatchObject({ is: 'sent' });
  });

  test('sent receipts: what the worker says meanwhile takes it along, with its own instant', async () => {
    const bench = await openTeamBench();
    await dispatchOne(bench);
    const sentAt = bench.ports.clock.wallMs();
    bench.receipts.note('J1.1');
    await bench.ports.advance(sentWaitMs / 2);
    await bench.report(alice, { kind: 'accepted', attempt: 'J1.1', at: 5 });
    expect(await findState(bench)).toMatchObject({ is: 'accepted', times: { sentAt } });
    await bench.ports.advance(sentWaitMs);
    expect(bench.told).toEqual(['job J1']);
  });

  test('sent receipts: an attempt that left is asked to end, not ended, before its receipt is written', async () => {
    const bench = await openTeamBench();
    const job = await dispatchOne(bench);
    bench.receipts.note('J1.1');
    await bench.desk.cancel(job);
    expect(await findState(bench)).toMatchObject({ is: 'sent', cancelAskedAt: expect.anything() });
    await bench.report(alice, finished('J1.1', 'cancelled'));
    expect((await findState(bench)).is).toBe('finished');
  });

  test('sent receipts: an attempt that left is lost with its worker’s store, not assigned anew', async () => {
    const bench = await openTeamBench();
    await dispatchOne(bench);
    bench.receipts.note('J1.1');
    await bench.workers.adoptStore(alice, 'f'.repeat(32));
    expect(await findState(bench)).toMatchObject({ is: 'finished', end: { outcome: 'lost' } });
  });

  test('sent receipts: one that is given up while a link is there may have left, else it has not', async () => {
    for (const isLinked of [true, false]) {
      const bench = await openTeamBench();
      await dispatchOne(bench);
      if (isLinked) bench.linked.add(alice);
      await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
      const { times } = await findState(bench);
      expect(times.sentAt !== undefined).toBe(isLinked);
    }
  });

  test('sent receipts: nothing is noted of what is past that, nor written after the end', async () => {
    const bench = await openTeamBench();
    await dispatchOne(bench);
    await bench.report(alice, { kind: 'accepted', attempt: 'J1.1', at: 5 });
    bench.receipts.note('J1.1');
    bench.receipts.note('J99.1');
    expect(bench.ports.timerCount).toBe(0);
    await bench.desk.dispatch(makeJob([alice]));
    bench.receipts.note('J2.1');
    bench.receipts.stop();
    expect(bench.ports.timerCount).toBe(0);
  });
});
