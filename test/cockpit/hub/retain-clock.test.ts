/*
 * Forgetting by a clock that was set back or ahead, and of what ran for longer than logs are kept.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Retain } from '../../../cockpit/hub/retain.ts';
import { type CommandJob, getLastAttempt } from '../../../cockpit/manager/job.ts';
import type { KeepPolicy } from '../../../cockpit/manager/plan-retention.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { prefixRange } from '../../../store/keys.ts';
import { alice, finished, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';
import { dayMs, endJob, listJobs, openRetain } from './retain-scene.ts';

let bench: HubBench;
let discarded: AttemptId[];

beforeEach(async () => {
  bench = await openTeamBench();
  discarded = [];
});

function open(policy: Partial<KeepPolicy> = {}): Promise<Retain> {
  return openRetain(bench, { policy, discard: (attempt) => discarded.push(attempt) });
}

/** A job of alice's that has ended, and printed so many bytes. */
async function end(logBytes: number): Promise<void> {
  await endJob(bench, logBytes);
}

function age(days: number): void {
  bench.ports.wallStartMs += days * dayMs;
}

const jobs = () => listJobs(bench);

async function readEnds(): Promise<readonly string[]> {
  const range = { ...prefixRange('je/'), countMax: 100, order: 'ascending' } as const;
  return (await bench.kv.range(range)).map(({ key }) => key);
}

describe('retain by the clock', () => {
  test('retain: what ran for long is not over its age when it ends', async () => {
    const { id } = await bench.desk.dispatch(makeJob([alice]));
    await end(5);
    age(40);
    const at = Math.round(bench.ports.clock.wallMs());
    const ending = { at, outcome: 'succeeded', usage: { exitCode: 0 }, logBytes: 5 } as const;
    await bench.report(alice, { kind: 'finished', attempt: `${id}.1`, ...ending });
    const retain = await open();
    await retain.look();
    const seen = await Promise.all(
      (['J1', 'J2'] as const).map(async (each) => {
        const job = (await bench.desk.get(each)) as CommandJob;
        return retain.hasForgotten(getLastAttempt(job).state.times);
      }),
    );
    expect([seen, discarded]).toEqual([[false, true], ['J2.1']]);
  });

  test('retain: the oldest go in the order of their ends, although the clock was set back', async () => {
    const retain = await open({ jobsMax: 2, logsBytesMax: 1000 });
    for (let count = 0; count < 2; count += 1) await end(400);
    await retain.look();
    age(-3);
    for (const { left, gone } of [
      { left: ['J2', 'J3'], gone: ['J1.1'] },
      { left: ['J3', 'J4'], gone: ['J1.1', 'J2.1'] },
    ]) {
      await end(400);
      await retain.look();
      expect(await jobs()).toEqual(left);
      expect([...new Set(discarded)]).toEqual(gone);
    }
    // So it is for a hub that is started anew.
    bench = await bench.restart();
    await end(400);
    await (await open({ jobsMax: 2, logsBytesMax: 1000 })).look();
    expect(await jobs()).toEqual(['J4', 'J5']);
  });

  test('retain: a clock that is set ahead for a while takes nothing away', async () => {
    const retain = await open();
    await end(5);
    await retain.look();
    age(365);
    await retain.look();
    age(-365);
    await retain.look();
    expect([await jobs(), discarded]).toEqual([['J1'], []]);
  });

  test('retain: a leap that stands, as after a long sleep, counts after a day', async () => {
    const retain = await open();
    await end(5);
    await retain.look();
    age(91);
    await retain.look();
    await bench.ports.advance(dayMs - 1);
    await retain.look();
    expect(await jobs()).toEqual(['J1']);
    await bench.ports.advance(1);
    await retain.look();
    expect(await jobs()).toEqual([]);
  });

  test('retain: a hub that is started with a clock set ahead takes nothing away, and goes by it after a day', async () => {
    await end(5);
    await (await open()).look();
    age(365);
    bench = await bench.restart();
    let retain = await open();
    await retain.look();
    expect([await jobs(), discarded]).toEqual([['J1'], []]);
    // It may be stopped meanwhile: so much of the day has passed.
    for (let hours = 0; hours < 23; hours += 1) {
      await bench.ports.advance(dayMs / 24);
      await retain.look();
    }
    bench = await bench.restart();
    retain = await open();
    await retain.look();
    expect(await jobs()).toEqual(['J1']);
    await bench.ports.advance(dayMs / 24);
    await retain.look();
    expect(await jobs()).toEqual([]);
  });

  test('retain: a hub that is started with a clock that is right again goes on by it', async () => {
    await end(5);
    await (await open()).look();
    age(365);
    bench = await bench.restart();
    await (await open()).look();
    age(-365);
    bench = await bench.restart();
    await (await open()).look();
    expect([await jobs(), discarded]).toEqual([['J1'], []]);
    age(0.9);
    bench = await bench.restart();
    await (await open({ jobsMs: 0.5 * dayMs })).look();
    expect(await jobs()).toEqual([]);
  });

  test('retain: a job that ended before it began, by a clock that was set back, is not kept for ever', async () => {
    const { id } = await bench.desk.dispatch(makeJob([alice]));
    age(-3);
    await bench.report(alice, finished(`${id}.1`, 'succeeded'));
    age(3 + 91);
    await (await open()).look();
    expect([await jobs(), await readEnds()]).toEqual([[], []]);
  });
});
