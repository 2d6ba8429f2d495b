/*
 * Which jobs have not ended: known again from the disk after every batch, with hardly a mark for what ends soon.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type ActiveMarks,
  readActiveJobs,
  readMarkedThrough,
} from '../../../cockpit/hub/active-marks.ts';
import { jobsUnmarkedMin } from '../../../cockpit/hub/limits.ts';
import type { CommandJob, JobRecord } from '../../../cockpit/manager/job.ts';
import { listJob } from '../../../cockpit/manager/job-row.ts';
import type { JobId } from '../../../protocol/model.ts';
import { openStore, storeMigrations } from '../../../store/format.ts';
import { activeJobKey, endedJobKey, jobKey, markedKey, prefixRange } from '../../../store/keys.ts';
import type { Kv, KvOp } from '../../../store/kv.ts';
import { instantDisk, openMemoryKv } from '../../../store/memory.ts';
import { planRow } from '../../../store/row-codec.ts';
import { createWorld } from '../../store/world.ts';

const { random } = createWorld(1);
let kv: Kv;

beforeEach(async () => {
  kv = await openMemoryKv(instantDisk());
  await openStore(kv, random);
});

function makeJob(n: number, isActive: boolean): JobRecord {
  const times = { queuedAt: 1 };
  const end = { outcome: 'succeeded', at: 2, usage: {} } as const;
  const job: CommandJob = {
    ...{ kind: 'command', id: `J${n}`, title: 'true', createdAt: 1, parent: null },
    spec: { command: ['true'], env: {}, isIdempotent: false, lostAfterMs: 1 },
    targeting: { on: null, need: [] },
    attempts: [
      {
        ...{ n: 1, worker: 'a' },
        state: isActive ? { is: 'sent', times } : { is: 'finished', times, end },
      },
    ],
  };
  return job;
}

/** Jobs that begin (true) or end in one change, as the ledger commits it. */
async function commit(marks: ActiveMarks, changes: readonly (readonly [number, boolean])[]) {
  const ops: KvOp[] = changes.map(([n, isActive]) =>
    planRow(jobKey(`J${n}`), listJob(makeJob(n, isActive))),
  );
  const markers = new Map(changes.map(([n, isActive]): [JobId, boolean] => [`J${n}`, isActive]));
  const planned = marks.plan(markers);
  await kv.batch([...ops, ...planned], 'synced');
  return planned;
}

async function readNumbers(): Promise<readonly number[]> {
  return (await readActiveJobs(kv)).jobs.map(({ id }) => Number(id.slice(1)));
}

async function countMarks(): Promise<number> {
  return (await kv.range({ ...prefixRange('ja/'), countMax: 1e6, order: 'ascending' })).length;
}

