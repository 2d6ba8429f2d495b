/*
 * Format 4 to 5: the order of ends stays as it was, and what ends then follows it; a program of before refuses the store.
 */
import { expect, test } from 'vitest';
import { EndsPage, readEndedRow } from '../../../cockpit/hub/ended-rows.ts';
import { openStore, readFormat, storeMigrations } from '../../../store/format.ts';
import { endedJobKey, prefixRange } from '../../../store/keys.ts';
import { instantDisk, openMemoryKv } from '../../../store/memory.ts';
import { createWorld } from '../world.ts';

/** What a row of format 4 held: {logBytes: 70000}. */
const golden = '81a86c6f674279746573ce00011170';

test('migration: the ends of a store of format 4 are read after it, before new ones, and no older program opens it', async () => {
  const { random } = createWorld(1);
  const kv = await openMemoryKv(instantDisk());
  const older = storeMigrations.slice(0, 3);
  await openStore(kv, random, older);
  const value = Uint8Array.from(Buffer.from(golden, 'hex'));
  await kv.batch([{ type: 'put', key: endedJobKey(500, 'J9'), value }], 'synced');
  await openStore(kv, random, storeMigrations.slice(0, 4));
  expect(await readFormat(kv)).toBe(5);
  const page = new EndsPage();
  page.goOnAfter(500);
  page.add([{ job: 'J4', at: 400, logBytes: 0 }]);
  await kv.batch(page.seal(), 'synced');
  const rows = await kv.range({ ...prefixRange('je/'), countMax: 9, order: 'ascending' });
  expect(rows.flatMap(readEndedRow)).toMatchObject([
    { job: 'J9', at: 500, logBytes: 70_000 },
    { job: 'J4', at: 501, logBytes: 0 },
  ]);
  await expect(openStore(kv, random, older)).rejects.toMatchObject({ code: 'STORE_FORMAT' });
});
