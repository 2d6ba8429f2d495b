/*
 * Backups as files: a tar, gzipped, in which every entry is named with its hash by the last one.
 *
 * It is `tar-stream`'s, so anybody's tar can unpack a backup. Written aside, synced, and
 * renamed at the end; what was cut off never has the name of a backup. Nothing is held whole but one entry, of at
 * most a few MiB. Errors: BACKUP_FAILED, BACKUP_DAMAGED, SAVE_FILE.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, type Pack, pack } from 'tar-stream';
import { z } from 'zod';
import { AppError, wrapError } from '../protocol/errors.ts';
import { isThere } from '../protocol/is-there.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { backupEntriesMax, backupSumsBytesMax } from './limits.ts';
import { writeTarEntry } from './tar-entry.ts';

/** The last entry: the hash of each of the others. */
const sumsName = 'SUMS.json';

type Pieces = AsyncIterable<Uint8Array>;

const sumsSchema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));

/** One entry while it is read; its bytes come once. */
export interface BackupEntry {
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Takes entries one after the other; `finish` makes them a backup, `discard` leaves no trace. */
export interface BackupTarget {
  add(name: string, bytes: Uint8Array): Promise<void>;
  /** An entry of so many bytes, from a stream that has them. */
  stream(name: string, size: number, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Resolves with the size of the file. */
  finish(): Promise<number>;
  discard(): Promise<void>;
}

/** Begins a backup in `file`, which must not be there. */
export async function openBackupTarget(file: string, pid: number): Promise<BackupTarget> {
  if (await isThere(file)) throw new AppError('SAVE_FILE', `${file} is there already.`);
  const aside = `${file}.${pid}.new`;
  const tar = pack();
  const sums: Record<string, string> = {};
  const writing = pipeline(
    tar,
    createGzip(),
    createWriteStream(aside, { mode: 0o600, flush: true }),
  );
  // Told to whoever writes next.
  let failure: unknown;
  writing.catch((thrown: unknown) => {
    failure = thrown;
  });
  const guard = async (act: () => Promise<unknown>) => {
    try {
      await Promise.race([act(), writing.then(() => undefined)]);
      if (failure !== undefined) throw failure;
    } catch (thrown) {
      throw wrapError(thrown, 'BACKUP_FAILED');
    }
  };
  const stream: BackupTarget['stream'] = (name, size, bytes) =>
    guard(async () => {
      sums[name] = await writeEntry(tar, { name, size, bytes });
    });
  const add = (name: string, bytes: Uint8Array) => stream(name, bytes.length, only(bytes));
  return {
    add,
    stream,
    async finish() {
      await add(sumsName, new TextEncoder().encode(JSON.stringify(sums)));
      try {
        tar.finalize();
        await writing;
        const { size } = await stat(aside);
        await rename(aside, file);
        await syncDirectory(dirname(file));
        return size;
      } catch (thrown) {
        throw wrapError(thrown, 'BACKUP_FAILED');
      }
    },
    async discard() {
      tar.destroy();
      await writing.catch(() => undefined);
      await unlink(aside).catch(() => undefined);
    },
  };
}

/**
 * Reads a backup from its beginning to its end, each entry once, and compares the hashes. What `take` was given counts
 * only once this has resolved. Errors: BACKUP_DAMAGED, those of `take`.
 */
export async function readBackup(
  file: string,
  take: (entry: BackupEntry) => Promise<void>,
): Promise<void> {
  const found = new Map<string, string>();
  let sums: unknown;
  const tar = extract();
  const feeding = pipeline(createReadStream(file), createGunzip(), tar);
  feeding.catch(() => undefined);
  try {
    for await (const entry of tar) {
      const { name, size = 0, type } = entry.header;
      if (sums !== undefined || found.has(name) || type !== 'file' || !isPlain(name)) {
        throw damaged(file, `the entry ${JSON.stringify(name)} has no place in it`);
      }
      if (found.size >= backupEntriesMax) throw damaged(file, 'it has too many entries');
      if (name === sumsName) {
        if (size > backupSumsBytesMax) throw damaged(file, 'its last entry is too long');
        sums = JSON.parse(Buffer.concat(await collect(entry as Pieces)).toString());
        continue;
      }
      const hash = createHash('sha256');
      await take({ name, size, bytes: hashed(entry as Pieces, hash) });
      found.set(name, hash.digest('hex'));
    }
    await feeding;
  } catch (thrown) {
    tar.destroy();
    if (thrown instanceof AppError) throw thrown;
    throw damaged(file, thrown instanceof Error ? thrown.message : String(thrown));
  }
  compare(file, sums, found);
}

function compare(file: string, sums: unknown, found: ReadonlyMap<string, string>): void {
  const parsed = sumsSchema.safeParse(sums);
  if (!parsed.success) throw damaged(file, 'its last entry is missing: it was never finished');
  const named = Object.entries(parsed.data);
  const wrong = named.find(([name, sum]) => found.get(name) !== sum);
  if (wrong !== undefined) throw damaged(file, `${wrong[0]} is not what was written`);
  if (named.length !== found.size) throw damaged(file, 'it has entries that nobody wrote');
}

async function writeEntry(tar: Pack, { name, size, bytes }: BackupEntry): Promise<string> {
  const hash = createHash('sha256');
  await writeTarEntry(tar, { name, size, mode: 0o600, bytes: hashed(bytes, hash) });
  return hash.digest('hex');
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** All bytes of an entry; for those that are known to be short. */
export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return pieces;
}

/** A name that stays inside of where it is unpacked. */
function isPlain(name: string): boolean {
  const parts = name.split('/');
  return parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'),
  );
}

/** What is wrong with a backup. */
export function damaged(file: string, why: string): AppError {
  return new AppError('BACKUP_DAMAGED', `${file} cannot be restored: ${why}.`);
}
