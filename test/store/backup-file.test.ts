/*
 * Backups: whole or not there, of one moment, and put back only after every byte was compared.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BackupPlan, findLastBackup, makeBackup } from '../../store/backup-make.ts';
import { finishRestore, planRestore, restoreBackup } from '../../store/backup-restore.ts';
import { openBackupTarget } from '../../store/backup-tar.ts';
import { openStore, readFormat, storeMigrations } from '../../store/format.ts';
import { formatKey, wholeRange } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { openLevelKv } from '../../store/open.ts';
import { planRow } from '../../store/row-codec.ts';
import { holdStore } from '../../store/store-lock.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { createDirectory } from './place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let home: string;
let kv: Kv;

beforeEach(async () => {
  place = await createDirectory();
  home = join(place.path, 'home');
  mkdirSync(join(home, 'logs', 'J1.1'), { recursive: true });
  mkdirSync(join(home, 'audit'));
  writeFileSync(join(home, 'hub.key'), 'key', { mode: 0o600 });
  writeFileSync(join(home, 'hub.log'), 'words');
  writeFileSync(join(home, 'ballast'), 'x');
  writeFileSync(join(home, 'audit', '1.2026-11.jsonl.gz'), gzipSync('{}\n'));
  writeFileSync(join(home, 'logs', 'J1.1', '0000000000000000.log'), 'output');
  kv = await openLevelKv(join(home, 'store'));
  await openStore(kv, new FakePorts().random);
  await write(0, 3000);
});

afterEach(async () => {
  await kv.close();
  await place.remove();
});

/** Rows of about a kilobyte, so that they make several pieces. */
async function write(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 100) {
    const numbers = Array.from({ length: 100 }, (_, index) => n + index);
    const ops = numbers.map((number) => {
      const value = new TextEncoder().encode(`${number} `.repeat(200));
      return { type: 'put', key: `t/${String(number).padStart(8, '0')}`, value } as const;
    });
    await kv.batch(ops, 'synced');
  }
}

function plan(fields: Partial<BackupPlan> = {}): BackupPlan {
  return {
    program: 'wally',
    version: '1',
    pid: 7,
    directory: home,
    kv,
    whileAuditRests: (read) => read(),
    folders: [],
    peers: ['alice'],
    out: join(place.path, 'backups', 'one.tar.gz'),
    now: 1000,
    isWanted: () => true,
    ...fields,
  };
}

function restorePlan(file: string, directory = join(place.path, 'other')) {
  return { file, program: 'wally', directory, now: 5000, amend: async () => [] } as const;
}

async function readAll(directory: string): Promise<ReadonlyMap<string, string>> {
  const other = await openLevelKv(join(directory, 'store'));
  const rows = await other.range({ ...wholeRange, countMax: 1e6, order: 'ascending' });
  await other.close();
  return new Map(rows.map(({ key, value }) => [key, Buffer.from(value).toString('hex')]));
}

