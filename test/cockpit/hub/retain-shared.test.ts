/*
 * Forgetting jobs that share a row in the order of ends: some go, the others stay, each is counted once.
 */
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { readEndedRow } from '../../../cockpit/hub/ended-rows.ts';
import { keepBatchRows } from '../../../cockpit/hub/keep-limits.ts';
import type { Retain } from '../../../cockpit/hub/retain.ts';
import type { KeepPolicy } from '../../../cockpit/manager/plan-retention.ts';
import type { AttemptId, JobId } from '../../../protocol/model.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { prefixRange } from '../../../store/keys.ts';
import { alice, finished, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';
import { dayMs, endJob, listJobs, openRetain, runDays } from './retain-scene.ts';

let bench: HubBench;
let port: MemoryArchive;
let discarded: AttemptId[];

beforeEach(async () => {
  bench = await openTeamBench();
  port = new MemoryArchive();
  discarded = [];
});

function open(policy: Partial<KeepPolicy> = {}): Promise<Retain> {
  return openRetain(bench, { policy, port, discard: (attempt) => discarded.push(attempt) });
}

async function readEnds() {
  const range = { ...prefixRange('je/'), countMax: 1000, order: 'ascending' } as const;
  return bench.kv.range(range);
}

const jobs = () => listJobs(bench);

/** The jobs in the archive, in the order in which they went. */
function listArchived(): readonly JobId[] {
  const files = [...port.files.values()].filter((file) => file.length > 0);
  const lines = files.flatMap((file) => gunzipSync(file).toString().trimEnd().split('\n'));
  const all: { readonly type: string; readonly id: JobId }[] = lines.map((line) =>
    JSON.parse(line),
  );
  return all.filter(({ type }) => type === 'job').map(({ id }) => id);
}

/** Jobs that end in one batch, with logs of so many bytes. */
async function endTogether(...logBytes: readonly number[]): Promise<readonly JobId[]> {
  const made = await Promise.all(logBytes.map(() => bench.desk.dispatch(makeJob([alice]))));
  const facts = made.map(({ id }, index) => ({
    ...finished(`${id}.1`, 'succeeded'),
    logBytes: logBytes[index] ?? 0,
  }));
  await bench.report(alice, ...facts);
  return made.map(({ id }) => id);
}

describe('retain of shared rows', () => {
  test('retain: of jobs that ended in one batch some go, the rest later, each once', async () => {
    const ids = await endTogether(400, 400, 400, 400);
    expect(await readEnds()).toHaveLength(1);
    const retain = await open({ jobsMax: 3, logsBytesMax: 900 });
    await retain.look();
    expect([await jobs(), [...new Set(discarded)]]).toEqual([
      ['J2', 'J3', 'J4'],
      ['J1.1', 'J2.1'],
    ]);
    // Of the others, which ended at the same instant, the logs are kept.
    const places = (await readEnds()).flatMap(readEndedRow).map(({ place }) => place);
    expect(places.map((place) => retain.hasForgottenLog(place))).toEqual([true, false, false]);
    // What is counted and where it stands, for this loop and for one that begins anew.
    discarded = [];
    await endJob(bench, 400);
    await retain.look();
    expect(await jobs()).toEqual(['J3', 'J4', 'J5']);
    expect([...new Set(discarded)]).toEqual(['J3.1', 'J2.1']);
    discarded = [];
    await endJob(bench, 400);
    await (await open({ jobsMax: 3, logsBytesMax: 900 })).look();
    expect(await jobs()).toEqual(['J4', 'J5', 'J6']);
    expect([...new Set(discarded)]).toEqual(['J4.1', 'J3.1']);
    expect(listArchived()).toEqual(ids.slice(0, 3));
    await runDays(bench, 91);
    await (await open()).look();
    expect([await jobs(), await readEnds()]).toEqual([[], []]);
  });

  test('retain: one that must stay keeps its place in a row whose others go', async () => {
    const [first, second, third] = await endTogether(0, 0, 0);
    const held = bench.desk.claim([second ?? 'J0']);
    bench.ports.wallStartMs += 91 * dayMs;
    const retain = await open();
    await retain.look();
    expect([held, await jobs(), await readEnds()]).toMatchObject([true, [second], { length: 1 }]);
    bench.desk.release([second ?? 'J0']);
    await retain.look();
    expect([await jobs(), await readEnds()]).toEqual([[], []]);
    expect(listArchived()).toEqual([first, third, second]);
  });

  test('retain: more than are looked at in one go, in few rows and in rows of one, all go', async () => {
    for (let count = 0; count < 3; count += 1) {
      await endTogether(...Array.from({ length: keepBatchRows - 1 }, () => 0));
      await endJob(bench, 0);
    }
    expect(await readEnds()).toHaveLength(6);
    await (await open({ jobsMax: 10 })).look();
    expect(await jobs()).toHaveLength(10);
    await runDays(bench, 91);
    await (await open()).look();
    expect([await jobs(), await readEnds()]).toEqual([[], []]);
  });
});
