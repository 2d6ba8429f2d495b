/*
 * Looking into the store of a home in which nobody runs: what is damaged, or is not there, stays as it is.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readHomeAudit } from '../../store/audit-home.ts';
import { createdMark } from '../../store/made.ts';
import { openLevelKv } from '../../store/open.ts';
import { openReopeningKv } from '../../store/reopen.ts';
import { findMissingStore } from '../../store/store-mark.ts';
import { writeWitness } from '../../store/witness.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { createDirectory } from './place.ts';

async function openHome(): Promise<string> {
  const place = await createDirectory();
  onTestFinished(place.remove);
  return place.path;
}

/** Makes a store whose log holds some batches, and lets go of it. */
async function makeStore(home: string): Promise<string> {
  const store = join(home, 'store');
  const kv = await openReopeningKv({
    open: () => openLevelKv(store),
    ports: new FakePorts(),
    makeRoom: async () => undefined,
    changed: () => undefined,
  });
  const value = new Uint8Array(200).fill(7);
  for (let n = 0; n < 20; n += 1) await kv.batch([{ type: 'put', key: `j/${n}`, value }], 'synced');
  await kv.close();
  await writeWitness(store, kv.syncedTail);
  return store;
}

const look = (home: string) =>
  readHomeAudit({ store: join(home, 'store'), audit: join(home, 'audit') }, { noted: undefined });

const readAll = (store: string) =>
  readdirSync(store)
    .filter((name) => !/^(LOCK|LOG)/.test(name))
    .map((name) => [name, readFileSync(join(store, name), 'hex')]);

test('a look: a sound store is read', async () => {
  const home = await openHome();
  await makeStore(home);
  expect(await look(home)).toMatchObject({ isWhole: true });
});

test('a look: a store with a damaged log is refused, and nothing of it is thrown away', async () => {
  const home = await openHome();
  const store = await makeStore(home);
  const log = readdirSync(store).find(
    (name) => name.endsWith('.log') && statSync(join(store, name)).size > 0,
  );
  const file = join(store, log ?? '');
  writeFileSync(file, readFileSync(file).fill(0, 300, 320));
  const before = readAll(store);
  await expect(look(home)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  expect(readAll(store)).toEqual(before);
});

test('a look: a store that is gone is not made, for then nobody would miss it any more', async () => {
  const home = await openHome();
  const mark = join(home, 'store.made');
  writeFileSync(mark, '');
  await expect(look(home)).rejects.toMatchObject({ code: 'STORE_MISSING' });
  expect(await findMissingStore({ store: join(home, 'store'), mark })).toBeDefined();
  mkdirSync(join(home, 'store'));
  await expect(look(home)).rejects.toMatchObject({ code: 'STORE_MISSING' });
});

test('a look: a store that another process makes meanwhile is not missed', async () => {
  const home = await openHome();
  const store = join(home, 'store');
  const mark = join(home, 'store.made');
  const looking = findMissingStore({ store, mark });
  // The first that it asks is answered from a thread of its own, before there is anything; the rest after it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  mkdirSync(store);
  writeFileSync(join(store, createdMark), '');
  writeFileSync(mark, '');
  expect(await looking).toBeUndefined();
});