describe('backup', () => {
  test('backup: rows and files come back as they were, with modes that nobody else can read', async () => {
    const made = await makeBackup(plan({ folders: ['logs'] }));
    expect(made).toMatchObject({ rows: 3003, files: 3, folders: ['logs'] });
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
    expect(await findLastBackup(kv)).toEqual({ at: 1000, file: made.file, bytes: made.bytes });
    const restored = await restoreBackup(restorePlan(made.file));
    expect(restored).toMatchObject({ rows: 3003, files: 3, aside: [], asideIn: null });
    expect(restored.head.peers).toEqual(['alice']);
    const other = join(place.path, 'other');
    const rows = await readAll(other);
    expect(rows.size).toBe(3004);
    expect(rows.get('t/00002999')).toBe(Buffer.from('2999 '.repeat(200)).toString('hex'));
    expect(readdirSync(other).toSorted()).toEqual(['audit', 'hub.key', 'logs', 'store']);
    expect(readFileSync(join(other, 'logs', 'J1.1', '0000000000000000.log'), 'utf8')).toBe(
      'output',
    );
    expect(statSync(join(other, 'hub.key')).mode & 0o777).toBe(0o600);
    expect(statSync(other).mode & 0o077).toBe(0);
  });

  test('backup: while rows are written and removed it holds those of one moment', async () => {
    let isWriting = true;
    let round = 0;
    // Each batch moves a whole set of rows, so a mixture of two moments would show.
    const writing = (async () => {
      for (; isWriting; round += 1) {
        const value = new TextEncoder().encode(`${round}`);
        const ops = Array.from({ length: 50 }, (_, n) => n).map(
          (n) => ({ type: 'put', key: `${n % 2 ? 'a' : 'z'}/${n}`, value }) as const,
        );
        await kv.batch([...ops, { type: 'del', key: `t/0000${1000 + round}` }], 'synced');
      }
    })();
    for (let n = 0; n < 3; n += 1) {
      const made = await makeBackup(plan({ out: join(place.path, `b${n}`) }));
      const other = join(place.path, `home-${n}`);
      await restoreBackup(restorePlan(made.file, other));
      const rows = await readAll(other);
      const values = [...rows].filter(([key]) => /^[az]\//.test(key)).map(([, value]) => value);
      expect(new Set(values).size).toBeLessThanOrEqual(1);
    }
    isWriting = false;
    await writing;
    expect(round).toBeGreaterThan(3);
  });

  test('backup: one that is left, or that has no room, leaves no file', async () => {
    let looks = 0;
    const isWanted = () => {
      looks += 1;
      return looks < 3;
    };
    await expect(makeBackup(plan({ isWanted }))).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    expect(readdirSync(join(place.path, 'backups'))).toEqual([]);
    await expect(makeBackup(plan({ out: '/dev/full/x' }))).rejects.toThrow();
    const made = await makeBackup(plan());
    await expect(makeBackup(plan())).rejects.toMatchObject({ code: 'SAVE_FILE' });
    expect(existsSync(made.file)).toBe(true);
  });

  test('backup: one that is left while a large file is read ends at once', async () => {
    writeFileSync(join(home, 'logs', 'large'), Buffer.alloc(4 * 2 ** 20));
    let looks = 0;
    const count = async (looksMax: number) => {
      looks = 0;
      const isWanted = () => {
        looks += 1;
        return looks <= looksMax;
      };
      return makeBackup(plan({ isWanted, folders: ['logs'] }));
    };
    await count(Number.POSITIVE_INFINITY);
    const all = looks;
    rmSync(join(place.path, 'backups'), { recursive: true });
    // A look for each piece of it: half of them are inside the file.
    expect(all).toBeGreaterThan(40);
    await expect(count(Math.floor(all / 2))).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    expect(looks).toBe(Math.floor(all / 2) + 1);
    expect(readdirSync(join(place.path, 'backups'))).toEqual([]);
  });

  test('restore: it takes the place of a store of a newer format, which is put aside unopened', async () => {
    const made = await makeBackup(plan());
    await kv.batch([planRow(formatKey, 99)], 'synced');
    await kv.close();
    const plan99 = restorePlan(made.file, home);
    const answer = await restoreBackup(plan99);
    kv = await openLevelKv(join(home, 'store'));
    expect(await readFormat(kv)).toBe(storeMigrations.length + 1);
    const other = await openLevelKv(join(home, answer.asideIn ?? '', 'store'));
    await expect(readFormat(other)).rejects.toMatchObject({ code: 'STORE_FORMAT' });
    await other.close();
  });

  test('restore: a backup of a store of a newer format is refused, and changes nothing', async () => {
    const made = await makeBackup(plan());
    const head = { format: 1, program: 'wally', version: '9.0.0', at: 1, folders: [], peers: [] };
    const later = join(place.path, 'later.tar.gz');
    const newest = storeMigrations.length + 1;
    const target = await openBackupTarget(later, 1);
    const text = JSON.stringify({ ...head, store: { id: 'ab'.repeat(16), format: newest + 1 } });
    await target.add('HEAD.json', new TextEncoder().encode(text));
    await target.finish();
    const refused = { code: 'BACKUP_FOREIGN', message: expect.stringContaining('9.0.0') };
    await expect(restoreBackup(restorePlan(later))).rejects.toMatchObject(refused);
    expect(existsSync(join(place.path, 'other', 'store'))).toBe(false);
    expect((await planRestore(restorePlan(made.file))).rows).toBeGreaterThan(0);
  });

  test('restore: a backup that lacks a byte, or has another, changes nothing', async () => {
    const made = await makeBackup(plan());
    const whole = readFileSync(made.file);
    const bad = join(place.path, 'bad.tar.gz');
    const other = join(place.path, 'other');
    const expectRefused = async () => {
      const refused = { code: 'BACKUP_DAMAGED' };
      await expect(planRestore(restorePlan(bad))).rejects.toMatchObject(refused);
      await expect(restoreBackup(restorePlan(bad))).rejects.toMatchObject(refused);
      expect(existsSync(other) ? readdirSync(other) : []).toEqual([]);
    };
    for (const part of [0, 0.3, 0.9, 0.999]) {
      writeFileSync(bad, whole);
      truncateSync(bad, Math.floor(whole.length * part));
      await expectRefused();
    }
    // Of a byte in the tar itself, packed again, gzip knows nothing.
    const tar = gunzipSync(whole);
    const at = tar.indexOf('2999 2999');
    tar[at] = 0x33;
    writeFileSync(bad, gzipSync(tar));
    await expectRefused();
    writeFileSync(bad, 'no backup');
    await expectRefused();
    await expect(
      planRestore({ ...restorePlan(made.file), program: 'odally' }),
    ).rejects.toMatchObject({ code: 'BACKUP_FOREIGN' });
  });

  test('restore: what was there is put aside, and what the backup does not hold stays', async () => {
    const made = await makeBackup(plan());
    await write(3000, 3100);
    writeFileSync(join(home, 'hub.key'), 'other');
    await kv.close();
    const wish = restorePlan(made.file, home);
    const planned = await planRestore(wish);
    const answer = await restoreBackup(wish);
    expect(answer).toEqual(planned);
    expect(answer).toMatchObject({ aside: ['audit', 'hub.key', 'store'] });
    expect(readFileSync(join(home, 'hub.key'), 'utf8')).toBe('key');
    expect(readFileSync(join(home, answer.asideIn ?? '', 'hub.key'), 'utf8')).toBe('other');
    expect(existsSync(join(home, 'logs', 'J1.1'))).toBe(true);
    expect((await readAll(home)).has('t/00003000')).toBe(false);
    expect((await readAll(join(home, answer.asideIn ?? ''))).has('t/00003000')).toBe(true);
  });

  test('restore: one that was cut off between two moves is finished by whoever comes next', async () => {
    const made = await makeBackup(plan());
    await kv.close();
    const other = join(place.path, 'other');
    await restoreBackup(restorePlan(made.file, other));
    for (const done of [0, 1, 2]) {
      // The state after so many moves: what was unpacked, the word of it, and those that had gone in.
      const names = ['audit', 'hub.key', 'store'];
      mkdirSync(join(other, 'restore.new'));
      for (const name of names.slice(done)) {
        mkdirSync(join(other, 'restore.new', `${name}-x`));
      }
      const moves = { names: names.map((name) => `${name}-x`), aside: `set-aside/${done}` };
      writeFileSync(join(other, 'restore.json'), JSON.stringify(moves));
      expect(await finishRestore(other)).toBe(true);
      expect(existsSync(join(other, 'restore.new'))).toBe(false);
      expect(await finishRestore(other)).toBe(false);
    }
    expect(existsSync(join(other, 'store-x'))).toBe(true);
    expect((await readAll(other)).size).toBe(3004);
  });

  test('store lock: a store that another process holds can be opened by nobody, and is not touched', async () => {
    await kv.close();
    const directory = join(home, 'store');
    const names = () => readdirSync(directory).filter((name) => !/^(LOG|LOG.old|LOCK)$/.test(name));
    const before = names();
    const script = `
      const { holdStore } = await import(${JSON.stringify(new URL('../../store/store-lock.ts', import.meta.url).href)});
      const held = await holdStore(${JSON.stringify(directory)});
      console.log('held');
      process.stdin.once('data', async () => { await held.release(); await held.release(); process.exit(0); });`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(holder.stdout, 'data');
    const unwritable = { code: 'HOME_UNWRITABLE' };
    await expect(holdStore(join(directory, 'CURRENT', 'store'))).rejects.toMatchObject(unwritable);
    const locked = { code: 'STORE_LOCKED' };
    await expect(openLevelKv(directory)).rejects.toMatchObject(locked);
    await expect(holdStore(directory)).rejects.toMatchObject(locked);
    expect(names()).toEqual(before);
    holder.stdin.write('go');
    await once(holder, 'exit');
    expect(readdirSync(home).some((name) => name.startsWith('hold-'))).toBe(false);
    kv = await openLevelKv(directory);
    expect(await kv.get('t/00000001')).toBeDefined();
  });
});
