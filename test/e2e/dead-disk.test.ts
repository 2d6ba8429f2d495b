/*
 * Homes on a disk that answers nothing any more: whoever asks is told so, and is not caught there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { DoctorReport } from '../../protocol/doctor.ts';
import { type LossyDisk, openLossyDisk, whyNoLossyDisk } from '../chaos/disk/lossy-disk.ts';
import { startVerb } from '../kit/processes.ts';
import { titleOf } from '../kit/strace.ts';
import { openStage } from './stage.ts';

const reason = await whyNoLossyDisk();

/** A disk that answers nothing while it is frozen, as one whose server is gone. */
async function openNetworkDisk(): Promise<LossyDisk> {
  const opened = await openLossyDisk('network', 1);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
}

function makeHome({ path }: LossyDisk): string {
  const home = join(path, 'home');
  mkdirSync(home, { mode: 0o700 });
  return home;
}

test.skipIf(reason !== undefined)(
  titleOf('doctor: of a home on a disk that is dead it says that, and ends', reason),
  async () => {
    await using stage = openStage();
    await using disk = await openNetworkDisk();
    const home = makeHome(disk);
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

test.skipIf(reason !== undefined)(
  titleOf('home: on a disk that is dead every verb says that, ends, and changes nothing', reason),
  async () => {
    await using stage = openStage();
    await using disk = await openNetworkDisk();
    const home = makeHome(disk);
    // A person's own programs lie in their home, and are looked for first.
    const path = `${join(disk.path, 'bin')}:${process.env.PATH}`;
    const env = { WALLY_HOME: home, ODALLY_HOME: home, PATH: path };
    disk.freeze();
    const results = await Promise.all([
      stage.wally(['--json'], { env }),
      ...['status', 'up', 'down', 'repair'].map((verb) => stage.wally([verb, '--json'], { env })),
      stage.wally(['--hub', home, 'jobs', '--json'], { env: { PATH: path } }),
      ...['status', 'stop', 'repair', 'backup'].map((verb) =>
        stage.odally('alice', [verb, '--json'], { env }),
      ),
    ]);
    disk.thaw();
    for (const result of results) {
      expect(result.status).toBe(3);
      expect(result.json()).toMatchObject({
        error: { code: 'HOME_SILENT', message: expect.stringContaining(home) },
      });
    }
    expect(readdirSync(home)).toEqual([]);
  },
);

test.skipIf(reason !== undefined)(
  titleOf(
    'home: what stays in the foreground says that it waits for its disk, and goes on',
    reason,
  ),
  async () => {
    await using stage = openStage();
    await using disk = await openNetworkDisk();
    const home = makeHome(disk);
    const env = { ...stage.homes.agent('alice'), ODALLY_HOME: home, WALLY_HOME: home };
    disk.freeze();
    await using agent = startVerb({ program: 'odally', args: ['run'], env });
    await using hub = startVerb({ program: 'wally', args: ['up', '--foreground'], env });
    await Promise.all([agent, hub].map((one) => one.until(/It is waited for\. \[HOME_SILENT\]/)));
    disk.thaw();
    expect((await agent.result).stderr).toContain('[PAIR_MISSING]');
    // A disk of this kind takes no hard link, which ends a hub that got as far as its key.
    expect((await hub.result).stderr).toContain('[HOME_UNWRITABLE]');
  },
);

test.skipIf(reason !== undefined)(
  titleOf('bridge: one whose home is on a disk that is dead ends, and so does who looked', reason),
  async () => {
    await using stage = openStage();
    await using disk = await openNetworkDisk();
    const home = makeHome(disk);
    disk.freeze();
    // A hub comes again and again, and each that stays holds memory of the box.
    const result = await stage.odally('alice', ['--stdio'], { env: { ODALLY_HOME: home } });
    expect([result.status, result.stdout]).toEqual([3, '']);
    expect(result.stderr).toContain('[HOME_SILENT]');
    await vi.waitUntil(() => !listCommands().some((command) => command.includes(home)));
  },
);

function listCommands(): readonly string[] {
  return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
}
