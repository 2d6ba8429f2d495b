/*
 * A restore and whoever comes meanwhile: nobody begins on a home that is being restored, and nothing that lies outside
 * of the store is taken for older than it is.
 */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Archive } from '../../store/archive.ts';
import { openArchiveFiles } from '../../store/archive-files.ts';
import { makeBackup } from '../../store/backup-make.ts';
import { openStore } from '../../store/format.ts';
import { openLevelKv } from '../../store/open.ts';
import { finishRestoreHeld, type RestoreWish, restoreHome } from '../../store/restore-home.ts';
import { repairHome } from '../../store/salvage/repair-home.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { holdElsewhere, tryToBegin } from './other-process.ts';
import { createDirectory } from './place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let home: string;
let store: string;
let file: string;

const november = Date.UTC(2026, 10, 25);

beforeEach(async () => {
  place = await createDirectory();
  home = join(place.path, 'home');
  store = join(home, 'store');
  file = join(place.path, 'one.tar.gz');
  const kv = await openLevelKv(store);
  await openStore(kv, new FakePorts().random);
  await exportLines(kv, [{ n: 1 }]);
  writeFileSync(join(home, 'hub.key'), 'key', { mode: 0o600 });
  await makeBackup({
    ...{ program: 'wally', version: '1', pid: 7, directory: home, kv, folders: [], peers: [] },
    ...{ out: file, now: 1000, isWanted: () => true },
    whileAuditRests: (read) => read(),
  });
  await exportLines(kv, [{ n: 2 }, { n: 3 }]);
  await kv.close();
});

afterEach(() => place.remove());

async function exportLines(
  kv: Awaited<ReturnType<typeof openLevelKv>>,
  lines: readonly object[],
): Promise<void> {
  const archive = new Archive(kv, openArchiveFiles(join(home, 'archive')));
  await kv.batch([await archive.export(lines, november)], 'synced');
}

function wish(directory: string): RestoreWish {
  return {
    ...{ file, program: 'wally', directory, store: join(directory, 'store'), now: 5000 },
    ...{ isDryRun: false, isAnswered: false, busy: 'HUB_RUNNING' },
    amend: async () => [],
  };
}

/** The home as a kill leaves it between the first two moves of a restore; resolves with what is to come in. */
function cutOff(): string {
  const fresh = join(home, 'restore.new');
  mkdirSync(join(fresh, 'store'), { recursive: true });
  writeFileSync(join(fresh, 'store', 'word'), 'fresh');
  writeFileSync(join(fresh, 'hub.key'), 'older key');
  const moves = { names: ['store', 'hub.key'], aside: 'set-aside/7' };
  writeFileSync(join(home, 'restore.json'), JSON.stringify(moves));
  return fresh;
}

test('restore: into a home without a store nobody can begin one meanwhile, and nothing is put aside', async () => {
  const other = join(place.path, 'other');
  mkdirSync(other);
  let said = '';
  const amend = async () => {
    said = tryToBegin(join(other, 'store'));
    return [];
  };
  const answer = await restoreHome({ ...wish(other), amend });
  expect(said).toBe('STORE_LOCKED');
  expect(answer).toMatchObject({ aside: [], asideIn: null });
  expect(readdirSync(other).toSorted()).toEqual(['hub.key', 'store']);
  expect(tryToBegin(join(other, 'store'))).toBe('begun');
});

test('restore: a file that cannot be restored leaves a home without a store as one', async () => {
  const other = join(place.path, 'other');
  mkdirSync(other);
  writeFileSync(file, 'rubbish');
  await expect(restoreHome(wish(other))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(existsSync(join(other, 'store', 'CREATED'))).toBe(false);
  expect(tryToBegin(join(other, 'store'))).toBe('begun');
});

test('restore: one that is between its moves in another process is finished by nobody else', async () => {
  const fresh = cutOff();
  const letGo = await holdElsewhere(store);
  const busy = wish(home);
  await expect(finishRestoreHeld(busy)).rejects.toMatchObject({ code: 'HUB_RUNNING' });
  await expect(restoreHome(wish(home))).rejects.toMatchObject({ code: 'HUB_RUNNING' });
  expect(existsSync(join(fresh, 'hub.key'))).toBe(true);
  expect(readFileSync(join(home, 'hub.key'), 'utf8')).toBe('key');
  await letGo();
  expect(await finishRestoreHeld(busy)).toBe(true);
  expect(readFileSync(join(home, 'hub.key'), 'utf8')).toBe('older key');
  expect(readFileSync(join(store, 'word'), 'utf8')).toBe('fresh');
  expect(await finishRestoreHeld(busy)).toBe(false);
});

test('restore: the end of one takes nothing of the next, which may begin once the store has come in', async () => {
  const fresh = cutOff();
  // What the next one has unpacked meanwhile.
  writeFileSync(join(fresh, 'config.toml'), 'next');
  expect(await finishRestoreHeld(wish(home))).toBe(true);
  expect(readdirSync(fresh)).toEqual(['config.toml']);
  expect(existsSync(join(home, 'config.toml'))).toBe(false);
});

test('repair: while a restore is cut off a dry run says so, and takes no store for missing', async () => {
  cutOff();
  const plan = {
    ...{ home, store, now: 6000, random: new FakePorts().random, adapt: () => [] },
    ...{ socket: join(home, 'hub.sock'), isAnswered: false },
  };
  const planned = await repairHome({ ...plan, isDryRun: true });
  expect(planned).toMatchObject({ wasCutOff: true, store: null });
  expect(existsSync(join(home, 'restore.json'))).toBe(true);
  // What was cut off is finished first; here that brings in a folder that was never a store.
  expect(await repairHome({ ...plan, isDryRun: false })).toMatchObject({ wasCutOff: true });
  expect(existsSync(join(home, 'restore.json'))).toBe(false);
});

// Only root can write the home of another.
test.runIf(process.geteuid?.() === 0)(
  'restore, repair: root leaves the home of another alone, whose program could not use what it made',
  async () => {
    await restoreHome(wish(home));
    chownSync(home, 65534, 65534);
    const before = readdirSync(home);
    const repair = {
      ...{ home, store, now: 6000, random: new FakePorts().random, adapt: () => [] },
      ...{ socket: join(home, 'hub.sock'), isAnswered: false },
    };
    const foreign = { code: 'HOME_FOREIGN', message: expect.stringContaining('65534') };
    await expect(restoreHome(wish(home))).rejects.toMatchObject(foreign);
    await expect(repairHome({ ...repair, isDryRun: false })).rejects.toMatchObject(foreign);
    expect(readdirSync(home)).toEqual(before);
    await expect(repairHome({ ...repair, isDryRun: true })).rejects.toMatchObject(foreign);
  },
);

test('restore: what was exported after the backup stays in the archive', async () => {
  await restoreHome(wish(home));
  const kv = await openLevelKv(store);
  await exportLines(kv, [{ n: 4 }]);
  await exportLines(kv, [{ n: 5 }]);
  await kv.close();
  const names = readdirSync(join(home, 'archive')).toSorted();
  const lines = names.map((name) =>
    gunzipSync(readFileSync(join(home, 'archive', name))).toString(),
  );
  expect(lines.join('').trimEnd().split('\n')).toEqual(
    [4, 5, 1, 2, 3].map((n) => JSON.stringify({ n })),
  );
});
