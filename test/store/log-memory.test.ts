/*
 * Logs in memory: the contract, and what a crash of the simulated disk leaves.
 *
 * Files are tested next door; both run the same conformance suite.
 */
import { describe, expect, it } from 'vitest';
import { instantLogDisk, MemoryLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { describeLogStore, fill, type LogPlace, readText, record } from '../conformance/log.ts';
import { describeLogBack } from '../conformance/log-back.ts';
import { describeLogGaps } from '../conformance/log-gaps.ts';
import { createWorld } from './world.ts';

const cap = { bytesMax: 64 * 1024 };

describeLogStore('memory, instant', openInstant);
describeLogBack('memory, instant', openInstant);
describeLogGaps('memory, instant', openInstant);

async function openInstant(): Promise<LogPlace> {
  const disk = instantLogDisk();
  return { open: (bytesMax) => openMemoryLogs(disk, { bytesMax }), dispose: async () => {} };
}

describe('memory log disk', () => {
  it('crash: what was synced is kept, over seeds every prefix of the rest occurs', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 60; seed += 1) {
      const world = createWorld(seed);
      const disk = new MemoryLogDisk({ ...world, syncMs: [1, 5] });
      const logs = await openMemoryLogs(disk, cap);
      const log = await logs.open('J1.1');
      await world.settle(log.append([record(0, 'ab')]));
      await world.settle(log.sync());
      await world.settle(log.append([record(2, 'c'), record(3, 'd')]));
      await world.settle(log.append([record(10, 'e')]));
      disk.crash();
      const after = await (await openMemoryLogs(disk, cap)).open('J1.1');
      seen.add(`${await readText(after)} ${after.end}`);
    }
    expect([...seen].sort()).toEqual(['ab 2', 'abc 3', 'abcd 4', 'abcde 11']);
  });

  it('crash: a log that was never synced may come back empty, and takes its first byte again', async () => {
    const disk = instantLogDisk();
    const log = await (await openMemoryLogs(disk, cap)).open('J1.1');
    await fill(log, { bytes: 10 * cap.bytesMax, recordBytes: 900 });
    disk.crash();
    const logs = await openMemoryLogs(disk, cap);
    const after = await logs.open('J1.1');
    expect(await logs.list()).toEqual(['J1.1']);
    expect(after.end).toBe(0);
    await after.append([record(0, 'a')]);
    expect(await readText(after)).toBe('a');
  });

  it('crash: a skip that resolved is kept', async () => {
    const disk = instantLogDisk();
    const log = await (await openMemoryLogs(disk, cap)).open('J1.1');
    await log.append([record(0, 'a')]);
    await log.skipTo(50);
    disk.crash();
    const after = await (await openMemoryLogs(disk, cap)).open('J1.1');
    expect(await after.read(0, 10)).toMatchObject({ records: [record(0, 'a')], next: 50, end: 50 });
  });

  it('crash: pending promises of the dead store never settle, and its later calls fail', async () => {
    const world = createWorld(1);
    const disk = new MemoryLogDisk({ ...world, syncMs: [1, 5] });
    const logs = await openMemoryLogs(disk, cap);
    const log = await logs.open('J1.1');
    let settledCount = 0;
    const count = (): void => {
      settledCount += 1;
    };
    void log.append([record(0, 'a')]).then(count, count);
    void log.sync().then(count, count);
    disk.crash();
    await world.drain();
    expect(settledCount).toBe(0);
    for (const call of [log.append([]), log.sync(), log.read(0, 1), logs.list()]) {
      await expect(call).rejects.toMatchObject({ code: 'STORE_IO' });
    }
    await logs.close();
    expect((await (await openMemoryLogs(disk, cap)).open('J1.1')).end).toBe(0);
  });
});
