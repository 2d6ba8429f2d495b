/*
 * Making a backup of a home, also while its program runs: rows as of one moment, files as they are.
 *
 * Rows come from a snapshot, so whatever is written meanwhile is not in it, whole batches at a time. Files at the top of the
 * home go along (keys, config, pairings), and the folders that were named; of a file that grows it takes what was
 * there. What is of the process (sockets, logs of the programs, ballast) stays. It changes nothing but
 * `meta/last-backup`. Errors: BACKUP_FAILED, SAVE_FILE, STORE_*.
 */
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { hasSystemCode, wrapError } from '../protocol/errors.ts';
import {
  type BackupFolder,
  type BackupHead,
  type BackupProgram,
  backupFormat,
  filesPrefix,
  headName,
  rowsPrefix,
} from './backup-head.ts';
import { encodeRows } from './backup-rows.ts';
import { type BackupTarget, openBackupTarget } from './backup-tar.ts';
import { findStoreId, readFormat } from './format.ts';
import { metaKey, wholeRange } from './keys.ts';
import type { Kv, KvRow, KvSnapshot } from './kv.ts';
import { backupFileBytesMax, backupPieceBytes, backupRowsPerRead } from './limits.ts';
import { findRow, planRow } from './row-codec.ts';

/** What is backed up, and where to. */
export interface BackupPlan {
  readonly program: BackupProgram;
  readonly version: string;
  readonly pid: number;
  /** The home. */
  readonly directory: string;
  readonly kv: Kv;
  /** Runs a reading of the audit trail while nothing of it is moved. */
  readonly whileAuditRests: <T>(read: () => Promise<T>) => Promise<T>;
  readonly folders: readonly BackupFolder[];
  readonly peers: readonly string[];
  /** Absolute. */
  readonly out: string;
  /** Wall milliseconds. */
  readonly now: number;
  /** Is it still wanted? */
  readonly isWanted: () => boolean;
}

/** What was made. */
export interface BackupAnswer {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  readonly files: number;
  readonly folders: readonly string[];
}

const lastSchema = z.object({ at: z.number(), file: z.string(), bytes: z.number() });

/** The last backup that was finished: when, where, how large. */
export type LastBackup = z.infer<typeof lastSchema>;

const lastKey = metaKey('last-backup');

/** The last backup of this store; undefined where none was ever made. Errors: STORE_*. */
export function findLastBackup(kv: Kv): Promise<LastBackup | undefined> {
  return findRow(kv, lastKey, lastSchema);
}

/** Folders that always go along: they are small, and nothing makes them again. */
const smallFolders = ['audit', 'hubs'];

/** A try that is older than this was killed. */
const unfinishedMsMin = 60 * 60 * 1000;

/** Makes it; resolves once it is a file that survives the loss of power. */
export async function makeBackup(plan: BackupPlan): Promise<BackupAnswer> {
  const { kv, out, folders, now } = plan;
  await mkdir(dirname(out), { recursive: true, mode: 0o700 });
  await dropUnfinished(out, now);
  const target = await openBackupTarget(out, plan.pid);
  try {
    await target.add(headName, encodeJson(await describeHome(plan)));
    // The trail's files and its rows must be of one moment, or entries would be in both, or in neither.
    const { snapshot, count } = await plan.whileAuditRests(async () => ({
      snapshot: await kv.snapshot(),
      count: await addFolders(plan, target, smallFolders),
    }));
    const rows = await addRows(plan, target, snapshot).finally(() => snapshot.close());
    const files =
      count + (await addFiles(plan, target)) + (await addFolders(plan, target, folders));
    assertWanted(plan);
    const bytes = await target.finish();
    await kv.batch([planRow(lastKey, { at: now, file: out, bytes })], 'synced');
    return { file: out, bytes, rows, files, folders };
  } catch (thrown) {
    await target.discard();
    throw wrapError(thrown, 'BACKUP_FAILED');
  }
}

async function describeHome(plan: BackupPlan): Promise<BackupHead> {
  const { program, version, kv, folders, peers, now: at } = plan;
  const [id, format] = [await findStoreId(kv), await readFormat(kv)];
  const store = id === undefined || format === undefined ? null : { id, format };
  return {
    ...{ format: backupFormat, program, version, at, store },
    folders: [...folders],
    peers: [...peers],
  };
}

