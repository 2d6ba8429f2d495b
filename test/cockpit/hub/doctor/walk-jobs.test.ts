/*
 * The walk through the newest jobs: all that are wanted, in order, and few of them in memory.
 */
import { expect, test } from 'vitest';
import { jobsPageRows } from '../../../../cockpit/hub/doctor/limits.ts';
import { walkJobs } from '../../../../cockpit/hub/doctor/walk-jobs.ts';
import type { Kv } from '../../../../store/kv.ts';
import { alice, type HubBench, makeJob, openTeamBench } from '../hub-bench.ts';

async function makeJobs(count: number): Promise<HubBench> {
  const bench = await openTeamBench();
  for (let made = 0; made < count; made += 1) await bench.desk.dispatch(makeJob([alice]));
  return bench;
}

async function walk(kv: Kv, countMax: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of walkJobs(kv, countMax)) ids.push(id);
  return ids;
}

/** The ids of so many jobs, newest first, of which the newest has this number. */
function count(newest: number, length: number): readonly string[] {
  return Array.from({ length }, (_, index) => `J${newest - index}`);
}

test('walk of jobs: over page ends too each comes once, the newest first, and no more than wanted', async () => {
  const made = jobsPageRows * 2 + 1;
  const { kv } = await makeJobs(made);
  for (const wanted of [1, jobsPageRows, jobsPageRows + 1, jobsPageRows * 2, made, made + 1000]) {
    expect(await walk(kv, wanted)).toEqual(count(made, Math.min(made, wanted)));
  }
});

test('walk of jobs: a page is asked for when the last one has been looked at', async () => {
  const { kv } = await makeJobs(jobsPageRows * 2);
  const asked: number[] = [];
  const watched = new Proxy(kv, {
    get: (target, name) =>
      name === 'range'
        ? (range: Parameters<Kv['range']>[0]) => {
            asked.push(range.countMax);
            return target.range(range);
          }
        : Reflect.get(target, name),
  });
  const jobs = walkJobs(watched, 10_000);
  for (let seen = 0; seen < jobsPageRows; seen += 1) await jobs.next();
  expect(asked).toEqual([jobsPageRows]);
  await jobs.next();
  expect(asked).toEqual([jobsPageRows, jobsPageRows]);
});

test('walk of jobs: a store without any has nothing to walk', async () => {
  expect(await walk((await openTeamBench()).kv, 100)).toEqual([]);
});
