/*
 * All logs of one home, in files: a directory for each attempt.
 *
 * It owns the names in its directory and nothing inside the attempts' own. Removing renames first,
 * so that a crash never leaves half a log that looks whole; what a crash left renamed goes with
 * the next opening. The agent's spool and the hub's mirror are both this.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, assert, hasSystemCode, wrapError } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import { compareAttempts, isAttemptId } from './keys.ts';
import type { Lane } from './lane.ts';
import { createLane } from './lane.ts';
import type { Log, LogStore } from './log.ts';
import type { LogShape } from './log-cap.ts';
import { shapeLog } from './log-cap.ts';
import type { FileLog } from './log-file.ts';
import { openFileLog } from './log-file.ts';

const removedEnding = '.removed';

/** Opens or creates the logs in `directory`, each capped at `bytesMax`. Errors: STORE_IO. */
export async function openLogFiles(
  directory: string,
  { bytesMax }: { readonly bytesMax: number },
): Promise<LogStore> {
  const shape = shapeLog(bytesMax);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) {
      if (name.endsWith(removedEnding)) await rm(join(directory, name), { recursive: true });
    }
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
  return new LogFiles(directory, shape);
}

class LogFiles implements LogStore {
  readonly #directory: string;
  readonly #shape: LogShape;
  readonly #logs = new Map<AttemptId, Promise<FileLog>>();
  /** The last removal of each attempt's log that is under way; opening waits for it. */
  readonly #removals = new Map<AttemptId, Promise<void>>();
  readonly #lane: Lane = createLane();
  #isClosed = false;

  constructor(directory: string, shape: LogShape) {
    this.#directory = directory;
    this.#shape = shape;
  }

  open(attempt: AttemptId): Promise<Log> {
    assert(isAttemptId(attempt), 'a log is named by an attempt id');
    if (this.#isClosed) return Promise.reject(closedError());
    const known = this.#logs.get(attempt) ?? this.#open(attempt);
    this.#logs.set(attempt, known);
    return known;
  }

  list(): Promise<readonly AttemptId[]> {
    return this.#run(async () => {
      const names = await readdir(this.#directory);
      return names.filter(isAttemptId).sort(compareAttempts);
    });
  }

  remove(attempt: AttemptId): Promise<void> {
    assert(isAttemptId(attempt), 'a log is named by an attempt id');
    if (this.#isClosed) return Promise.reject(closedError());
    const log = this.#logs.get(attempt);
    this.#logs.delete(attempt);
    const removal = (this.#removals.get(attempt) ?? Promise.resolve())
      .then(() => this.#remove(attempt, log))
      .finally(() => {
        if (this.#removals.get(attempt) === removal) this.#removals.delete(attempt);
      });
    this.#removals.set(attempt, removal);
    return removal;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lane.idle();
    await Promise.allSettled(this.#removals.values());
    const logs = await Promise.allSettled(this.#logs.values());
    await Promise.all(logs.map((log) => (log.status === 'fulfilled' ? log.value.close() : null)));
  }

  async #open(attempt: AttemptId): Promise<FileLog> {
    try {
      await this.#removals.get(attempt)?.catch(() => undefined);
      return await openFileLog(join(this.#directory, attempt), this.#shape);
    } catch (thrown) {
      this.#logs.delete(attempt);
      throw wrapError(thrown, 'STORE_IO');
    }
  }

  async #remove(attempt: AttemptId, log: Promise<FileLog> | undefined): Promise<void> {
    const path = join(this.#directory, attempt);
    const removed = path + removedEnding;
    try {
      await (await log?.catch(() => undefined))?.close();
      await rm(removed, { recursive: true, force: true });
      const isThere = await rename(path, removed).then(() => true, isMissing);
      if (isThere) await rm(removed, { recursive: true });
    } catch (thrown) {
      throw wrapError(thrown, 'STORE_IO');
    }
  }

  #run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(closedError());
    return this.#lane.run(async () => {
      try {
        return await job();
      } catch (thrown) {
        throw wrapError(thrown, 'STORE_IO');
      }
    });
  }
}

function closedError(): AppError {
  return new AppError('STORE_IO', 'The logs are closed.');
}

/** False where the failure says that there was no log to remove; any other goes on. */
function isMissing(thrown: unknown): false {
  if (hasSystemCode(thrown, 'ENOENT')) return false;
  throw thrown;
}
