/*
 * A disk that is really full, under the real store: nothing that was acknowledged is missing.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openLevelKv } from '../../store/open.ts';
import { openReopeningKv } from '../../store/reopen.ts';
import { findMissing, runRounds } from '../chaos/disk/full-disk-rounds.ts';
import { openSmallDisk, whyNoSmallDisk } from '../kit/small-disk.ts';

const reason = await whyNoSmallDisk();

test.skipIf(reason !== undefined)(
  `full disk: of 4 rounds on a tmpfs nothing acknowledged is missing${reason === undefined ? '' : ` (left out: ${reason})`}`,
  async () => {
    const opening = await openSmallDisk(16);
    if (opening.kind === 'left-out') throw new Error(opening.reason);
    await using disk = opening.disk;
    const path = join(disk.path, 'store');
    let failures = 0;
    const kv = await openReopeningKv({
      open: () => openLevelKv(path),
      ports: openSystemPorts(),
      makeRoom: async () => undefined,
      changed: ({ is }) => {
        if (is === 'reopening') failures += 1;
      },
    });
    const store = {
      write: (key: string, value: Uint8Array) => kv.batch([{ type: 'put', key, value }], 'synced'),
      snapshot: () => kv.snapshot(),
      close: () => kv.close(),
    };
    const plan = { rounds: 4, valueBytes: 300, perRound: 400, fullMs: 60 };
    const { acked, failedCount } = await runRounds(store, disk, plan);
    expect([acked.length, failedCount]).toEqual([1600, 0]);
    expect(failures).toBeGreaterThan(0);
    const again = await openLevelKv(path);
    expect(await findMissing(again, acked)).toEqual([]);
    await again.close();
  },
  60_000,
);
