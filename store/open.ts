/*
 * The store on LevelDB: the only file that knows of `level`.
 *
 * It keeps two promises that LevelDB does not. Batches reach the disk in the order of their calls
 * (the native thread pool would reorder them), so one is in flight at a time. And after the first
 * failure nothing is acknowledged until the store is opened again: LevelDB writes on after a full
 * disk, but misaligned, and its recovery then drops what it had acknowledged. Source: reliability
 * facts 2.3, classic-level 3.0.0 with LevelDB 1.20.
 */
import { access, mkdir, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Level } from 'level';
import { AppError, assert, wrapError } from '../protocol/errors.ts';
import {
  countBytes,
  type Durability,
  type Kv,
  type KvOp,
  type KvRange,
  type KvRow,
  type KvSnapshot,
} from './kv.ts';
import { createLane } from './lane.ts';
import { LevelNames, syncPath } from './level-names.ts';
import { LevelRoom } from './level-room.ts';
import { levelWriteBufferBytes } from './limits.ts';
import { createdMark, isStoreMade } from './made.ts';

type AbstractSnapshot = ReturnType<Level['snapshot']>;

/** `level` is classic-level here, whose types it leaves out. */
type Database = Level<string, Uint8Array> & { getProperty(name: string): string };

/** Bytes of LevelDB's tables in memory and its cache; answered from memory, in a microsecond. */
const memoryProperty = 'leveldb.approximate-memory-usage';

/** The names that LevelDB gives to its files. Source: LevelDB 1.20, db/filename.cc. */
const levelFile = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/;

/** How a store is opened. */
export interface LevelOptions {
  /** LevelDB begins another log, and writes a table, when its table in memory is over this; `levelWriteBufferBytes` where absent. */
  readonly writeBufferBytes?: number | undefined;
}

/** Opens or creates the store in `directory`. Errors: STORE_LOCKED, STORE_DAMAGED, STORE_IO. */
export async function openLevelKv(
  directory: string,
  { writeBufferBytes = levelWriteBufferBytes }: LevelOptions = {},
): Promise<Kv> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const isNew = !(await isStoreMade(directory));
    // LevelDB would begin an empty store in its place, and remove the tables of the old one.
    if (!isNew && !(await isThere(directory, 'CURRENT'))) {
      throw new AppError('STORE_DAMAGED', `The store in ${directory} has lost its CURRENT file.`);
    }
    const open = () => openDatabase(directory, writeBufferBytes);
    const db = await open().catch(async (thrown: unknown) => {
      if (!isNew || !isUnopenable(thrown)) throw thrown;
      await removeUnmade(directory);
      return open();
    });
    if (isNew || !(await isThere(directory, createdMark))) await makeDurable(db, directory);
    const readMemoryBytes = () => Number(db.getProperty(memoryProperty));
    const names = new LevelNames(directory, { readMemoryBytes, writeBufferBytes });
    await names.settle();
    return new LevelKv(db, names, new LevelRoom(directory, writeBufferBytes));
  } catch (thrown) {
    throw describeOpenFailure(directory, thrown);
  }
}

class LevelKv implements Kv {
  readonly #db: Database;
  readonly #names: LevelNames;
  readonly #room: LevelRoom;
  readonly #writes = createLane();
  #failure: AppError | undefined;
  #closing: Promise<void> | undefined;

