/*
 * Putting a backup back: unpacked and proven beside the home's files first, then moved in, what was there put aside.
 *
 * Until every hash has been compared nothing of the home is touched. The moves are written down before the first of
 * them (`restore.json`), so that one that was cut off is finished by whoever comes next: another restore, or the
 * program at its start. What the backup does not hold stays where it is: logs that are newer than the rows keep
 * their job numbers from being given to other jobs. Errors: BACKUP_*, RESTORE_FAILED, STORE_*.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AppError, hasSystemCode, wrapError } from '../protocol/errors.ts';
import { isThere } from '../protocol/is-there.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { nameAside } from './asides.ts';
import {
  type BackupHead,
  type BackupProgram,
  filesPrefix,
  headName,
  readHead,
  rowsPrefix,
} from './backup-head.ts';
import { decodeRows } from './backup-rows.ts';
import { type BackupEntry, collect, damaged, readBackup } from './backup-tar.ts';
import { metaKey } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { syncPath } from './level-names.ts';
import { backupPieceBytes, backupRowBytesMax } from './limits.ts';
import { openLevelKv } from './open.ts';
import { planRow } from './row-codec.ts';
import { isBareStore } from './store-lock.ts';

/** What is restored, and into which home. */
export interface RestorePlan {
  readonly file: string;
  readonly program: BackupProgram;
  /** The home; it need not be there. */
  readonly directory: string;
  /** Wall milliseconds. */
  readonly now: number;
  /** Rows that the restored store needs because of what the home has lived through since. */
  readonly amend: (kv: Kv) => Promise<readonly KvOp[]>;
}

/** What was restored, or would be. */
export interface RestoreAnswer {
  readonly head: BackupHead;
  readonly rows: number;
  readonly files: number;
  /** What of the home was put aside, and where; empty where there was nothing. */
  readonly aside: readonly string[];
  readonly asideIn: string | null;
}

const movesSchema = z.object({ names: z.array(z.string().regex(/^[^/\0]+$/)), aside: z.string() });

/** Folder of what is to be moved into a home, inside of it, so that moves are renames. */
export const freshFolder = 'restore.new';

/** Moved last: until then whoever holds the store that is there holds the home. */
const lastName = 'store';

/** The file that says which moves are under way, in the home. */
export const movesFile = 'restore.json';

/** Reads and proves the whole backup and says what restoring it would do. Changes nothing. */
export async function planRestore(plan: RestorePlan): Promise<RestoreAnswer> {
  const seen = new Unpacked(plan, undefined);
  await readBackup(plan.file, (entry) => seen.take(entry));
  return describe(plan, seen);
}

/** Restores. The caller has made sure that nobody runs on the home. */
export async function restoreBackup(plan: RestorePlan): Promise<RestoreAnswer> {
  const { file, directory } = plan;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await finishRestore(directory);
  const fresh = join(directory, freshFolder);
  try {
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { mode: 0o700 });
    const kv = await openLevelKv(join(fresh, 'store'));
    const unpacked = new Unpacked(plan, { fresh, kv });
    try {
      await readBackup(file, (entry) => unpacked.take(entry));
      await unpacked.finish();
    } finally {
      await kv.close();
    }
    const answer = await describe(plan, unpacked);
    await moveIn(directory, answer.asideIn ?? (await nameAside(directory, plan.now)));
    return answer;
  } catch (thrown) {
    if (!(await isThere(join(directory, movesFile))))
      await rm(fresh, { recursive: true, force: true });
    throw wrapError(thrown, 'RESTORE_FAILED');
  }
}

/**
 * Finishes the moves of a restore that was cut off, if there was one; says whether. Every program that opens a home
 * asks this first. Errors: RESTORE_FAILED.
 */
export async function finishRestore(directory: string): Promise<boolean> {
  const moves = await readMoves(directory);
  if (moves === undefined) return false;
  const aside = join(directory, moves.aside);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  const isLast = (name: string) => Number(name === lastName);
  for (const name of moves.names.toSorted((a, b) => isLast(a) - isLast(b))) {
    const fresh = join(directory, freshFolder, name);
    // Where the fresh one has gone the move is over.
    if (!(await isThere(fresh))) continue;
    if (name === lastName) await dropBareStore(join(directory, name));
    if (!(await isThere(join(aside, name))))
      await renameIfThere(join(directory, name), join(aside, name));
    await renameIfThere(fresh, join(directory, name));
  }
  for (const folder of [aside, dirname(aside), directory]) await syncDirectory(folder);
  await rm(join(directory, movesFile), { force: true });
  // Empty folders would only puzzle. With the store moved nothing is held any more: what is not empty is another's.
  for (const folder of [join(directory, freshFolder), aside, dirname(aside)])
    await rmdir(folder).catch(orKept);
  return true;
}

/** It is not empty, or another process has just finished the same moves. */
function orKept(thrown: unknown): void {
  const isKept = ['ENOTEMPTY', 'EEXIST', 'ENOENT'].some((code) => hasSystemCode(thrown, code));
  if (!isKept) throw thrown;
}

