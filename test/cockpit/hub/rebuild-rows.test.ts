/*
 * Rows that follow from others: what is taken away is made again as it was, and what is too much goes.
 */
import { beforeEach, expect, test } from 'vitest';
import { planMarker } from '../../../cockpit/hub/change.ts';
import { readEndedRow } from '../../../cockpit/hub/ended-rows.ts';
import { planMarkers } from '../../../cockpit/hub/rebuild-rows.ts';
import {
  activeJobKey,
  endedJobKey,
  formatKey,
  markedKey,
  openDecisionKey,
  prefixRange,
  readEndedJobKey,
} from '../../../store/keys.ts';
import { planRow } from '../../../store/row-codec.ts';
import { alice, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';

let bench: HubBench;

beforeEach(async () => {
  bench = await openTeamBench();
  await bench.desk.dispatch(makeJob([alice]));
  await bench.desk.dispatch(makeJob([alice]));
  const { id } = await bench.desk.dispatch(makeJob([alice]));
  const at = bench.ports.clock.wallMs() + 5000;
  const end = { at, outcome: 'succeeded', usage: { exitCode: 0 }, logBytes: 7 } as const;
  await bench.report(alice, { kind: 'finished', attempt: 'J1.1', ...end });
  await bench.desk.declareLost({ id, n: 1 }, { reason: 'Silence.', cause: 'silence' });
  // As if many jobs had come since: the newest bear no mark.
  const marks = [planMarker(activeJobKey('J2'), true), planRow(markedKey, 3)];
  await bench.kv.batch(marks, 'synced');
});

async function list(prefix: string): Promise<readonly string[]> {
  const range = { ...prefixRange(prefix), countMax: 100, order: 'ascending' } as const;
  const rows = await bench.kv.range(range);
  if (prefix !== 'je/') return rows.map(({ key, value }) => `${key} ${Buffer.from(value)}`);
  return rows.flatMap(readEndedRow).map(({ at, job, logBytes }) => `je/${at} ${job} ${logBytes}`);
}

const derived = ['ja/', 'je/', 'da/'];

test('markers: a store in which all of them are right is left alone', async () => {
  expect(await list('ja/')).toHaveLength(1);
  expect(await list('je/')).toHaveLength(2);
  expect(await list('da/')).toHaveLength(1);
  expect(await planMarkers(bench.kv, bench.ports.clock.wallMs())).toEqual([]);
});

test('markers: those that are gone are made again, with what a job’s log takes', async () => {
  const before = await Promise.all(derived.map(list));
  for (const prefix of derived) {
    const range = { ...prefixRange(prefix), countMax: 100, order: 'ascending' } as const;
    const ops = (await bench.kv.range(range)).map(({ key }) => ({ type: 'del', key }) as const);
    await bench.kv.batch(ops, 'synced');
  }
  await bench.kv.batch(await planMarkers(bench.kv, bench.ports.clock.wallMs()), 'synced');
  const after = await Promise.all(derived.map(list));
  // The hub's own instant of the end is not in the job; the rest is as it was.
  const bare = (rows: readonly (readonly string[])[]) =>
    rows.map((list) => list.map((row) => row.replace(/^je\/\d+/, 'je')).toSorted());
  expect(bare(after)).toEqual(bare(before));
  expect(await planMarkers(bench.kv, bench.ports.clock.wallMs())).toEqual([]);
});

test('markers: a worker whose clock is ahead puts no end behind those to come', async () => {
  const now = bench.ports.clock.wallMs();
  // The worker said five seconds more than it is here.
  const range = { ...prefixRange('je/'), countMax: 100, order: 'ascending' } as const;
  const ends = (await bench.kv.range(range)).map(({ key }) => ({ type: 'del', key }) as const);
  await bench.kv.batch(ends, 'synced');
  const ops = await planMarkers(bench.kv, now);
  const last = endedJobKey(now, 'J999');
  expect(ops.map(({ key }) => key < last)).toEqual([true, true]);
});

test('markers: the end of a job that is made again takes no row of others away, which has the key that it would have', async () => {
  const range = { ...prefixRange('je/'), countMax: 100, order: 'ascending' } as const;
  const rows = await bench.kv.range(range);
  const shared = planRow(endedJobKey(rows.flatMap(readEndedRow)[0]?.at ?? 0, 'J1'), [3]);
  const now = readEndedJobKey(shared.key).at;
  await bench.kv.batch(
    [...rows.map(({ key }) => ({ type: 'del', key }) as const), shared],
    'synced',
  );
  await bench.kv.batch(await planMarkers(bench.kv, now), 'synced');
  const after = (await bench.kv.range(range)).flatMap(readEndedRow);
  expect(after).toMatchObject([
    { job: 'J1', at: now - 1 },
    { job: 'J3', at: now },
  ]);
});

test('markers: those of what has ended, or is not there, go', async () => {
  const value = new Uint8Array([1]);
  const keys = [activeJobKey('J1'), activeJobKey('J99'), openDecisionKey(99)];
  await bench.kv.batch(
    keys.map((key) => ({ type: 'put', key, value }) as const),
    'synced',
  );
  const ops = await planMarkers(bench.kv, bench.ports.clock.wallMs());
  expect(ops).toEqual(keys.map((key) => ({ type: 'del', key })));
});

test('markers: one of the newest may bear one that has not ended, and need not', async () => {
  const { id } = await bench.desk.dispatch(makeJob([alice]));
  const now = bench.ports.clock.wallMs();
  expect(await planMarkers(bench.kv, now)).toEqual([]);
  await bench.kv.batch([planMarker(activeJobKey(id), true)], 'synced');
  expect(await planMarkers(bench.kv, now)).toEqual([]);
});

test('markers: in a store of format 3 every job that has not ended bears one', async () => {
  await bench.kv.batch([planRow(formatKey, 3), { type: 'del', key: activeJobKey('J2') }], 'synced');
  const ops = await planMarkers(bench.kv, bench.ports.clock.wallMs());
  expect(ops.map(({ key }) => key)).toEqual([activeJobKey('J2')]);
});
