/*
 * Opening a store of an older format: what is copied, what a failure leaves, and when the copy goes.
 *
 * Migrations are the test's own.
 */
import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMigratedKv } from '../../store/backup.ts';
import { type Migration, openStore } from '../../store/format.ts';
import { formatKey, tailKey, wholeRange } from '../../store/keys.ts';
import { openLevelKv } from '../../store/open.ts';
import { planRow } from '../../store/row-codec.ts';
import { createDirectory } from './place.ts';
import { createWorld } from './world.ts';

const { random } = createWorld(1);

let home: Awaited<ReturnType<typeof createDirectory>>;
let path: string;

beforeEach(async () => {
  home = await createDirectory();
  path = join(home.path, 'store');
  await start([]);
  const kv = await openLevelKv(path);
  await kv.batch([planRow('j/000000000001', 'old')], 'synced');
  await kv.close();
});

afterEach(() => home.remove());

/** Renames what `old` is called, as a migration would. */
const first: Migration = async () => [planRow('j/000000000001', 'new')];
const second: Migration = async () => [planRow('j/000000000002', 'newer')];
const broken: Migration = async () => {
  throw new Error('this migration has a fault');
};

/** One start of a program of the version that knows these migrations. */
async function start(migrations: readonly Migration[]): Promise<void> {
  const kv = await openMigratedKv(path, migrations);
  await openStore(kv, random, migrations);
  await kv.close();
}

async function readRows(directory = path): Promise<Readonly<Record<string, string>>> {
  const kv = await openLevelKv(directory);
  const rows = await kv.range({ ...wholeRange, countMax: 1000, order: 'ascending' });
  await kv.close();
  const pairs = rows.map(({ key, value }) => [key, Buffer.from(value).toString('latin1')]);
  return Object.fromEntries(pairs.filter(([key]) => key !== tailKey));
}

const listHome = async () => (await readdir(home.path)).sort();

describe('backup', () => {
  it('open: a store of the present format is not copied, and neither is a new one', async () => {
    await start([]);
    await openMigratedKv(join(home.path, 'other'), [first]).then((kv) => kv.close());
    expect(await listHome()).toEqual(['other', 'store']);
  });

  it('open: before the first migration the store is copied whole, and the copy opens as it was', async () => {
    const before = await readRows();
    await start([first, second]);
    expect(await readRows()).toMatchObject({
      'j/000000000001': expect.stringContaining('new'),
      'j/000000000002': expect.stringContaining('newer'),
      [formatKey]: '\x03',
    });
    expect(await listHome()).toEqual(['store', 'store.backup-1']);
    expect(await readRows(join(home.path, 'store.backup-1'))).toMatchObject(before);
  });

  it('open: a migration that fails leaves the store of its last whole step, and the first copy stays', async () => {
    await expect(start([first, broken])).rejects.toThrow('this migration has a fault');
    const copy = join(home.path, 'store.backup-1');
    const before = await readRows(copy);
    expect(await readRows()).toMatchObject({ [formatKey]: '\x02' });
    await start([first, second]);
    expect(await readRows()).toMatchObject({ [formatKey]: '\x03' });
    expect(await listHome()).toEqual(['store', 'store.backup-1']);
    expect(await readRows(copy)).toEqual(before);
    expect(before).toMatchObject({ 'j/000000000001': expect.stringContaining('old') });
  });

  it('open: what a crash left half copied is copied anew before anything is migrated', async () => {
    await expect(start([broken])).rejects.toThrow();
    await rename(join(home.path, 'store.backup-1'), join(home.path, 'store.backup-1.new'));
    await rm(join(home.path, 'store.backup-1.new', 'CURRENT'));
    await start([first]);
    expect(await listHome()).toEqual(['store', 'store.backup-1']);
    expect(await readRows(join(home.path, 'store.backup-1'))).toMatchObject({
      'j/000000000001': expect.stringContaining('old'),
    });
  });

  it('open: where no copy can be made nothing is migrated', async () => {
    const before = await readRows();
    await writeFile(join(home.path, 'store.backup-1'), 'in the way');
    await expect(start([first])).rejects.toMatchObject({ code: 'STORE_IO' });
    expect(await readRows()).toMatchObject({ ...before, [formatKey]: '\x01' });
  });

  it('open: the copy goes at the third start after the one that migrated, and not before', async () => {
    await start([first]);
    for (const there of [true, true, false]) {
      await start([first]);
      expect((await listHome()).includes('store.backup-1')).toBe(there);
    }
    expect(Object.keys(await readRows())).not.toContain('meta/backup');
  });

  it('open: a change of format soon after another is copied too, with what was written in between', async () => {
    await start([first]);
    const kv = await openLevelKv(path);
    await kv.batch([planRow('j/000000000003', 'between')], 'synced');
    await kv.close();
    await start([first, second]);
    expect(await listHome()).toEqual(['store', 'store.backup-1', 'store.backup-2']);
    expect(await readRows(join(home.path, 'store.backup-2'))).toMatchObject({
      'j/000000000003': expect.stringContaining('between'),
      [formatKey]: '\x02',
    });
    for (let starts = 0; starts < 3; starts += 1) await start([first, second]);
    expect(await listHome()).toEqual(['store']);
  });

  it('open: a copy that was put back and left there is no copy of what was written since', async () => {
    await start([first]);
    const copy = join(home.path, 'store.backup-1');
    await rm(path, { recursive: true });
    await cp(copy, path, { recursive: true });
    await start([]);
    const kv = await openLevelKv(path);
    await kv.batch([planRow('j/000000000003', 'since')], 'synced');
    await kv.close();
    await start([first]);
    expect(await readRows(copy)).toMatchObject({
      'j/000000000003': expect.stringContaining('since'),
    });
  });

  it('open: a store that was restored in the place of a migrated one is copied and migrated like any other', async () => {
    const old = join(home.path, 'old');
    await cp(path, old, { recursive: true });
    await start([first]);
    await rm(path, { recursive: true });
    await rename(old, path);
    const kv = await openLevelKv(path);
    await kv.batch([planRow('j/000000000003', 'restored')], 'synced');
    await kv.close();
    await start([first]);
    expect(await readRows()).toMatchObject({ [formatKey]: '\x02' });
    expect(await readRows(join(home.path, 'store.backup-1'))).toMatchObject({
      'j/000000000003': expect.stringContaining('restored'),
      [formatKey]: '\x01',
    });
  });

  it('open: an older version after a newer one is refused; the copy in its place works again', async () => {
    await start([first]);
    const before = await readRows();
    await expect(start([])).rejects.toMatchObject({ code: 'STORE_FORMAT' });
    expect(await readRows()).toEqual(before);
    await rm(path, { recursive: true });
    await rename(join(home.path, 'store.backup-1'), path);
    await start([]);
    expect(await readRows()).toMatchObject({ 'j/000000000001': expect.stringContaining('old') });
  });
});
