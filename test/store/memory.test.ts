/*
 * The store in memory: the contract, and what only it can do: crash and fail on demand.
 *
 * What depends on chance is asserted over many seeds: every legal history, and no other.
 */
import { describe, expect, it } from 'vitest';
import type { DiskTiming } from '../../store/disk-timing.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { instantDisk, MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import { describeKv } from '../conformance/store.ts';
import { createWorld } from './world.ts';

describeKv('memory, instant', async () => {
  const disk = instantDisk();
  return { open: () => openMemoryKv(disk), dispose: async () => {} };
});

describe('memory disk', () => {
  it('crash: every batch that was acknowledged as synced is kept', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    await kv.batch([put('a')], 'buffered');
    await kv.batch([put('b')], 'synced');
    disk.crash();
    expect(await listKeys(await openMemoryKv(disk))).toEqual(['a', 'b']);
  });

  it('crash: the instant disk loses everything after the last synced batch', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    await kv.batch([put('a', 1), put('b', 1)], 'synced');
    await kv.batch([put('a', 2), del('b'), put('c')], 'buffered');
    await kv.batch([put('a', 3), put('b', 3)], 'buffered');
    disk.crash();
    const after = await openMemoryKv(disk);
    expect(await listKeys(after)).toEqual(['a', 'b']);
    expect(await after.get('a')).toEqual(Uint8Array.of(1));
    expect(await after.get('b')).toEqual(Uint8Array.of(1));
  });

  it('crash: a synced batch without changes makes nothing durable', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    await kv.batch([put('a')], 'buffered');
    await kv.batch([], 'synced');
    disk.crash();
    expect(await listKeys(await openMemoryKv(disk))).toEqual([]);
  });

  it('crash: what stays is a prefix of whole batches, and over seeds every prefix occurs', async () => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 60; seed += 1) {
      const world = createWorld(seed);
      const disk = new MemoryDisk(timing(world));
      const kv = await openMemoryKv(disk);
      for (let n = 0; n < 4; n += 1) {
        const writing = kv.batch([put(`x${n}`), put(`y${n}`)], 'buffered');
        await world.settle(writing);
      }
      disk.crash();
      const keys = await listKeys(await openMemoryKv(disk));
      const count = keys.length / 2;
      const expected = [...range(count, 'x'), ...range(count, 'y')];
      expect(keys).toEqual(expected);
      seen.add(count);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('crash: a batch in flight is kept or lost, the ones waiting behind it are lost', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const disk = new MemoryDisk(timing(createWorld(seed)));
      const kv = await openMemoryKv(disk);
      void kv.batch([put('a')], 'synced');
      void kv.batch([put('b')], 'synced');
      disk.crash();
      seen.add((await listKeys(await openMemoryKv(disk))).join());
    }
    expect([...seen].sort()).toEqual(['', 'a']);
  });

  it('crash: pending promises of the dead store never settle, and its later calls fail', async () => {
    const world = createWorld(1);
    const disk = new MemoryDisk(timing(world));
    const kv = await openMemoryKv(disk);
    let settledCount = 0;
    const count = (): void => {
      settledCount += 1;
    };
    void kv.batch([put('a')], 'synced').then(count, count);
    void kv.batch([put('b')], 'buffered').then(count, count);
    void kv.close().then(count, count);
    disk.crash();
    const after = await openMemoryKv(disk);
    await world.settle(after.batch([put('c')], 'synced'));
    await world.drain();
    expect(settledCount).toBe(0);
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(kv.range(whole)).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(kv.batch([put('a')], 'synced')).rejects.toMatchObject({ code: 'STORE_IO' });
    await kv.close();
    await expect(openMemoryKv(disk)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('failNext: the batch and all that wait behind it fail, and so does every later call', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    await kv.batch([put('a')], 'synced');
    disk.failNext();
    const writing = [kv.batch([put('b')], 'synced'), kv.batch([put('c')], 'synced')];
    const results = await Promise.allSettled(writing);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'STORE_IO' });
    await kv.close();
    expect(await listKeys(await openMemoryKv(disk))).toEqual(['a']);
  });

  it('failNext: over seeds the failed batch is sometimes there after a reopen', async () => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const world = createWorld(seed);
      const disk = new MemoryDisk(timing(world));
      const kv = await openMemoryKv(disk);
      disk.failNext();
      const writing = kv.batch([put('b')], 'synced');
      await expect(world.settle(writing)).rejects.toMatchObject({ code: 'STORE_IO' });
      await kv.close();
      seen.add((await listKeys(await openMemoryKv(disk))).length);
    }
    expect([...seen].sort()).toEqual([0, 1]);
  });

  it('timing: a synced batch takes between the least and the most of its delay', async () => {
    const world = createWorld(7);
    const disk = new MemoryDisk({ ...world, syncMs: [10, 20] });
    const kv = await openMemoryKv(disk);
    for (let n = 0; n < 50; n += 1) {
      const begin = world.nowMs();
      await world.settle(kv.batch([put(`k${n}`)], 'synced'));
      expect(world.nowMs() - begin).toBeGreaterThanOrEqual(10);
      expect(world.nowMs() - begin).toBeLessThanOrEqual(20);
    }
  });

  it('timing: two runs with one seed end at the same instant with the same rows', async () => {
    const run = async (): Promise<string> => {
      const world = createWorld(42);
      const disk = new MemoryDisk(timing(world));
      for (let life = 0; life < 20; life += 1) {
        const kv = await openMemoryKv(disk);
        const writing = kv.batch([put(`s${life}`)], life % 3 ? 'buffered' : 'synced');
        await world.settle(writing);
        void kv.batch([put(`t${life}`)], 'synced');
        disk.crash();
      }
      return `${world.nowMs()} ${(await listKeys(await openMemoryKv(disk))).join()}`;
    };
    expect(await run()).toBe(await run());
  });

  it('size: a hundred thousand rows in random order are sorted, and deleted again', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    const world = createWorld(3);
    const keys = Array.from({ length: 100_000 }, () => String(world.random.fraction()));
    for (let at = 0; at < keys.length; at += 1000) {
      await kv.batch(
        keys.slice(at, at + 1000).map((key) => put(key)),
        'buffered',
      );
    }
    const sorted = [...new Set(keys)].sort();
    expect(await listKeys(kv)).toEqual(sorted);
    const down = await kv.range({ ...whole, order: 'descending' });
    expect(down.map(({ key }) => key)).toEqual(sorted.toReversed());
    await kv.batch(sorted.filter((_, index) => index % 7 > 0).map(del), 'buffered');
    expect(await listKeys(kv)).toEqual(sorted.filter((_, index) => index % 7 === 0));
    await kv.batch(sorted.map(del), 'buffered');
    expect(await listKeys(kv)).toEqual([]);
  });
});

const whole = { gte: '', lt: '\u{10FFFF}', countMax: 1e9, order: 'ascending' } as const;

function timing(world: Pick<DiskTiming, 'timers' | 'random'>): DiskTiming {
  return { timers: world.timers, random: world.random, syncMs: [1, 10] };
}

function put(key: string, value = 0): KvOp {
  return { type: 'put', key, value: Uint8Array.of(value) };
}

function del(key: string): KvOp {
  return { type: 'del', key };
}

async function listKeys(kv: Kv): Promise<readonly string[]> {
  return (await kv.range(whole)).map(({ key }) => key);
}

function range(count: number, name: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`);
}
