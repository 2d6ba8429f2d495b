/*
 * Small files against cuts of power, on a disk that forgets what was not synced.
 *
 * Where FUSE cannot be mounted the reason is in the title, and A5 of the chaos checks remains.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findAgentHome, findPairing, savePairing } from '../../agent/home.ts';
import {
  findSupervisorRecord,
  saveSupervisorRecord,
} from '../../agent/install/supervisor-record.ts';
import { saveWhole } from '../../protocol/whole-file.ts';
import { openLossyDisk, whyNoLossyDisk } from '../chaos/disk/lossy-disk.ts';
import { titleOf } from '../kit/strace.ts';

const reason = await whyNoLossyDisk();
const onLossyDisk = test.skipIf(reason !== undefined);

for (const rule of ['ext4', 'strict'] as const) {
  onLossyDisk(
    titleOf(`whole file: the one told of is there after a cut (${rule})`, reason),
    async () => {
      await using disk = await openDisk(rule);
      const file = join(disk.path, 'record');
      await saveWhole({ file, aside: `${file}.new`, text: 'first' });
      await disk.cut('drop');
      expect(readFileSync(file, 'utf8')).toBe('first');
      await saveWhole({ file, aside: `${file}.new`, text: 'second' });
      await disk.cut('drop');
      expect(readFileSync(file, 'utf8')).toBe('second');
    },
  );
}

onLossyDisk(titleOf('pairing: it is whole after a cut that kept its name', reason), async () => {
  await using disk = await openDisk('ext4');
  const home = findAgentHome(disk.path);
  const pairing = { hub: 'ab'.repeat(32), name: 'alice', addresses: [], rendezvous: [] };
  await savePairing(home, pairing, 1);
  // Any sync of another file brings names to the disk, and no bytes with them.
  writeFileSync(join(disk.path, 'other'), 'text', { flush: true });
  await disk.cut('drop');
  expect(await findPairing(home)).toMatchObject(pairing);
});

onLossyDisk(
  titleOf('supervisor: its record is whole after a cut, which names it', reason),
  async () => {
    await using disk = await openDisk('ext4');
    const record = {
      supervisor: { pid: 7, start: '1' },
      agent: { pid: 8, start: '2' },
      quickCount: 0,
      gaveUp: undefined,
    };
    saveSupervisorRecord(disk.path, record);
    writeFileSync(join(disk.path, 'other'), 'text', { flush: true });
    await disk.cut('drop');
    expect(findSupervisorRecord(disk.path)).toEqual(record);
  },
);

async function openDisk(rule: 'ext4' | 'strict') {
  const disk = await openLossyDisk(rule, 1);
  if (typeof disk === 'string') throw new Error(disk);
  return disk;
}
