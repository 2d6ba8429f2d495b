/*
 * What ended work left for the hub: how far behind its way there may be before nothing new is begun, and what stays
 * of what nobody wants any more.
 */
import { expect, test } from 'vitest';
import type { Desk } from '../../agent/desk.ts';
import { Leavings } from '../../agent/leavings.ts';
import { artifactRoomMsMax, attemptsOwedMax } from '../../agent/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import { soundDisk } from '../../store/disk-guard.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

/** Over an empty desk. */
async function openLeavings(
  parts: Partial<{
    owes: (countMin: number) => boolean;
    caughtUp: () => void;
    hasLogRoom: () => Promise<boolean>;
  }> = {},
) {
  const {
    owes = () => false,
    caughtUp = () => undefined,
    hasLogRoom = soundDisk.hasLogRoom,
  } = parts;
  const ports = new FakePorts();
  const desk = { list: () => [], owes };
  const artifacts = await openMemoryArtifacts(instantArtifactDisk());
  const logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1 << 20 });
  const noticed: string[] = [];
  const leavings = new Leavings({
    ...{ desk: desk as unknown as Desk, held: [], logs, artifacts, disk: { hasLogRoom }, caughtUp },
    send: () => 'sent',
    ports,
    failed: (error) => {
      throw error;
    },
    noticed: (line) => noticed.push(line),
  });
  return { leavings, artifacts, logs, noticed, ports };
}

test('leavings: new work waits while the hub lacks too much of what ended, and not without a link', async () => {
  let owed = 0;
  let caughtUp = 0;
  const { leavings } = await openLeavings({
    owes: (countMin) => owed >= countMin,
    caughtUp: () => {
      caughtUp += 1;
    },
  });
  owed = attemptsOwedMax;
  expect(leavings.isBehind).toBe(false);
  leavings.linked();
  expect(leavings.isBehind).toBe(true);
  expect(leavings.status).toContain('new work waits');
  await leavings.forget('J1.1');
  expect(caughtUp).toBe(0);
  owed -= 1;
  await leavings.forget('J2.1');
  await leavings.forget('J3.1');
  expect([leavings.isBehind, caughtUp]).toEqual([false, 1]);
  owed += 1;
  expect(leavings.isBehind).toBe(true);
  leavings.unlinked();
  expect([leavings.isBehind, caughtUp]).toEqual([false, 2]);
});

test('leavings: artifacts of what was forgotten while they were copied stay nowhere', async () => {
  const { leavings, artifacts } = await openLeavings();
  let isWanted = true;
  const file = (path: string) => ({
    path,
    async *read() {
      yield Buffer.from('one');
      isWanted = false;
      yield Buffer.from('two');
    },
  });
  await leavings.collect('J1.1', { found: [file('a'), file('b')], missed: [] }, () => isWanted);
  expect([await artifacts.list(), leavings.artifacts('J1.1')]).toEqual([[], undefined]);
  isWanted = true;
  await leavings.collect('J2.1', { found: [], missed: [] }, () => isWanted);
  expect(leavings.artifacts('J2.1')).toEqual({ kept: [], missed: [] });
});

test('leavings: a log that cannot be removed is said, and ends no agent', async () => {
  const { leavings, logs, noticed } = await openLeavings();
  leavings.noteLogEnd('J1.1', 5);
  logs.remove = () => Promise.reject(new Error('EROFS'));
  await leavings.forget('J1.1');
  expect([leavings.logEnd('J1.1'), noticed]).toEqual([
    0,
    [expect.stringContaining('what J1.1 left here cannot be removed now')],
  ]);
});

test('leavings: artifacts wait for room on a full disk, for so long and no longer over all of them', async () => {
  let hasRoom = false;
  const { leavings, ports } = await openLeavings({ hasLogRoom: async () => hasRoom });
  const read = async function* () {
    yield Buffer.from('one');
  };
  const found = ['a', 'b'].map((path) => ({ path, read }));
  const collect = (attempt: AttemptId) =>
    leavings.collect(attempt, { found, missed: [] }, () => true);
  const patient = collect('J1.1');
  await ports.advance(artifactRoomMsMax / 2);
  hasRoom = true;
  await ports.advance(1000);
  await patient;
  expect(leavings.artifacts('J1.1')?.kept.map(({ path }) => path)).toEqual(['a', 'b']);
  hasRoom = false;
  const late = collect('J2.1');
  await ports.advance(artifactRoomMsMax + 1000);
  await late;
  expect(leavings.artifacts('J2.1')?.missed.map(({ code }) => code)).toEqual([
    'DISK_FULL',
    'DISK_FULL',
  ]);
});