async function addRows(
  plan: BackupPlan,
  target: BackupTarget,
  snapshot: KvSnapshot,
): Promise<number> {
  let { gte, lt } = wholeRange;
  let count = 0;
  let piece: KvRow[] = [];
  let bytes = 0;
  let number = 0;
  const flush = async () => {
    if (piece.length === 0) return;
    number += 1;
    await target.add(`${rowsPrefix}${String(number).padStart(8, '0')}`, encodeRows(piece));
    [piece, bytes] = [[], 0];
  };
  for (;;) {
    assertWanted(plan);
    const range = { gte, lt, countMax: backupRowsPerRead, order: 'ascending' } as const;
    const rows = await snapshot.range(range);
    const last = rows.at(-1);
    if (last === undefined) break;
    gte = `${last.key}\0`;
    for (const row of rows) {
      count += 1;
      piece.push(row);
      bytes += row.key.length + row.value.length;
      if (bytes >= backupPieceBytes) await flush();
    }
  }
  await flush();
  return count;
}

/** Files at the top of the home. */
async function addFiles(plan: BackupPlan, target: BackupTarget): Promise<number> {
  let count = 0;
  for (const name of (await readdir(plan.directory)).toSorted()) {
    if (isOfProcess(name)) continue;
    const path = join(plan.directory, name);
    const found = await lstat(path).catch(orGone);
    if (found?.isFile() !== true || found.size > backupFileBytesMax) continue;
    const bytes = await readFile(path).catch(orGone);
    if (bytes === undefined) continue;
    await target.add(`${filesPrefix}${name}`, bytes);
    count += 1;
  }
  return count;
}

/** What the next start makes anew, or what was never finished. */
function isOfProcess(name: string): boolean {
  return /\.(sock|log|new)$/.test(name) || ['ballast', 'restore.json'].includes(name);
}

async function addFolders(
  plan: BackupPlan,
  target: BackupTarget,
  folders: readonly string[],
): Promise<number> {
  let count = 0;
  for (const folder of folders) count += await addFolder(plan, target, folder);
  return count;
}

async function addFolder(plan: BackupPlan, target: BackupTarget, folder: string): Promise<number> {
  const names = await readdir(join(plan.directory, folder)).catch(orGone);
  let count = 0;
  for (const name of (names ?? []).toSorted()) {
    assertWanted(plan);
    const path = `${folder}/${name}`;
    const found = await lstat(join(plan.directory, path)).catch(orGone);
    if (found?.isDirectory() === true) count += await addFolder(plan, target, path);
    if (found?.isFile() !== true || name.endsWith('.new')) continue;
    // What grows meanwhile is of later; what is shorter than it was is told as damage by who reads.
    const source = createReadStream(join(plan.directory, path), {
      end: Math.max(0, found.size - 1),
    });
    const bytes = found.size === 0 ? nothing() : whileWanted(plan, source);
    await target.stream(`${filesPrefix}${path}`, found.size, bytes);
    count += 1;
  }
  return count;
}

/** A file may be large, and whoever asked may have gone meanwhile. */
async function* whileWanted(
  plan: BackupPlan,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    assertWanted(plan);
    yield bytes;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** What a try left that was killed; one that is younger may be at work. */
async function dropUnfinished(out: string, now: number): Promise<void> {
  const folder = dirname(out);
  for (const name of await readdir(folder)) {
    if (!/^(wally|odally)-.*\.\d+\.new$/.test(name)) continue;
    const found = await lstat(join(folder, name)).catch(orGone);
    if (found === undefined || now - found.mtimeMs < unfinishedMsMin) continue;
    await unlink(join(folder, name)).catch(orGone);
  }
}

function assertWanted({ isWanted }: BackupPlan): void {
  if (!isWanted()) throw new Error('it was left before its end');
}

function orGone(thrown: unknown): undefined {
  if (!hasSystemCode(thrown, 'ENOENT')) throw thrown;
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
