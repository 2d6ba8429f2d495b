/*
 * Homes on a disk that is really full: what is kept for that is given up, and the program starts, the store is mended, and a
 * backup is put back, without a hand.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findAgentHome, savePairing } from '../../agent/home.ts';
import type { Program } from '../../agent/ports.ts';
import { startAgent } from '../../agent/program.ts';
import { findHubHome } from '../../cockpit/home.ts';
import { startHub } from '../../cockpit/hub/program.ts';
import { createKeyPair, formatKey, loadOrCreateIdentity } from '../../protocol/identity.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { makeBackup } from '../../store/backup-make.ts';
import type { BoxContext, HomeFiles } from '../../store/doctor/box-context.ts';
import { fileSection } from '../../store/doctor/file-checks.ts';
import { logKeptBytes } from '../../store/doctor/limits.ts';
import { openStore } from '../../store/format.ts';
import { openHomeDisk } from '../../store/home-disk.ts';
import { openLevelKv } from '../../store/open.ts';
import { restoreHome } from '../../store/restore-home.ts';
import { repairHome } from '../../store/salvage/repair-home.ts';
import { openSmallDisk, type SmallDisk, whyNoSmallDisk } from '../kit/small-disk.ts';
import { bareBox } from './doctor/fake-box.ts';
import { createDirectory } from './place.ts';

const reason = await whyNoSmallDisk();
const ports = openSystemPorts();

let disk: SmallDisk;
let home: string;
let store: string;

/** A home with a store and a ballast, on a disk without a byte left. */
beforeEach(async () => {
  if (reason !== undefined) return;
  const opening = await openSmallDisk(16);
  if (opening.kind === 'left-out') throw new Error(opening.reason);
  disk = opening.disk;
  home = join(disk.path, 'home');
  store = join(home, 'store');
  const kv = await openLevelKv(store);
  await openStore(kv, ports.random);
  await kv.batch([{ type: 'put', key: 't/1', value: new Uint8Array(1000) }], 'synced');
  await kv.close();
  writeFileSync(join(home, 'ballast'), new Uint8Array(2 * 1024 * 1024).fill(1));
});

afterEach(async () => {
  if (reason === undefined) await disk.close();
});

async function hasRow(): Promise<boolean> {
  const kv = await openLevelKv(store);
  const value = await kv.get('t/1');
  await kv.close();
  return value?.length === 1000;
}

const title = `full home${reason === undefined ? '' : ` (left out: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  test('start: a store that cannot be opened on a full disk is opened without the ballast', async () => {
    await disk.fill();
    const opened = await openHomeDisk({
      ...{ directory: home, store, ballast: join(home, 'ballast'), ports },
      limits: { watermarkBytes: 1024, ballastBytes: 2 * 1024 * 1024 },
      noticed: () => undefined,
    });
    expect(await opened.kv.get('t/1')).toBeDefined();
    expect(existsSync(join(home, 'ballast'))).toBe(false);
    await opened.kv.close();
  });

  test('start: where there is no room at all, hub and agent say that the disk is full', async () => {
    rmSync(join(home, 'ballast'));
    const reach = { addresses: [], rendezvous: [] };
    const hubKey = formatKey(createKeyPair(ports.random).publicKey);
    const box = findAgentHome(home);
    await savePairing(box, { hub: hubKey, name: 'alice', invite: 'one', ...reach }, 1);
    const hubHome = findHubHome({ WALLY_HOME: home });
    await loadOrCreateIdentity(hubHome.key, ports.random);
    await disk.fill();
    const parts = { ports, version: '1', pid: 1, noticed: () => undefined, box: bareBox };
    const full = {
      code: 'DISK_FULL',
      message: expect.stringMatching(
        /^The disk is full\. The store in .* cannot be opened: .*No space left on device/,
      ),
    };
    const hub = startHub({ ...parts, home: hubHome });
    await expect(hub).rejects.toMatchObject(full);
    const program = { ports, env: {}, pid: 1 } as unknown as Program;
    const agent = startAgent({ ...parts, program, home: box });
    await expect(agent).rejects.toMatchObject(full);
  });

  test('repair: a damaged store on a full disk is mended without the ballast', async () => {
    rmSync(join(store, 'CURRENT'));
    await disk.fill();
    const mended = await repairHome({
      ...{ home, store, now: 6000, random: ports.random, adapt: () => [], isDryRun: false },
      ...{ socket: join(home, 'hub.sock'), isAnswered: false },
    });
    expect(mended.store).toMatchObject({ is: 'mended', lost: [] });
    expect(await hasRow()).toBe(true);
  });

  test('repair: where there is no room at all nothing half done is left, and the store is as it was', async () => {
    rmSync(join(store, 'CURRENT'));
    rmSync(join(home, 'ballast'));
    await disk.fill();
    const plan = {
      ...{ home, store, now: 6000, random: ports.random, adapt: () => [], isDryRun: false },
      ...{ socket: join(home, 'hub.sock'), isAnswered: false },
    };
    await expect(repairHome(plan)).rejects.toMatchObject({
      code: expect.stringMatching(/^(STORE_IO|RESTORE_FAILED|HOME_UNWRITABLE)$/),
    });
    expect(readdirSync(home)).toEqual(['store']);
    await disk.free();
    expect((await repairHome(plan)).store).toMatchObject({ is: 'mended', lost: [] });
    expect(await hasRow()).toBe(true);
  });

  test('program-log-large: a log that filled the disk is cut there, and its end is kept', async () => {
    const log = join(home, 'hub.log');
    const fault = { subject: log, seen: '', wanted: '', advice: '' };
    // As one that took all the room there was.
    writeFileSync(log, `first\n${'x'.repeat(3 * 1024 * 1024)}\n`);
    await disk.fill();
    const tail = 'the last words\n';
    const bytes = readFileSync(log);
    bytes.write(tail, bytes.length - tail.length);
    writeFileSync(log, bytes, { flag: 'r+' });
    const check = fileSection.checks.find(({ id }) => id === 'program-log-large');
    const files = { directory: home, log } as HomeFiles;
    await check?.fix?.apply({ files } as BoxContext, fault);
    expect(statSync(log).size).toBe(logKeptBytes);
    expect(readFileSync(log, 'utf8').endsWith(tail)).toBe(true);
    expect(readdirSync(home).toSorted()).toEqual(['ballast', 'hub.log', 'store']);
  });

  test('restore: a backup is put back on a full disk without the ballast', async () => {
    const elsewhere = await createDirectory();
    const file = join(elsewhere.path, 'one.tar.gz');
    const kv = await openLevelKv(store);
    await makeBackup({
      ...{ program: 'wally', version: '1', pid: 7, directory: home, kv, folders: [], peers: [] },
      ...{ out: file, now: 1000, isWanted: () => true },
      whileAuditRests: (read) => read(),
    });
    await kv.close();
    await disk.fill();
    const answer = await restoreHome({
      ...{ file, program: 'wally', directory: home, store, now: 5000, isDryRun: false },
      ...{ isAnswered: false, busy: 'HUB_RUNNING', amend: async () => [] },
    });
    expect(answer.aside).toEqual(['store']);
    expect(await hasRow()).toBe(true);
    await elsewhere.remove();
  });
});
