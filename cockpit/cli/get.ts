/*
 * `wally get J PATH` on the asker's side: the bytes into a file, and never half a file.
 *
 * They go into a file of another name beside the place where they are wanted, are checked against
 * the hash that the worker reported, brought to the disk and only then get their name. The worker's
 * path names nothing here but by its last part. Errors: ARTIFACT_EXISTS, ARTIFACT_DAMAGED,
 * USAGE_ARGUMENT where the place cannot be written. To stdout go the bytes as they come.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, hasSystemCode, readFirstSentence } from '../../protocol/errors.ts';
import { isThere } from '../../protocol/is-there.ts';
import type { HubClient } from '../hub/client.ts';
import type { ArtifactPiece, ArtifactRow } from '../verbs/shapes.ts';

/** What was asked, and where this process is. */
export interface GetPlan {
  readonly client: HubClient;
  readonly args: Readonly<Record<string, unknown>>;
  readonly pid: number;
  /** Runs when the person has enough. */
  readonly onSignal: (run: () => void) => void;
}

/** What came, and where it is now. */
export interface GotArtifact extends ArtifactRow {
  readonly file: string;
}

/** Fetches one file. */
export async function getArtifact({ client, args, pid, onSignal }: GetPlan): Promise<GotArtifact> {
  const file = await chooseFile(String(args.path), args.out);
  const isForced = args.force === true;
  if (!isForced && (await isThere(file))) refuseExisting(file);
  const part = join(dirname(file), `.${basename(file)}.${pid}.part`);
  const refuse = (cause: unknown): never => {
    const why = readFirstSentence(cause);
    throw new AppError('USAGE_ARGUMENT', `get: ${file} cannot be written (${why}).`, { cause });
  };
  const handle = await open(part, 'wx', 0o644).catch(refuse);
  try {
    const target: Target = {
      write: (bytes, at) => writeAll(handle, bytes, at).catch(refuse),
      sync: () => handle.sync().catch(refuse),
    };
    const row = await receive({ client, args, onSignal }, target).finally(() => handle.close());
    await (isForced ? rename(part, file).catch(refuse) : linkNew(part, file));
    return { ...row, file };
  } finally {
    await rm(part, { force: true });
  }
}

/**
 * Fetches one file to where `print` puts it, its bytes alone. They are out before they can be checked as a whole: one
 * that is damaged is an error at its end. Errors: ARTIFACT_DAMAGED, ARTIFACT_INCOMPLETE.
 */
export async function printArtifact(
  plan: Omit<GetPlan, 'pid'>,
  print: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  await receive(plan, { write: print, sync: async () => undefined });
}

/** Where the bytes go. */
interface Target {
  write(bytes: Uint8Array, at: number): Promise<void>;
  sync(): Promise<void>;
}

async function receive(
  { client, args, onSignal }: Omit<GetPlan, 'pid'>,
  target: Target,
): Promise<ArtifactRow> {
  const hash = createHash('sha256');
  let at = 0;
  const stream = client.stream('get', args, async (item) => {
    const { offset, base64 } = item as ArtifactPiece;
    const bytes = Buffer.from(base64, 'base64');
    if (offset !== at) throw new AppError('ARTIFACT_OFFSET');
    hash.update(bytes);
    await target.write(bytes, at);
    at += bytes.length;
  });
  onSignal(() => stream.cancel());
  const row = (await stream.done) as ArtifactRow | undefined;
  if (row === undefined) throw new AppError('ARTIFACT_INCOMPLETE', 'It was left half-way.');
  if (at !== row.bytes || hash.digest('hex') !== row.sha256) {
    throw new AppError('ARTIFACT_DAMAGED', `${at} bytes came, and they are not what was kept.`);
  }
  await target.sync();
  return row;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const left = bytes.length - written;
    written += (await handle.write(bytes, written, left, at + written)).bytesWritten;
  }
}

/** By its own name here, or where `--out` says: a file, or a directory that is there or ends in `/`. */
async function chooseFile(path: string, out: unknown): Promise<string> {
  const name = basename(path.replaceAll('\\', '/'));
  if (name === '' || name === '.' || name === '..') {
    throw new AppError('USAGE_ARGUMENT', `get: "${path}" names no file.`);
  }
  if (typeof out !== 'string') return resolve(name);
  const isDirectory = out.endsWith('/') || (await isFolder(out));
  return isDirectory ? resolve(out, name) : resolve(out);
}

/** Unlike a rename this never replaces what appeared there meanwhile. */
async function linkNew(part: string, file: string): Promise<void> {
  try {
    await link(part, file);
  } catch (thrown) {
    if (hasSystemCode(thrown, 'EEXIST')) refuseExisting(file);
    // A file system without links.
    if (await isThere(file)) refuseExisting(file);
    await rename(part, file);
  }
}

function refuseExisting(file: string): never {
  throw new AppError('ARTIFACT_EXISTS', `${file} is there already.`);
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