  constructor(db: Database, names: LevelNames, room: LevelRoom) {
    this.#db = db;
    this.#names = names;
    this.#room = room;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#attempt(async () => {
      const value = await this.#db.get(key);
      return value === undefined ? undefined : toPlainBytes(value);
    });
  }

  range(range: KvRange): Promise<readonly KvRow[]> {
    return this.#range(range, {});
  }

  async snapshot(): Promise<KvSnapshot> {
    this.#checkOpen();
    const snapshot = this.#db.snapshot();
    return {
      range: (range) => this.#range(range, { snapshot }),
      close: () => snapshot.close(),
    };
  }

  async #range(
    { gte, lt, countMax, order }: KvRange,
    from: { readonly snapshot?: AbstractSnapshot },
  ): Promise<readonly KvRow[]> {
    this.#checkOpen();
    assert(countMax >= 0, 'a range has a countMax of zero or more');
    return this.#attempt(async () => {
      const reverse = order === 'descending';
      const entries = await this.#db.iterator({ gte, lt, limit: countMax, reverse, ...from }).all();
      return entries.map(([key, value]) => ({ key, value: toPlainBytes(value) }));
    });
  }

  async batch(ops: readonly KvOp[], durability: Durability): Promise<void> {
    this.#checkOpen();
    // Chained, because it takes the bytes now (they are the caller's, and the batch may wait for
    // its turn) and costs a third of what an array of operations does. Source: test/bench/README.md.
    const batch = this.#db.batch();
    for (const op of ops) {
      if (op.type === 'put') batch.put(op.key, op.value);
      else batch.del(op.key);
    }
    try {
      await this.#writes.run(() =>
        this.#attempt(async () => {
          this.#names.expect();
          await batch.write({ sync: durability === 'synced' });
          if (durability === 'synced') await this.#names.settle();
        }),
      );
    } finally {
      // One that was never written would stay in memory until the store is closed.
      await batch.close();
    }
    this.#room.wrote(countBytes(ops));
    if (durability === 'synced') this.#makeRoom();
  }

  /** Between two batches, for nothing else may write meanwhile; this one is answered already. */
  #makeRoom(): void {
    if (!this.#room.isDue(this.#names.newest)) return;
    // What cannot be made is done without; a lane that is full refuses it.
    this.#writes.run(() => this.#room.make()).catch(() => undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    await this.#writes.idle();
    // LevelDB's own close waits for reads, but lets a batch that waits for its turn fail.
    await this.#db.close().catch((thrown: unknown) => {
      throw wrapError(thrown, 'STORE_IO');
    });
  }

  /** Runs one act, unless an earlier one failed; the first failure ends the use of this store. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw refusal(this.#failure);
    try {
      return await work();
    } catch (thrown) {
      this.#failure ??= wrapError(thrown, isDamage(thrown) ? 'STORE_DAMAGED' : 'STORE_IO');
      throw this.#failure;
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new AppError('STORE_IO', 'The store is closed.');
  }
}

function refusal(cause: AppError): AppError {
  const detail = 'The store failed before and takes nothing until it is opened again.';
  return new AppError('STORE_IO', detail, { cause });
}

async function openDatabase(directory: string, writeBufferSize: number): Promise<Database> {
  const options = { keyEncoding: 'utf8', valueEncoding: 'view', writeBufferSize };
  const db = new Level<string, Uint8Array>(directory, options) as Database;
  await db.open();
  return db;
}

/**
 * For a store that cannot be opened and never was: LevelDB does not sync its first MANIFEST, so
 * losing power during creation leaves one without content. Nothing was acknowledged from it.
 */
async function removeUnmade(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names) if (levelFile.test(name)) await unlink(join(directory, name));
}

/** The synced no-op brings log and MANIFEST to the disk, the syncs of directories bring all names. */
async function makeDurable(db: Database, directory: string): Promise<void> {
  await db.batch([{ type: 'del', key: 'meta/created' }], { sync: true });
  await syncPath(join(directory, createdMark), 'a');
  await syncPath(directory);
  await syncPath(dirname(directory));
}

function isThere(directory: string, name: string): Promise<boolean> {
  return access(join(directory, name)).then(
    () => true,
    (thrown: unknown) => {
      if (findCode(thrown) === 'ENOENT') return false;
      throw thrown;
    },
  );
}

function describeOpenFailure(directory: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const cause = findReason(thrown);
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (findCode(cause) === 'LEVEL_LOCKED') {
    return new AppError('STORE_LOCKED', `Another process owns ${directory}.`, { cause });
  }
  const code = isUnopenable(cause) ? 'STORE_DAMAGED' : 'STORE_IO';
  return new AppError(code, `The store in ${directory} cannot be opened: ${detail}`, { cause });
}

function isDamage(thrown: unknown): boolean {
  return findCode(findReason(thrown)) === 'LEVEL_CORRUPTION';
}

/** Why a database is not open, where that is all that is said. */
function findReason(thrown: unknown): unknown {
  if (findCode(thrown) !== 'LEVEL_DATABASE_NOT_OPEN') return thrown;
  return findReason(thrown instanceof Error ? thrown.cause : undefined);
}

/** LevelDB passes on the system's words alone where a file that CURRENT or the MANIFEST names is gone. */
function isUnopenable(thrown: unknown): boolean {
  const cause = findReason(thrown);
  const isMissing = cause instanceof Error && /: No such file or directory$/.test(cause.message);
  return isMissing || isDamage(cause);
}

function findCode(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}

/** LevelDB gives node Buffers, each with memory of its own; callers are promised Uint8Arrays. */
function toPlainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