/** Steps of a hub: begin so many jobs, end or begin again one of them, or start anew from the disk. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('begin' as const), count: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ do: fc.constant('end' as const), at: fc.nat(), count: fc.nat(700) }),
    fc.record({ do: fc.constant('again' as const), at: fc.nat() }),
    fc.record({ do: fc.constant('restart' as const) }),
  ),
  { minLength: 10, maxLength: 40 },
);

describe('marks of what has not ended', () => {
  test('marks: after every batch the disk tells which jobs have not ended, whatever began, ended or began again', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        kv = await openMemoryKv(instantDisk());
        await openStore(kv, random);
        let { marks } = await readActiveJobs(kv);
        const active = new Set<number>();
        let last = 0;
        for (const step of plan) {
          if (step.do === 'restart') ({ marks } = await readActiveJobs(kv));
          if (step.do === 'begin') {
            const began = Array.from({ length: step.count }, (_, n) => last + n + 1);
            last += step.count;
            await commit(
              marks,
              began.map((n) => [n, true]),
            );
            for (const n of began) active.add(n);
          }
          if (step.do === 'end') {
            const held = [...active];
            const from = held.length === 0 ? 0 : step.at % held.length;
            const ended = held.slice(from, from + step.count);
            await commit(
              marks,
              ended.map((n) => [n, false]),
            );
            for (const n of ended) active.delete(n);
          }
          if (step.do === 'again' && last > 0) {
            const n = (step.at % last) + 1;
            if (active.has(n)) continue;
            await commit(marks, [[n, true]]);
            active.add(n);
          }
          expect(await readNumbers()).toEqual([...active].sort((a, b) => a - b));
        }
        const through = await readMarkedThrough(kv);
        expect(last - through).toBeLessThan(2 * jobsUnmarkedMin);
      }),
      { numRuns: 30 },
    );
  });

  test('marks: jobs that end soon never bear one, and the number moves on', async () => {
    const { marks } = await readActiveJobs(kv);
    let planned = 0;
    for (let n = 1; n <= 3 * jobsUnmarkedMin; n += 1) {
      planned += (await commit(marks, [[n, true]])).length;
      planned += (await commit(marks, [[n, false]])).length;
    }
    expect(planned).toBe(2);
    expect(await readMarkedThrough(kv)).toBe(2 * jobsUnmarkedMin);
    expect(await countMarks()).toBe(0);
  });

  test('marks: one that goes on is marked once it is no longer among the newest, and the mark goes as it ends', async () => {
    const { marks } = await readActiveJobs(kv);
    await commit(marks, [[1, true]]);
    expect(await countMarks()).toBe(0);
    for (let n = 2; n <= 2 * jobsUnmarkedMin; n += 1) {
      await commit(marks, [[n, true]]);
      await commit(marks, [[n, false]]);
    }
    expect(await kv.get(activeJobKey('J1'))).toBeDefined();
    expect(await countMarks()).toBe(1);
    await commit(marks, [[1, false]]);
    expect(await countMarks()).toBe(0);
  });

  test('marks: a job that begins again is marked at once, for the order of ends says that it is over', async () => {
    const { marks } = await readActiveJobs(kv);
    await commit(marks, [[1, true]]);
    await commit(marks, [[1, false]]);
    await commit(marks, [[1, true]]);
    expect(await countMarks()).toBe(1);
  });

  test('marks: a store of format 3, in which all are marked, is read no further than that', async () => {
    kv = await openMemoryKv(instantDisk());
    await openStore(kv, random, storeMigrations.slice(0, 2));
    const rows = [1, 2, 3].map((n) => planRow(jobKey(`J${n}`), makeJob(n, n === 2)));
    const mark = { type: 'put', key: activeJobKey('J2'), value: new Uint8Array([1]) } as const;
    await kv.batch([...rows, mark], 'synced');
    expect(await readMarkedThrough(kv)).toBeGreaterThan(3);
    await openStore(kv, random);
    expect(await readMarkedThrough(kv)).toBe(3);
    const { marks } = await readActiveJobs(kv);
    expect(await readNumbers()).toEqual([2]);
    await commit(marks, [[4, true]]);
    await commit(marks, [[2, false]]);
    expect(await countMarks()).toBe(0);
    expect(await readNumbers()).toEqual([4]);
  });

  test('marks: an empty store of format 3 has none to note', async () => {
    kv = await openMemoryKv(instantDisk());
    await openStore(kv, random, storeMigrations.slice(0, 2));
    await openStore(kv, random);
    expect(await kv.get(markedKey)).toBeUndefined();
  });

  test('marks: without the number every job is looked at', async () => {
    const { marks } = await readActiveJobs(kv);
    for (let n = 1; n <= 2 * jobsUnmarkedMin + 5; n += 1) await commit(marks, [[n, n !== 7]]);
    const before = await readNumbers();
    await kv.batch([{ type: 'del', key: markedKey }], 'synced');
    expect(await readNumbers()).toEqual(before);
  });

  test('marks: a new job that cannot be read keeps no hub from starting if it has ended, and any if it has not', async () => {
    const { marks } = await readActiveJobs(kv);
    await commit(marks, [
      [1, true],
      [2, true],
    ]);
    await kv.batch([planRow(jobKey('J1'), 'rubbish')], 'synced');
    await expect(readActiveJobs(kv)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    const ends = [
      planRow(endedJobKey(5, 'J1'), { logBytes: 0 }),
      planRow(endedJobKey(5, 'J7'), [1, 7]),
    ];
    for (const end of ends) {
      await kv.batch([end], 'synced');
      expect(await readNumbers()).toEqual([2]);
      await kv.batch([{ type: 'del', key: end.key }], 'synced');
      await expect(readActiveJobs(kv)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    }
  });
});
