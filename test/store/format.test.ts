/*
 * The format of the store: identity, incarnations, migrations, and what is refused untouched.
 *
 * Migrations are the test's own; the real list is tested by the change that adds to it.
 */
import { describe, expect, it } from 'vitest';
import type { Migration } from '../../store/format.ts';
import { openStore, storeMigrations } from '../../store/format.ts';
import { formatKey, incarnationKey, storeIdKey, wholeRange } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { planRow } from '../../store/row-codec.ts';
import { createWorld } from './world.ts';

const { random } = createWorld(1);

describe('store format', () => {
  it('open: an empty store gets an identity that stays, and each opening a new incarnation', async () => {
    const disk = instantDisk();
    const first = await openStore(await openMemoryKv(disk), random);
    expect(first.storeId).toMatch(/^[0-9a-f]{32}$/);
    expect(first.incarnation).toBe(1);
    for (const incarnation of [2, 3]) {
      disk.crash();
      const again = await openStore(await openMemoryKv(disk), random);
      expect(again).toMatchObject({ storeId: first.storeId, incarnation });
    }
  });

  it('open: two new stores have two identities', async () => {
    const first = await openStore(await openMemoryKv(instantDisk()), random);
    const second = await openStore(await openMemoryKv(instantDisk()), random);
    expect(first.storeId).not.toBe(second.storeId);
  });

  it('open: a store of a newer format is STORE_FORMAT and stays as it was', async () => {
    const kv = await openMemoryKv(instantDisk());
    await openStore(kv, random, [...storeMigrations, noChange]);
    const before = await dump(kv);
    await expect(openStore(kv, random)).rejects.toMatchObject({ code: 'STORE_FORMAT' });
    expect(await dump(kv)).toEqual(before);
  });

  it('open: rows without a format are STORE_DAMAGED and stay as they were', async () => {
    for (const key of ['\0', 'j/000000000001', storeIdKey, '\u{1F600}']) {
      const kv = await openMemoryKv(instantDisk());
      await kv.batch([planRow(key, 1)], 'synced');
      const before = await dump(kv);
      await expect(openStore(kv, random)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
      expect(await dump(kv)).toEqual(before);
    }
  });

  it('open: a format or identity that cannot be read is STORE_DAMAGED', async () => {
    for (const op of [
      planRow(formatKey, 'one'),
      planRow(formatKey, 0),
      planRow(storeIdKey, 'short'),
      { type: 'del', key: incarnationKey } as const,
    ]) {
      const kv = await openMemoryKv(instantDisk());
      await openStore(kv, random);
      await kv.batch([op], 'synced');
      await expect(openStore(kv, random)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    }
  });

  it('migrations: those that the store lacks run once each, in order, from what the last one left', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    const { storeId } = await openStore(kv, random, []);
    expect(await openStore(kv, random, [adds('x', 1)])).toMatchObject({ storeId, incarnation: 2 });
    await openStore(kv, random, [adds('x', 1), adds('x', 2), adds('x', 3)]);
    await openStore(kv, random, [adds('x', 1), adds('x', 2), adds('x', 3)]);
    expect(Array.from((await kv.get('x')) ?? [])).toEqual([1, 2, 3]);
    disk.crash();
    const reopening = openStore(await openMemoryKv(disk), random, [adds('x', 1)]);
    await expect(reopening).rejects.toMatchObject({ code: 'STORE_FORMAT' });
  });

  it('migrations: a new store begins at the newest format and runs none', async () => {
    const kv = await openMemoryKv(instantDisk());
    await openStore(kv, random, [adds('x', 1)]);
    await openStore(kv, random, [adds('x', 1)]);
    expect(await kv.get('x')).toBeUndefined();
  });

  it('migrations: one that fails leaves those before it done and itself undone', async () => {
    const kv = await openMemoryKv(instantDisk());
    await openStore(kv, random, []);
    const fails: Migration = async () => {
      throw new Error('cannot plan');
    };
    await expect(openStore(kv, random, [adds('x', 1), fails])).rejects.toThrow('cannot plan');
    await openStore(kv, random, [adds('x', 1), adds('x', 2)]);
    expect(Array.from((await kv.get('x')) ?? [])).toEqual([1, 2]);
  });
});

const noChange: Migration = async () => [];

function adds(key: string, byte: number): Migration {
  return async (kv) => [
    { type: 'put', key, value: Uint8Array.of(...((await kv.get(key)) ?? []), byte) },
  ];
}

function dump(kv: Kv): Promise<unknown> {
  return kv.range({ ...wholeRange, countMax: 1000, order: 'ascending' });
}
