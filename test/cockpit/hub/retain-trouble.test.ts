/*
 * Forgetting while the disk takes nothing, does not let go, or somebody else asks: what failed is done later, and
 * counted once.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { Retain } from '../../../cockpit/hub/retain.ts';
import type { KeepPolicy } from '../../../cockpit/manager/plan-retention.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { Archive, type ArchivePort } from '../../../store/archive.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { readQuarantine } from '../../../store/quarantine.ts';
import { alice, bob, type HubBench, openTeamBench } from './hub-bench.ts';
import { endJob, generous, listJobs } from './retain-scene.ts';

let bench: HubBench;
let port: MemoryArchive;
let discarded: AttemptId[];
/** Of this attempt nothing can be removed. */
let stuck: AttemptId | undefined;

beforeEach(async () => {
  bench = await openTeamBench();
  port = new MemoryArchive();
  discarded = [];
  stuck = undefined;
});

async function open(policy: Partial<KeepPolicy>, archive: ArchivePort = port): Promise<Retain> {
  const { kv, desk, inbox, ports, state } = bench;
  return new Retain({
    ...{ kv, desk, inbox, state, ports },
    logs: await openMemoryLogs(instantLogDisk(), { bytesMax: 1_000_000 }),
    archive: new Archive(kv, archive),
    policy: { ...generous, ...policy },
    describe: async ({ id }) => ({ id }),
    discard: async (attempt) => {
      if (attempt === stuck) throw new Error('no such luck');
      discarded.push(attempt);
    },
    noticed: () => undefined,
  });
}

/** A job of alice's that has ended, and printed so many bytes. */
async function end(logBytes = 0): Promise<void> {
  await endJob(bench, logBytes);
}

const jobs = () => listJobs(bench);

describe('retain in trouble', () => {
  test('retain: what a full disk kept goes once there is room, and nothing younger in its place', async () => {
    let isFull = true;
    const filling: ArchivePort = {
      findSize: (file) => port.findSize(file),
      cut: (file, bytes) => port.cut(file, bytes),
      append: (file, bytes) =>
        isFull ? Promise.reject(new Error('no space left')) : port.append(file, bytes),
    };
    for (let count = 0; count < 4; count += 1) await end();
    const retain = await open({ jobsMax: 2 }, filling);
    await retain.look();
    expect(await jobs()).toEqual(['J1', 'J2', 'J3', 'J4']);
    isFull = false;
    await retain.look();
    expect(await jobs()).toEqual(['J3', 'J4']);
  });

  test('retain: logs that could not be removed at once are not counted off twice', async () => {
    for (let count = 0; count < 5; count += 1) await end(400);
    const retain = await open({ logsBytesMax: 1000 });
    stuck = 'J2.1';
    for (let count = 0; count < 3; count += 1) await retain.look();
    stuck = undefined;
    await retain.look();
    expect([...new Set(discarded)]).toEqual(['J1.1', 'J2.1', 'J3.1']);
  });

  test('retain: two that ask for messages to be moved write the archive one after the other', async () => {
    for (const peer of [alice, bob]) {
      await bench.desk.takeFacts(peer, [{ seq: 1, bytes: Uint8Array.of(0xc1) }]);
    }
    let [writing, most] = [0, 0];
    const slow: ArchivePort = {
      findSize: (file) => port.findSize(file),
      cut: (file, bytes) => port.cut(file, bytes),
      append: async (file, bytes) => {
        writing += 1;
        most = Math.max(most, writing);
        await new Promise(setImmediate);
        await port.append(file, bytes);
        writing -= 1;
      },
    };
    const retain = await open({}, slow);
    const asked = [alice, bob].map((peer) => retain.archiveQuarantined(peer));
    await Promise.all([retain.look(), ...asked]);
    expect(most).toBe(1);
    expect(await readQuarantine(bench.kv, 9)).toEqual([]);
  });
});
