/*
 * Holding a store on a file system that knows no hard links, as FUSE's and those of many cards and shares.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openStore } from '../../store/format.ts';
import { openLevelKv } from '../../store/open.ts';
import { repairHome } from '../../store/salvage/repair-home.ts';
import { holdStore } from '../../store/store-lock.ts';
import { openLossyDisk, whyNoLossyDisk } from '../chaos/disk/lossy-disk.ts';
import { titleOf } from '../kit/strace.ts';
import { tryToBegin } from './other-process.ts';

const reason = await whyNoLossyDisk();

test.skipIf(reason !== undefined)(
  titleOf('store lock: without hard links a store is held all the same, and mended', reason),
  async () => {
    const disk = await openLossyDisk('ext4', 1);
    if (typeof disk === 'string') throw new Error(disk);
    await using _closed = disk;
    const home = join(disk.path, 'home');
    const store = join(home, 'store');
    const { random } = openSystemPorts();
    const kv = await openLevelKv(store);
    await openStore(kv, random);
    await kv.close();
    const held = await holdStore(store);
    expect(tryToBegin(store)).toBe('STORE_LOCKED');
    await held.release();
    expect(tryToBegin(store)).toBe('begun');
    rmSync(join(store, 'CURRENT'));
    const mended = await repairHome({
      ...{ home, store, now: 6000, random, adapt: () => [], isDryRun: false },
      ...{ socket: join(home, 'hub.sock'), isAnswered: false },
    });
    expect(mended.store).toMatchObject({ is: 'mended', lost: [] });
    expect(readdirSync(home).toSorted()).toEqual(['set-aside', 'store']);
  },
);
