/*
 * What ended work left for the hub: how far behind its way there may be before nothing new is begun.
 */
import { expect, test } from 'vitest';
import type { Desk } from '../../agent/desk.ts';
import { Leavings } from '../../agent/leavings.ts';
import { attemptsOwedMax } from '../../agent/limits.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

test('leavings: new work waits while the hub lacks too much of what ended, and not without a link', async () => {
  let owed = 0;
  let caughtUp = 0;
  const desk = { list: () => [], owes: (countMin: number) => owed >= countMin };
  const leavings = new Leavings({
    desk: desk as unknown as Desk,
    held: [],
    logs: await openMemoryLogs(instantLogDisk(), { bytesMax: 1 << 20 }),
    artifacts: await openMemoryArtifacts(instantArtifactDisk()),
    send: () => 'sent',
    ports: new FakePorts(),
    failed: (error) => {
      throw error;
    },
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
