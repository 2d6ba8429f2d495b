/*
 * Nothing in a hub's memory grows with the number of jobs that it has done.
 */
import { expect, test } from 'vitest';
import { WatchLeases } from '../../../cockpit/hub/watch-leases.ts';
import { outboxRowsMax } from '../../../protocol/limits.ts';
import type { FactMessage } from '../../../protocol/messages.ts';
import { alice, bob, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';

const jobCount = 5000;
const waveCount = 250;

/** Sizes of everything that a desk keeps in memory, by name. */
function measure({ state }: HubBench): Readonly<Record<string, number>> {
  const sizes = Object.entries(state).flatMap(([name, kept]) =>
    typeof kept === 'object' && 'size' in kept ? [[name, kept.size] as const] : [],
  );
  const held = [...state.heldBy.values()].reduce((sum, jobs) => sum + jobs.size, 0);
  return { ...Object.fromEntries(sizes), held };
}

function report(attempt: FactMessage['attempt']): readonly FactMessage[] {
  const at = 9;
  const end = { outcome: 'succeeded', usage: { exitCode: 0 }, logBytes: 3 } as const;
  return [
    { kind: 'accepted', attempt, at },
    { kind: 'started', attempt, at },
    { kind: 'finished', attempt, at, ...end },
  ];
}

/** Singles, groups, retries and late reports; all of it ends. */
async function work(bench: HubBench): Promise<void> {
  const first = bench.state.nextJob;
  for (let count = 0; count < waveCount / 5; count += 1) {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([bob]));
    await bench.desk.dispatch(makeJob([alice, bob], { shape: 'group' }));
  }
  for (const job of bench.desk.listActive()) {
    if (job.kind !== 'command') continue;
    const [attempt] = job.attempts;
    if (attempt !== undefined) await bench.report(attempt.worker, ...report(`${job.id}.1`));
  }
  const retried = await bench.desk.retry(await bench.desk.get(`J${first}`), bob);
  await bench.report(bob, ...report(`${retried.id}.2`), ...report(`${retried.id}.1`));
  for (const worker of [alice, bob]) {
    const streams = bench.workers.streamsOf(worker);
    await bench.kv.batch(streams?.planAcked(streams.counts.queued) ?? [], 'buffered');
  }
}

test('growth: five thousand jobs leave a hub’s memory as one wave of them did', async () => {
  const bench = await openTeamBench();
  const leases = new WatchLeases({
    desk: bench.desk,
    ports: bench.ports,
    heardAt: () => bench.ports.nowMs,
    failed: (error) => {
      throw error;
    },
  });
  leases.start();
  await work(bench);
  await bench.ports.advance(2000);
  const after = measure(bench);
  while (bench.state.nextJob <= jobCount) {
    await work(bench);
    await bench.ports.advance(2000);
  }
  expect(measure(bench)).toEqual(after);
  expect(after).toMatchObject({ active: 0, groupParts: 0, freshAttempts: 0, held: 0 });
  expect(leases.watchedCount).toBe(0);
  leases.stop();
});

test('growth: a worker that reports what nobody waits for, and takes nothing in, fills no disk with our answers', async () => {
  const bench = await openTeamBench();
  const accepted = (n: number) => ({ kind: 'accepted', attempt: `J${n}.1`, at: 9 }) as const;
  for (let from = 1; from <= outboxRowsMax + 1000; from += 1000) {
    await bench.report(
      alice,
      ...Array.from({ length: 1000 }, (_, index) => accepted(from + index)),
    );
  }
  expect(bench.workers.streamsOf(alice)?.waitingCount).toBe(outboxRowsMax);
});
