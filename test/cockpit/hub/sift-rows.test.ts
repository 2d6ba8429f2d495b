/*
 * Rows that a hub cannot read: which of them make its store another one, and which are only left out.
 */
import { beforeEach, expect, test } from 'vitest';
import { nextJobKey } from '../../../cockpit/hub/next-job.ts';
import { siftHubRows } from '../../../cockpit/hub/sift-rows.ts';
import { endedJobKey, jobKey, prefixRange, wholeRange, workerKey } from '../../../store/keys.ts';
import { planRow } from '../../../store/row-codec.ts';
import { alice, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';

let bench: HubBench;

beforeEach(async () => {
  bench = await openTeamBench();
  for (let n = 0; n < 3; n += 1) await bench.desk.dispatch(makeJob([alice]));
  const at = bench.ports.clock.wallMs();
  const end = { at, outcome: 'succeeded', usage: { exitCode: 0 }, logBytes: 0 } as const;
  await bench.report(alice, { kind: 'finished', attempt: 'J1.1', ...end });
  await bench.report(alice, { kind: 'finished', attempt: 'J3.1', ...end });
});

/** What is said once these rows hold nothing that makes sense. */
async function siftSpoiled(...keys: readonly string[]) {
  await bench.kv.batch(
    keys.map((key) => planRow(key, 'rubbish')),
    'synced',
  );
  return siftHubRows(await bench.kv.range({ ...wholeRange, countMax: 1000, order: 'ascending' }));
}

test('sift: rows that make sense are all kept', async () => {
  expect(await siftSpoiled()).toEqual({ lost: [], leftOut: [], ops: [] });
});

test('sift: a job that has ended is left out, and its number is given to no other', async () => {
  const key = jobKey('J3');
  const ops = [planRow(nextJobKey, 4)];
  expect(await siftSpoiled(key)).toEqual({ lost: [], leftOut: [key], ops });
});

test('sift: so is one that ended with others, whose row in the order of ends is not of its number', async () => {
  const rows = await bench.kv
    .range({ ...prefixRange('je/'), countMax: 9, order: 'ascending' })
    .then((found) => found.map(({ key }) => ({ type: 'del', key }) as const));
  const shared = planRow(endedJobKey(5, 'J3'), [1, [3, 7]]);
  await bench.kv.batch([...rows, shared], 'synced');
  expect(await siftSpoiled(jobKey('J1'))).toMatchObject({ lost: [], leftOut: [jobKey('J1')] });
  // Without that row nothing says that it has ended.
  expect(await siftSpoiled(shared.key)).toMatchObject({
    lost: [jobKey('J1')],
    leftOut: [shared.key],
  });
});

test('sift: without a job that has not ended, or a worker, it is another store', async () => {
  const keys = [jobKey('J2'), workerKey(alice)];
  expect(await siftSpoiled(...keys)).toMatchObject({ lost: keys, leftOut: [] });
});

test('sift: what only this hub knows of is left out', async () => {
  const keys = ['cp/x', 'd/000000000007', 'i/x', endedJobKey(7, 'J1'), nextJobKey, 's/x', 'sp/x'];
  const sifted = await siftSpoiled(...keys);
  expect(sifted).toEqual({ lost: [], leftOut: keys, ops: [planRow(nextJobKey, 4)] });
});
