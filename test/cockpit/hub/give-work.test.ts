/*
 * How much work a worker is given at once: the rest waits at the hub, is refused by nobody, and never
 * left as long as it waits.
 */
import { describe, expect, test } from 'vitest';
import { attemptsGivenMax } from '../../../cockpit/hub/limits.ts';
import { type CommandJob, findEnd, getLastAttempt } from '../../../cockpit/manager/job.ts';
import { outboxRowsMax } from '../../../protocol/limits.ts';
import type { JobId } from '../../../protocol/model.ts';
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
} from './hub-bench.ts';

const first = attemptsGivenMax + 1;
const inLine: JobId = `J${first}`;
const next: JobId = `J${first + 1}`;

/** Alice has all that she may have, and two jobs wait. */
async function openFull(): Promise<HubBench> {
  const bench = await openTeamBench();
  bench.linked.add(alice);
  for (let count = 0; count < first + 1; count += 1) await bench.desk.dispatch(makeJob([alice]));
  return bench;
}

const countGiven = async (bench: HubBench) =>
  (await bench.readCommands(alice)).filter((command) => command.startsWith('assign')).length;
const readEnd = async (bench: HubBench, id: JobId) =>
  findEnd((await bench.desk.get(id)) as CommandJob);

describe('give work', () => {
  test('give work: beyond what a worker has at once jobs are taken, and their commands wait', async () => {
    const bench = await openFull();
    expect(await countGiven(bench)).toBe(attemptsGivenMax);
    expect(bench.desk.listHeldBy(alice)).toHaveLength(first + 1);
    // Another worker has a line of its own.
    await bench.desk.dispatch(makeJob([bob]));
    expect(await bench.readCommands(bob)).toHaveLength(1);
  });

  test('give work: each end lets the oldest that waits go, in the batch of that end', async () => {
    const bench = await openFull();
    bench.told.length = 0;
    await bench.report(alice, finished('J3.1', 'succeeded'));
    expect(bench.told).toEqual([`queued assign ${inLine}.1`, 'job J3', `job ${inLine}`]);
    await bench.report(alice, finished('J4.1', 'failed'));
    expect((await bench.readCommands(alice)).at(-1)).toBe(`assign ${next}.1`);
  });

  test('give work: after a kill the line is as it was, and goes on', async () => {
    const later = await (await openFull()).restart();
    await later.desk.dispatch(makeJob([alice]));
    expect(await countGiven(later)).toBe(attemptsGivenMax);
    await later.report(alice, finished('J1.1', 'succeeded'));
    expect((await later.readCommands(alice)).at(-1)).toBe(`assign ${inLine}.1`);
    expect(getLastAttempt((await later.desk.get(inLine)) as CommandJob).isParked).toBeUndefined();
  });

  test('give work: a cancel ends what waits at once, over a link too, and tells the worker nothing', async () => {
    const bench = await openFull();
    await bench.desk.cancel(await bench.desk.get(inLine));
    expect(await readEnd(bench, inLine)).toMatchObject({ outcome: 'cancelled' });
    expect(await bench.readCommands(alice)).toHaveLength(attemptsGivenMax);
    // It takes no turn.
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect((await bench.readCommands(alice)).at(-1)).toBe(`assign ${next}.1`);
  });

  test('give work: a deadline that passes in the line is expired, and says why', async () => {
    const bench = await openFull();
    await bench.desk.expire(inLine);
    const reason = 'The deadline passed while the worker had enough other work.';
    expect(await readEnd(bench, inLine)).toMatchObject({ outcome: 'expired', reason });
    expect(await countGiven(bench)).toBe(attemptsGivenMax);
  });

  test('give work: what is lost in the line is not told to the worker, and a retry takes a place', async () => {
    const bench = await openFull();
    await bench.desk.declareLost({ id: inLine, n: 1 }, silence);
    expect(await readEnd(bench, inLine)).toMatchObject({ outcome: 'lost' });
    expect(await bench.readCommands(alice)).toHaveLength(attemptsGivenMax);
    await bench.desk.retry(await bench.desk.get(inLine), alice);
    await bench.report(alice, finished('J1.1', 'failed'), finished('J2.1', 'failed'));
    expect((await bench.readCommands(alice)).slice(-2)).toEqual([
      `assign ${next}.1`,
      `assign ${inLine}.2`,
    ]);
  });

  test('give work: a worker that is met for the first time gets the oldest first', async () => {
    const bench = await openHubBench();
    await bench.workers.save(makeWorker(alice, 'alice'), 'worker-paired', []);
    for (let count = 0; count < first; count += 1) await bench.desk.dispatch(makeJob([alice]));
    await bench.workers.adoptStore(alice, alice.slice(0, 32));
    expect(await countGiven(bench)).toBe(attemptsGivenMax);
    expect((await bench.readCommands(alice))[0]).toBe('assign J1.1');
  });

  test('give work: with another store of the worker the line waits on, and what it had is lost', async () => {
    const bench = await openFull();
    await bench.sent('J1', 1);
    await bench.workers.adoptStore(alice, 'ff'.repeat(16));
    expect(await readEnd(bench, 'J1')).toMatchObject({ outcome: 'lost' });
    expect(await countGiven(bench)).toBe(attemptsGivenMax);
    expect((await bench.readCommands(alice)).at(-1)).toBe(`assign ${inLine}.1`);
  });

  test('give work: the line has an end', async () => {
    const bench = await openTeamBench();
    const { state } = bench;
    const job = (await bench.desk.dispatch(makeJob([alice]))) as CommandJob;
    const held = new Map(Array.from({ length: outboxRowsMax }, (_, at) => [`J${at + 1}`, job]));
    state.heldBy.set(alice, held as Map<JobId, CommandJob>);
    await expect(bench.desk.dispatch(makeJob([alice]))).rejects.toMatchObject({
      code: 'QUEUE_FULL',
    });
  });
});
