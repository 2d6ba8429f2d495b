/*
 * Format 5 to 6: what an agent held is held after it, in the log of its changes; a program of before refuses the store.
 */
import { expect, test } from 'vitest';
import { openHeldRows, sortHeld } from '../../../agent/attempts.ts';
import { openStore, readFormat, storeMigrations } from '../../../store/format.ts';
import { heldKey, prefixRange } from '../../../store/keys.ts';
import { instantDisk, openMemoryKv } from '../../../store/memory.ts';
import { createWorld } from '../world.ts';

/** What a row of format 5 held: accepted, of `true`; and one of format 3, a map, that ended. */
const golden = {
  'a/000000000007.000001':
    '98a44a372e319d91a474727565c2cd03e880c0c0c0c0c0c0c0c0c0cd03e892a861636365707465640cc0c0c0c0',
  'a/000000000012.000001':
    '85a7617474656d7074a54a31322e31a47370656384a7636f6d6d616e6491a474727565a3656e7680ac69734964656d706f74' +
    '656e74c2ab6c6f737441667465724d73cd03e8a869737375656441740ba5737461746584a26973a866696e6973686564aa61' +
    '63636570746564417401a973746172746564417402a6656e64696e6783a76f7574636f6d65a9737563636565646564a26174' +
    '03a5757361676580ab66696e69736865645365710d',
};

test('migration: what was held in format 5 is held in the log, and no older program opens it', async () => {
  const { random } = createWorld(1);
  const kv = await openMemoryKv(instantDisk());
  const older = storeMigrations.slice(0, 4);
  await openStore(kv, random, older);
  const rows = Object.entries(golden).map(([key, value]) => {
    return { type: 'put', key, value: Uint8Array.from(Buffer.from(value, 'hex')) } as const;
  });
  await kv.batch(rows, 'synced');
  await openStore(kv, random, storeMigrations.slice(0, 5));
  expect(await readFormat(kv)).toBe(6);
  const all = { countMax: 9, order: 'ascending' } as const;
  expect(await kv.range({ ...prefixRange('a/'), ...all })).toEqual([]);
  const held = await openHeldRows(kv);
  expect(sortHeld(held.list())).toMatchObject([
    { attempt: 'J7.1', issuedAt: 1000, state: { is: 'accepted', acceptedAt: 12 } },
    { attempt: 'J12.1', finishedSeq: 13, state: { is: 'finished', startedAt: 2 } },
  ]);
  held.remove('J7.1');
  held.remove('J12.1');
  expect(held.seal()).toEqual([
    { type: 'del', key: heldKey(1) },
    { type: 'del', key: heldKey(2) },
  ]);
  await expect(openStore(kv, random, older)).rejects.toMatchObject({ code: 'STORE_FORMAT' });
});

test('migration: a row that could not be read stays so, and is named', async () => {
  for (const value of ['', 'c1', 'a44a372e31', '90', 'c0', '91a44a372e3100']) {
    const { random } = createWorld(1);
    const kv = await openMemoryKv(instantDisk());
    await openStore(kv, random, storeMigrations.slice(0, 4));
    const row = { type: 'put', key: 'a/000000000007.000001' } as const;
    await kv.batch([{ ...row, value: Uint8Array.from(Buffer.from(value, 'hex')) }], 'synced');
    await openStore(kv, random, storeMigrations.slice(0, 5));
    await expect(openHeldRows(kv)).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining(heldKey(1)),
    });
  }
});
