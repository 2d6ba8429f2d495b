/*
 * Homes on a disk that answers nothing any more: the doctors say so, and end.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DoctorReport } from '../../protocol/doctor.ts';
import { openLossyDisk, whyNoLossyDisk } from '../chaos/disk/lossy-disk.ts';
import { titleOf } from '../kit/strace.ts';
import { openStage } from './stage.ts';

const reason = await whyNoLossyDisk();

test.skipIf(reason !== undefined)(
  titleOf('doctor: of a home on a disk that is dead it says that, and ends', reason),
  async () => {
    await using stage = openStage();
    const opened = await openLossyDisk('ext4', 1);
    if (typeof opened === 'string') throw new Error(opened);
    await using disk = opened;
    const home = join(disk.path, 'home');
    mkdirSync(home, { mode: 0o700 });
    const env = { WALLY_HOME: home, ODALLY_HOME: home };
    disk.freeze();
    const results = await Promise.all([
      stage.wally(['doctor', '--json'], { env }),
      stage.odally('alice', ['doctor', '--json'], { env }),
    ]);
    disk.thaw();
    for (const result of results) {
      expect(result.status).toBe(1);
      const { findings } = result.json<DoctorReport>();
      expect(findings.map(({ id }) => id)).toEqual(['home-unwritable']);
      expect(findings[0]?.seen).toContain('its disk has answered nothing for 5 s');
    }
  },
);
