/*
 * The loop over silence: what was unheard for its time is lost, what never left is expired, and a
 * hub that slept blames nobody.
 */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  deadlineGraceMs,
  lookMs,
  silentWorkersMax,
  silentWorkersMs,
  sleptMsMin,
  WatchLeases,
} from '../../../cockpit/hub/watch-leases.ts';
import { findEnd } from '../../../cockpit/manager/job.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import {
  alice,
  bob,
  type HubBench,
  makeJob,
  makeWorker,
  openTeamBench,
  spec,
} from './hub-bench.ts';

const lostAfterMs = 10_000;
const brief = { ...spec, lostAfterMs };
const patient = { ...spec, lostAfterMs: 86_400_000 };

let bench: HubBench;
let heard: Map<PeerKey, number>;
let leases: WatchLeases;

function watch(): WatchLeases {
  const { desk, ports } = bench;
  const failed = (error: unknown) => {
    throw error;
  };
  return new WatchLeases({ desk, ports, heardAt: (worker) => heard.get(worker), failed });
}

beforeEach(async () => {
  bench = await openTeamBench();
  heard = new Map();
  leases = watch();
  leases.start();
});

async function outcomes(): Promise<readonly (string | undefined)[]> {
  const jobs = await bench.desk.listRecent(1000);
  return jobs
    .toReversed()
    .map((job) => (job.kind === 'command' ? findEnd(job)?.outcome : undefined));
}

