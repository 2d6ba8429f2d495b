/*
 * What a doctor sees of a home, hub's or agent's alike, without the program that lives in it.
 *
 * It only reads, and says what it could not read as a fact. The store is somebody else's to open.
 * Source: stat(2), statfs(2); node:process for the versions.
 */
import { lstat, statfs } from 'node:fs/promises';
import { wrapError } from '../../protocol/errors.ts';
import type { RoomHealth } from '../disk-guard.ts';
import { diskFractionMax, watermarkBytesDefault } from '../limits.ts';
import { listHalfDone } from '../salvage/leftovers.ts';
import type { StoreFact, StoreVisit } from './store-visit.ts';

/** A path that only its owner may touch, and the mode it has. */
export interface ModeFact {
  readonly path: string;
  readonly mode: number;
  readonly wanted: number;
}

/** Is somebody behind the socket's path? `foreign`: what lies there is no socket. */
export type SocketFact = 'absent' | 'answered' | 'stale' | 'foreign';

/** The facts of one home. */
export interface HomeFacts {
  readonly directory: string;
  readonly isThere: boolean;
  readonly modes: readonly ModeFact[];
  /** Why the config cannot be used; null where it can. */
  readonly configFault: string | null;
  readonly configPath: string;
  readonly socketPath: string;
  readonly socket: SocketFact;
  /** What processes that died left half done. */
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
  readonly config: string;
  /** Reads the config as the program would; rejects with why it cannot. */
  readonly readConfig: () => Promise<unknown>;
  readonly isAnswered: (path: string) => Promise<boolean>;
  /** Wall milliseconds. */
  readonly nowMs: number;
}

/** Gathers the facts; `visit` is to the home's store. */
export async function gatherHome(plan: HomePlan, visit: StoreVisit): Promise<HomeFacts> {
  const { directory, socket } = plan;
  return {
    directory,
    isThere: (await findMode(directory)) !== undefined,
    modes: await gatherModes(plan),
    configFault: await plan.readConfig().then(
      () => null,
      (thrown: unknown) => wrapError(thrown, 'CONFIG_INVALID').message,
    ),
    configPath: plan.config,
    socketPath: socket,
    socket: await probeSocket(plan),
    asides: await listHalfDone(directory, plan.nowMs),
    room: visit.live?.health.room ?? (await findRoom(directory)),
    store: await visit.look(),
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

/** What lies at the socket's path. */
export async function probeSocket({
  socket,
  isAnswered,
}: Pick<HomePlan, 'socket' | 'isAnswered'>): Promise<SocketFact> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined) return 'absent';
  if (!found.isSocket()) return 'foreign';
  return (await isAnswered(socket)) ? 'answered' : 'stale';
}

async function findRoom(directory: string): Promise<RoomFact | null> {
  const found = await statfs(directory).catch(() => undefined);
  if (found === undefined) return null;
  const { bavail, blocks, bsize } = found;
  const watermarkBytes = Math.min(watermarkBytesDefault, blocks * bsize * diskFractionMax);
  return { freeBytes: bavail * bsize, watermarkBytes, ballast: undefined };
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
