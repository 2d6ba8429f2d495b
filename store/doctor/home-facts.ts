/*
 * What a doctor sees of a home, hub's or agent's alike, without the program that lives in it.
 *
 * It only reads, and says what it could not read as a fact. The store is opened only when nobody
 * runs on it, because a database has one owner; that takes its lock for a moment and changes no row.
 * Source: stat(2), statfs(2); node:process for the versions.
 */
import { access, lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode, wrapError } from '../../protocol/errors.ts';
import { type DiskHealth, type RoomHealth, soundDisk } from '../disk-guard.ts';
import type { Kv } from '../kv.ts';
import { diskFractionMax, watermarkBytesDefault } from '../limits.ts';
import { openLevelKv } from '../open.ts';

/** A path that only its owner may touch, and the mode it has. */
export interface ModeFact {
  readonly path: string;
  readonly mode: number;
  readonly wanted: number;
}

/** Is somebody behind the socket's path? `foreign`: what lies there is no socket. */
export type SocketFact = 'absent' | 'answered' | 'stale' | 'foreign';

/** How the store was found. `unknown`: it is another process's, or was never made. */
export type StoreFact =
  | { readonly is: 'sound' }
  | { readonly is: 'unknown' }
  | { readonly is: 'failed'; readonly code: string; readonly message: string };

/** The facts of one home. */
export interface HomeFacts {
  readonly directory: string;
  readonly isThere: boolean;
  readonly modes: readonly ModeFact[];
  /** Why the config cannot be used; null where it can. */
  readonly configFault: string | null;
  readonly socketPath: string;
  readonly socket: SocketFact;
  /** Files that a process which died while writing left beside the real ones. */
  readonly asides: readonly string[];
  /** Room on the home's file system; null where that cannot be asked. */
  readonly room: RoomFact | null;
  readonly store: StoreFact;
  readonly runtime: RuntimeFacts;
}

/** `ballast` is undefined where no program runs that keeps one. */
export interface RoomFact extends Pick<RoomHealth, 'freeBytes' | 'watermarkBytes'> {
  readonly ballast: RoomHealth['ballast'] | undefined;
}

/** The store and the disk of the program that runs, where it is this process. */
export interface LiveDisk {
  readonly kv: Kv;
  readonly health: DiskHealth;
}

/** What this program runs on. `glibc` is null where there is none. */
export interface RuntimeFacts {
  readonly node: string;
  readonly arch: string;
  readonly glibc: string | null;
}

/** Where to look. Paths are absolute. */
export interface HomePlan {
  readonly directory: string;
  /** Files, wanted 0600, that are looked at where they exist; the home itself, wanted 0700, hides the rest. */
  readonly privateFiles: readonly string[];
  readonly socket: string;
  readonly store: string;
  /** Reads the config as the program would; rejects with why it cannot. */
  readonly readConfig: () => Promise<unknown>;
  readonly isAnswered: (path: string) => Promise<boolean>;
  /** Wall milliseconds. */
  readonly nowMs: number;
}

/** Files that were written aside and are younger than this may still be renamed. */
const asideMsMin = 60 * 60 * 1000;

/** Names that our own writers give to a file before it is renamed into place. */
const asideName = /\.(\d+|[0-9a-f]{8})\.new$/;

/** Gathers the facts. */
export async function gatherHome(plan: HomePlan, live: LiveDisk | undefined): Promise<HomeFacts> {
  const { directory, socket } = plan;
  const isThere = (await findMode(directory)) !== undefined;
  const socketFact = await probeSocket(plan);
  return {
    directory,
    isThere,
    modes: await gatherModes(plan),
    configFault: await plan.readConfig().then(
      () => null,
      (thrown: unknown) => wrapError(thrown, 'CONFIG_INVALID').message,
    ),
    socketPath: socket,
    socket: socketFact,
    asides: await listAsides(plan),
    room: live?.health.room ?? (await findRoom(directory)),
    store: live === undefined ? await tryStore(plan.store, socketFact) : await probeStore(live),
    runtime: readRuntime(),
  };
}

async function gatherModes(plan: HomePlan): Promise<readonly ModeFact[]> {
  const wanted = [
    { path: plan.directory, wanted: 0o700 },
    ...plan.privateFiles.map((path) => ({ path, wanted: 0o600 })),
  ];
  const facts = await Promise.all(
    wanted.map(async (one) => ({ ...one, mode: await findMode(one.path) })),
  );
  return facts.flatMap(({ mode, ...one }) => (mode === undefined ? [] : [{ ...one, mode }]));
}

/** Permission bits; undefined where there is nothing, or nothing that we may look at. */
async function findMode(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (found) => (found.isSymbolicLink() ? undefined : found.mode & 0o777),
    () => undefined,
  );
}

async function probeSocket({ socket, isAnswered }: HomePlan): Promise<SocketFact> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined) return 'absent';
  if (!found.isSocket()) return 'foreign';
  return (await isAnswered(socket)) ? 'answered' : 'stale';
}

async function listAsides({ directory, nowMs }: HomePlan): Promise<readonly string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const paths = names.filter((name) => asideName.test(name)).map((name) => join(directory, name));
  const old = await Promise.all(
    paths.map(async (path) => {
      const found = await lstat(path).catch(() => undefined);
      return found?.isFile() === true && nowMs - found.mtimeMs >= asideMsMin;
    }),
  );
  return paths.filter((_, index) => old[index]);
}

async function findRoom(directory: string): Promise<RoomFact | null> {
  const found = await statfs(directory).catch(() => undefined);
  if (found === undefined) return null;
  const { bavail, blocks, bsize } = found;
  const watermarkBytes = Math.min(watermarkBytesDefault, blocks * bsize * diskFractionMax);
  return { freeBytes: bavail * bsize, watermarkBytes, ballast: undefined };
}

/** A live store that is being opened again says so; else it answers a read, or says why not. */
async function probeStore({ kv, health }: LiveDisk): Promise<StoreFact> {
  if (health.store.is === 'reopening') return { ...health.store, is: 'failed' };
  return kv.get('meta/format').then(
    (): StoreFact => ({ is: 'sound' }),
    (thrown: unknown) => describeFault(thrown),
  );
}

/** Opens and closes it. One that was never opened whole is left alone: opening would make it. */
async function tryStore(store: string, socket: SocketFact): Promise<StoreFact> {
  if (socket === 'answered' || !(await isMade(store))) return { is: 'unknown' };
  try {
    const kv = await openLevelKv(store);
    const fact = await probeStore({ kv, health: soundDisk.health });
    await kv.close();
    return fact;
  } catch (thrown) {
    return describeFault(thrown);
  }
}

async function isMade(store: string): Promise<boolean> {
  return access(join(store, 'CREATED')).then(
    () => true,
    (thrown: unknown) => !hasSystemCode(thrown, 'ENOENT') && !hasSystemCode(thrown, 'ENOTDIR'),
  );
}

function describeFault(thrown: unknown): StoreFact {
  const { code, message } = wrapError(thrown, 'STORE_IO');
  // Whoever holds the lock is the one to ask; that is no fault of the store.
  return code === 'STORE_LOCKED' ? { is: 'unknown' } : { is: 'failed', code, message };
}

function readRuntime(): RuntimeFacts {
  // Without it the report looks up a name for every open connection.
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as {
    readonly header?: { readonly glibcVersionRuntime?: string };
  };
  const { versions, arch } = process;
  return { node: versions.node, arch, glibc: header?.glibcVersionRuntime ?? null };
}
