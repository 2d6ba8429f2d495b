/*
 * What ended work left for the hub: how far behind its way there may be before nothing new is begun, and what stays
 * of what nobody wants any more.
 */
import { expect, test } from 'vitest';
import type { Desk } from '../../agent/desk.ts';
import { Leavings } from '../../agent/leavings.ts';
import { attemptsOwedMax } from '../../agent/limits.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import { soundDisk } from '../../store/disk-guard.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

/** Over an empty desk. */
async function openLeavings(
  parts: Partial<{ owes: (countMin: number) => boolean; caughtUp: () => void }> = {},
) {
  const { owes = () => false, caughtUp = () => undefined } = parts;
  const desk = { list: () => [], owes };
  const artifacts = await openMemoryArtifacts(instantArtifactDisk());
  const logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1 << 20 });
  const noticed: string[] = [];
  const leavings = new Leavings({
    ...{ desk: desk as unknown as Desk, held: [], logs, artifacts, disk: soundDisk, caughtUp },
    send: () => 'sent',
    ports: new FakePorts(),
    failed: (error) => {
      throw error;
    },
    noticed: (line) => noticed.push(line),
  });
  return { leavings, artifacts, logs, noticed };
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
