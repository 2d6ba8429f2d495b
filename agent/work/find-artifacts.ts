/*
 * The files in a job's directory that match its patterns: plain ones, inside it, and not too many.
 *
 * The job is not trusted: it may have left links to the agent's keys, a pipe that nobody writes, names that are
 * made to be matched for ever, or a million files. So names are looked for in a thread that can be ended; no link is followed, neither at the end of a path nor on the way to it; what is
 * no plain file is named and left; and every cap that is met is said. Files are opened once, and
 * what was opened is looked at, not its name. Source: open(2) O_NOFOLLOW; node:fs glob.
 */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isInsidePattern } from '../../protocol/artifact-pattern.ts';
import { AppError, type ErrorCode } from '../../protocol/errors.ts';
import { artifactPathLettersMax, artifactsCountMax } from '../../protocol/limits.ts';
import type { ArtifactMiss } from '../../protocol/model.ts';
import type { GlobName, GlobThreads } from './glob-thread.ts';
import {
  artifactBytesMax,
  artifactChunkBytes,
  artifactPathsBytesMax,
  artifactsBytesMax,
} from './limits.ts';
import type { FoundArtifact, FoundArtifacts, WorkRules } from './work.ts';

/** Whose files may leave, and which of them. */
export interface ArtifactRules extends Pick<WorkRules, 'findFileRefusal'> {
  /** Work of another user must not have us read for it what that user can't. */
  readonly ownerUid?: number | undefined;
}

/** What is looked for. */
export interface ArtifactWish {
  readonly directory: string;
  readonly patterns: readonly string[];
  readonly globs: GlobThreads;
}

/** Looks for what matches. Never rejects: what cannot be looked at is named as missed. */
export async function findArtifacts(
  { directory, patterns, globs }: ArtifactWish,
  rules?: ArtifactRules,
): Promise<FoundArtifacts> {
  const root = await realpath(directory).catch(() => directory);
  const search = new Search(root, rules);
  const inside = patterns.filter((pattern) => isInsidePattern(pattern));
  // One more than all that is kept or named as missed, so that a full report says that there was more.
  const plan = { directory: root, patterns: inside, countMax: 2 * artifactsCountMax + 1 };
  const names = inside.length === 0 ? [] : await globs.find(plan);
  for (const pattern of patterns) await search.match(pattern, names[inside.indexOf(pattern)]);
  return search.result();
}

class Search {
  readonly #root: string;
  readonly #rules: ArtifactRules | undefined;
  readonly #seen = new Set<string>();
  readonly #found: FoundArtifact[] = [];
  readonly #missed: ArtifactMiss[] = [];
  #totalBytes = 0;
  #pathBytes = 0;

  constructor(root: string, rules: ArtifactRules | undefined) {
    this.#root = root;
    this.#rules = rules;
  }

  result(): FoundArtifacts {
    return { found: this.#found, missed: this.#missed };
  }

  async match(pattern: string, names: readonly GlobName[] | undefined): Promise<void> {
    if (names === undefined) return this.#miss(pattern, 'ARTIFACT_REFUSED');
    for (const name of names) {
      if (!this.#hasRoom()) return this.#miss(pattern, 'ARTIFACT_TOO_LARGE');
      await this.#take(name);
    }
    if (names.length === 0) this.#miss(pattern, 'ARTIFACT_UNKNOWN');
  }

  #hasRoom(): boolean {
    const count = Math.max(this.#found.length, this.#missed.length + 1);
    return count < artifactsCountMax && this.#pathBytes < artifactPathsBytesMax;
  }

  async #take(entry: GlobName): Promise<void> {
    const full = join(entry.parentPath, entry.name);
    const path = relative(this.#root, full).split(sep).join('/');
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    if (path.startsWith('../') || path.length > artifactPathLettersMax) {
      return this.#miss(path, 'ARTIFACT_REFUSED');
    }
    // What vanishes meanwhile, or may not be read, is no file to be brought.
    const bytes = entry.isFile ? await this.#measure(full).catch(() => undefined) : undefined;
    if (bytes === undefined) return this.#miss(path, 'ARTIFACT_REFUSED');
    if (bytes > artifactBytesMax || this.#totalBytes + bytes > artifactsBytesMax) {
      return this.#miss(path, 'ARTIFACT_TOO_LARGE');
    }
    const refusal = this.#rules?.findFileRefusal(path, bytes);
    if (refusal !== undefined) return this.#miss(path, refusal.code);
    this.#totalBytes += bytes;
    this.#pathBytes += Buffer.byteLength(path);
    this.#found.push({ path, read: () => readFile(full, this.#rules) });
  }

  /** Its size; undefined where a link lies on the way to it or it is no plain file. */
  async #measure(full: string): Promise<number | undefined> {
    if ((await realpath(full)) !== full) return undefined;
    const handle = await openPlain(full);
    try {
      const status = await handle.stat();
      return status.isFile() && isOwn(status.uid, this.#rules) ? status.size : undefined;
    } finally {
      await handle.close();
    }
  }

  #miss(path: string, code: ErrorCode): void {
    if (this.#missed.length >= artifactsCountMax) return;
    this.#pathBytes += Buffer.byteLength(path);
    this.#missed.push({ path: path.slice(0, artifactPathLettersMax), code });
  }
}

function isOwn(uid: number, rules: ArtifactRules | undefined): boolean {
  return rules?.ownerUid === undefined || rules.ownerUid === uid;
}

/** Without blocking: a pipe that took the file's place has no writer. */
function openPlain(path: string) {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** Its bytes, up to the cap of one file: it may have grown since it was measured. */
async function* readFile(
  path: string,
  rules: ArtifactRules | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await openPlain(path);
  try {
    // Another file may have taken its place since it was found.
    if (!isOwn((await handle.stat()).uid, rules)) throw new AppError('ARTIFACT_REFUSED');
    for (let at = 0; at < artifactBytesMax; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(artifactChunkBytes, artifactBytesMax - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