/** A store that was never made, but held so that nobody makes it meanwhile, is nothing to put aside. */
async function dropBareStore(path: string): Promise<void> {
  if (await isBareStore(path)) await rm(path, { recursive: true, force: true });
}

/** Takes the entries of a backup, and writes them where there is a place for them. */
class Unpacked {
  rows = 0;
  files = 0;
  /** Names at the top of the home. */
  readonly tops = new Set<string>(['store']);
  head: BackupHead | undefined;
  readonly #plan: RestorePlan;
  readonly #place: { readonly fresh: string; readonly kv: Kv } | undefined;

  constructor(plan: RestorePlan, place: Unpacked['place']) {
    this.#plan = plan;
    this.#place = place;
  }

  /** For the type of the constructor's argument. */
  get place(): { readonly fresh: string; readonly kv: Kv } | undefined {
    return this.#place;
  }

  async take(entry: BackupEntry): Promise<void> {
    const { file, program } = this.#plan;
    const { name } = entry;
    if (this.head === undefined) {
      if (name !== headName) throw damaged(file, 'it does not begin with its head');
      this.head = readHead(await collectShort(file, entry), program);
      return;
    }
    if (name.startsWith(rowsPrefix)) return this.#takeRows(entry);
    if (name.startsWith(filesPrefix)) return this.#takeFile(entry, name.slice(filesPrefix.length));
    throw damaged(file, `nobody knows its entry ${name}`);
  }

  async finish(): Promise<void> {
    const { kv, fresh } = this.#place ?? {};
    if (kv === undefined || fresh === undefined) return;
    // The restored store says of itself that it is one, for whoever wonders later.
    const word = planRow(metaKey('restored'), { at: this.#plan.now, from: this.head?.at });
    // The home's own archive stays, and has lines that this store never exported: nothing of it may be cut off.
    const mark = { type: 'del', key: metaKey('archive') } as const;
    const unmark = this.tops.has('archive') ? [] : [mark];
    await kv.batch([...(await this.#plan.amend(kv)), ...unmark, word], 'synced');
    await syncTree(fresh);
  }

  async #takeRows(entry: BackupEntry): Promise<void> {
    const rows = decodeRows(await collectShort(this.#plan.file, entry));
    this.rows += rows.length;
    const ops = rows.map(({ key, value }) => ({ type: 'put', key, value }) as const);
    await this.#place?.kv.batch(ops, 'buffered');
  }

  async #takeFile({ bytes }: BackupEntry, path: string): Promise<void> {
    const [top = ''] = path.split('/');
    if (['store', movesFile, freshFolder].includes(top)) {
      throw damaged(this.#plan.file, `${path} may not come from a backup`);
    }
    this.tops.add(top);
    this.files += 1;
    if (this.#place === undefined) {
      await collectNothing(bytes);
      return;
    }
    const to = join(this.#place.fresh, path);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    await pipeline(bytes, createWriteStream(to, { mode: 0o600, flush: true }));
  }
}

async function describe(plan: RestorePlan, unpacked: Unpacked): Promise<RestoreAnswer> {
  const { head, rows, files, tops } = unpacked;
  if (head === undefined) throw damaged(plan.file, 'it is empty');
  const isKept = async (name: string) => {
    const path = join(plan.directory, name);
    return (await isThere(path)) && !(name === lastName && (await isBareStore(path)));
  };
  const there = await Promise.all([...tops].map(isKept));
  const aside = [...tops].filter((_, index) => there[index]).toSorted();
  const asideIn = aside.length === 0 ? null : await nameAside(plan.directory, plan.now);
  return { head, rows, files, aside, asideIn };
}

/** Moves what lies in the home's `restore.new` into the home, and what is there into `aside`, all or, once begun, later all. */
export async function moveIn(directory: string, aside: string): Promise<void> {
  const path = join(directory, movesFile);
  const moves = { names: await readdir(join(directory, freshFolder)), aside };
  await writeFile(`${path}.new`, JSON.stringify(moves), { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncDirectory(directory);
  await finishRestore(directory);
}

async function readMoves(directory: string) {
  const text = await readFile(join(directory, movesFile), 'utf8').catch((thrown: unknown) => {
    if (hasSystemCode(thrown, 'ENOENT')) return undefined;
    throw wrapError(thrown, 'RESTORE_FAILED');
  });
  if (text === undefined) return undefined;
  try {
    return movesSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('RESTORE_FAILED', `${join(directory, movesFile)} cannot be read.`, {
      cause,
    });
  }
}

async function collectShort(file: string, entry: BackupEntry): Promise<Uint8Array> {
  if (entry.size > backupPieceBytes + backupRowBytesMax + 8) {
    throw damaged(file, `${entry.name} is too long`);
  }
  return Buffer.concat(await collect(entry.bytes));
}

async function collectNothing(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes) {
    // Read for its hash.
  }
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(directory, entry.name));
  }
  await syncPath(directory);
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((thrown: unknown) => {
    if (!hasSystemCode(thrown, 'ENOENT')) throw thrown;
  });
}