describe('watch leases', () => {
  test('watch leases: an attempt is lost once its worker was silent for its time, not before', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: brief }));
    await bench.ports.advance(lookMs);
    await bench.ports.advance(lostAfterMs - 1);
    expect(await outcomes()).toEqual([undefined]);
    await bench.ports.advance(lookMs);
    expect(await outcomes()).toEqual(['lost']);
    const [job] = await bench.desk.listRecent(1);
    expect(job?.kind === 'command' && findEnd(job)?.reason).toContain('10 s');
  });

  test('watch leases: only the worker that is silent loses its work', async () => {
    for (const worker of [alice, bob])
      await bench.desk.dispatch(makeJob([worker], { spec: brief }));
    for (let look = 0; look < 30; look += 1) {
      heard.set(bob, bench.ports.nowMs);
      await bench.ports.advance(lookMs);
    }
    expect(await outcomes()).toEqual(['lost', undefined]);
    await bench.ports.advance(lostAfterMs + lookMs);
    expect(await outcomes()).toEqual(['lost', 'lost']);
  });

  test('watch leases: a hub that was stopped for long hears its workers first', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: brief }));
    await bench.ports.advance(2 * lookMs);
    bench.ports.nowMs += lostAfterMs + sleptMsMin;
    await bench.ports.advance(lookMs);
    expect(await outcomes()).toEqual([undefined]);
    await bench.ports.advance(lostAfterMs + lookMs);
    expect(await outcomes()).toEqual(['lost']);
  });

  test('watch leases: a hub that was stopped in the middle of a look blames nobody for that time', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: brief }));
    await bench.desk.dispatch(makeJob([bob], { spec: { ...spec, lostAfterMs: 30_000 } }));
    const declareLost = bench.desk.declareLost.bind(bench.desk);
    vi.spyOn(bench.desk, 'declareLost').mockImplementationOnce((place, loss) => {
      bench.ports.nowMs += 60_000;
      return declareLost(place, loss);
    });
    await bench.ports.advance(lostAfterMs + 2 * lookMs);
    expect(await outcomes()).toEqual(['lost', undefined]);
    await bench.ports.advance(20_000);
    expect(await outcomes()).toEqual(['lost', undefined]);
  });

  test('watch leases: a wall clock that steps loses nothing and gains nothing', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: brief }));
    await bench.ports.advance(lookMs);
    bench.ports.wallStartMs += 30 * 86_400_000;
    await bench.ports.advance(lookMs);
    expect(await outcomes()).toEqual([undefined]);
    bench.ports.wallStartMs -= 60 * 86_400_000;
    await bench.ports.advance(lostAfterMs);
    expect(await outcomes()).toEqual(['lost']);
  });

  test('watch leases: what never left expires by its deadline, although the wall clock was set back', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: { ...patient, deadlineMs: 5000 } }));
    await bench.ports.advance(lookMs);
    bench.ports.wallStartMs -= 3 * 86_400_000;
    await bench.ports.advance(3000);
    expect(await outcomes()).toEqual([undefined]);
    await bench.ports.advance(1000 + lookMs);
    expect(await outcomes()).toEqual(['expired']);
  });

  test('watch leases: a job past its deadline is lost once its worker was silent for the grace', async () => {
    const job = await bench.desk.dispatch(
      makeJob([alice], { spec: { ...patient, deadlineMs: 5000 } }),
    );
    await bench.sent(job.id, 1);
    const beat = async (ms: number) => {
      for (let spent = 0; spent < ms; spent += lookMs) {
        heard.set(alice, bench.ports.nowMs);
        await bench.ports.advance(lookMs);
      }
    };
    await beat(5000 + 2 * deadlineGraceMs);
    expect(await outcomes()).toEqual([undefined]);
    await bench.ports.advance(deadlineGraceMs - 2 * lookMs);
    expect(await outcomes()).toEqual([undefined]);
    await bench.ports.advance(3 * lookMs);
    expect(await outcomes()).toEqual(['lost']);
  });

  test('watch leases: a wall clock that steps past a deadline ends nothing that has left', async () => {
    const job = await bench.desk.dispatch(
      makeJob([alice], { spec: { ...patient, deadlineMs: 3_600_000 } }),
    );
    await bench.sent(job.id, 1);
    await bench.ports.advance(2 * lookMs);
    bench.ports.wallStartMs += 2 * 3_600_000;
    await bench.ports.advance(3 * deadlineGraceMs);
    expect(await outcomes()).toEqual([undefined]);
  });

  test('watch leases: a later hub starts the time anew', async () => {
    await bench.desk.dispatch(makeJob([alice], { spec: brief }));
    await bench.ports.advance(lostAfterMs - lookMs);
    leases.stop();
    bench = await bench.restart();
    watch().start();
    await bench.ports.advance(lostAfterMs - lookMs);
    expect(await outcomes()).toEqual([undefined]);
    await bench.ports.advance(3 * lookMs);
    expect(await outcomes()).toEqual(['lost']);
  });

  test('watch leases: a deadline ends what never left, and leaves what a worker may have', async () => {
    const spec30 = { ...spec, deadlineMs: 30_000 };
    for (let count = 0; count < 2; count += 1)
      await bench.desk.dispatch(makeJob([alice], { spec: spec30 }));
    await bench.sent('J2', 1);
    await bench.ports.advance(29_999);
    expect(await outcomes()).toEqual([undefined, undefined]);
    await bench.ports.advance(1 + lookMs);
    expect(await outcomes()).toEqual(['expired', undefined]);
  });

  test('watch leases: only a few workers a minute lose their work, and all of it', async () => {
    const fleet = Array.from({ length: silentWorkersMax + 2 }, (_, n) => `e${n}`.repeat(32));
    for (const key of fleet) {
      await bench.workers.save(makeWorker(key, `w-${key.slice(0, 2)}`), 'worker-paired', []);
      await bench.workers.adoptStore(key, key.slice(0, 32));
      for (let n = 0; n < 2; n += 1) await bench.desk.dispatch(makeJob([key], { spec: brief }));
    }
    await bench.ports.advance(lookMs);
    await bench.ports.advance(lostAfterMs + 5 * lookMs);
    const countLost = async () => (await outcomes()).filter((outcome) => outcome === 'lost').length;
    expect(await countLost()).toBe(2 * silentWorkersMax);
    // One of those that wait is heard: it keeps what it has.
    const [returned] = fleet.slice(-1);
    if (returned !== undefined) heard.set(returned, bench.ports.nowMs + silentWorkersMs);
    await bench.ports.advance(silentWorkersMs);
    expect(await countLost()).toBe(2 * silentWorkersMax + 2);
  });

  test('watch leases: start may be repeated, and after stop nothing looks any more', async () => {
    leases.start();
    expect(bench.ports.timerCount).toBe(1);
    leases.stop();
    leases.stop();
    leases.start();
    expect(bench.ports.timerCount).toBe(0);
  });
});
