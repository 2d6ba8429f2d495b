/*
 * All logs of one home, in files: a directory for each attempt.
 *
 * It owns the names in its directory and nothing inside the attempts' own. Removing renames first,
 * so that a crash never leaves half a log that looks whole; what a crash left renamed goes with
 * the next opening. A hub has thousands of logs and few are used, so only the latest used are kept
 * and the rest opened again on demand. The agent's spool and the hub's mirror are both this.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, assert, hasSystemCode, wrapError } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import { makeDurableFolder } from './durable-folder.ts';
import { compareAttempts, isAttemptId } from './keys.ts';
import type { Lane } from './lane.ts';
import { createLane } from './lane.ts';
import { logHandlesMax, logsIdleMax, logTailBytesMax, logTailsBytesMax } from './limits.ts';
import type { Log, LogStore } from './log.ts';
import { shapeLog } from './log-cap.ts';
import type { FileLog, LogCommons } from './log-file.ts';
import { openFileLog } from './log-file.ts';
import { LogHandles } from './log-handles.ts';
import type { LogExtent } from './log-segment.ts';
import { type LogTail, TailMemory } from './log-tail.ts';

const removedEnding = '.removed';

/** How much of the logs is kept, on the disk and in the process. */
export interface LogFilesOptions {
  /** Cap of each log. */
  readonly bytesMax: number;
  /** Files open at once; `logHandlesMax` when absent. */
  readonly handlesMax?: number;
  /** Logs kept although nobody uses them; `logsIdleMax` when absent. */
  readonly idleMax?: number;
}

/** Opens or creates the logs in `directory`. Errors: STORE_IO. */
export async function openLogFiles(directory: string, options: LogFilesOptions): Promise<LogFiles> {
  const { bytesMax, handlesMax = logHandlesMax, idleMax = logsIdleMax } = options;
  const memory = { tailBytesMax: logTailBytesMax, totalBytesMax: logTailsBytesMax };
  const commons: LogCommons = {
    shape: shapeLog(bytesMax),
    handles: new LogHandles(handlesMax),
    memory: new TailMemory(memory),
  };
  try {
    // Its logs sync their own names in it; nobody else would sync its own.
    await makeDurableFolder(directory);
    for (const name of await readdir(directory)) {
      if (name.endsWith(removedEnding)) await removeRest(join(directory, name));
    }
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
  return new LogFiles({ directory, commons, idleMax });
}

/** What is left of a log that nobody held any more. */
interface Remains {
  readonly attempt: AttemptId;
  readonly tail: LogTail;
}

interface LogFilesStart {
  readonly directory: string;
  readonly commons: LogCommons;
  readonly idleMax: number;
}

/** What of the process the logs use just now; for tests and for people who look into a hub. */
export interface LogFilesUsage {
  readonly keptCount: number;
  readonly openFileCount: number;
  readonly tailBytes: number;
}

/** Life cycle: it is open when it is made; `close` waits for what is under way. */
export class LogFiles implements LogStore {
  readonly #directory: string;
  readonly #commons: LogCommons;
  readonly #idleMax: number;
  /** Logs that are being opened or were used lately, the one used longest ago first. */
  readonly #kept = new Map<AttemptId, Promise<FileLog>>();
  /**
   * Every log that somebody may still hold. Two objects of one log would write one file at once, so
   * one that is held is found here again, and one that nobody holds costs nothing.
   */
  readonly #held = new Map<AttemptId, WeakRef<FileLog>>();
  readonly #collected = new FinalizationRegistry<Remains>((remains) => this.#noteGone(remains));
  /** The last removal of each attempt's log that is under way; opening waits for it. */
  readonly #removals = new Map<AttemptId, Promise<void>>();
  readonly #lane: Lane = createLane();
  #isClosed = false;

  constructor({ directory, commons, idleMax }: LogFilesStart) {
    this.#directory = directory;
    this.#commons = commons;
    this.#idleMax = idleMax;
  }

  get usage(): LogFilesUsage {
    const { handles, memory } = this.#commons;
    return {
      keptCount: this.#kept.size,
      openFileCount: handles.openCount,
      tailBytes: memory.bytes,
    };
  }

  open(attempt: AttemptId): Promise<Log> {
    assert(isAttemptId(attempt), 'a log is named by an attempt id');
    if (this.#isClosed) return Promise.reject(closedError());
    return this.#keep(attempt, this.#findOpen(attempt) ?? this.#open(attempt, 'whole'));
  }

  cut(attempt: AttemptId): Promise<Log> {
    assert(isAttemptId(attempt), 'a log is named by an attempt id');
    if (this.#isClosed) return Promise.reject(closedError());
    const before = this.#findOpen(attempt);
    this.#held.delete(attempt);
    const closed = Promise.resolve(before).then(
      (log) => log?.close(),
      () => undefined,
    );
    return this.#keep(
      attempt,
      closed.then(() => this.#open(attempt, 'readable')),
    );
  }

  #findOpen(attempt: AttemptId): Promise<FileLog> | undefined {
    return this.#kept.get(attempt) ?? this.#findHeld(attempt);
  }

  /** Notes that it was used just now; the one used longest ago is let go. */
  #keep(attempt: AttemptId, known: Promise<FileLog>): Promise<FileLog> {
    this.#kept.delete(attempt);
    this.#kept.set(attempt, known);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#idleMax) break;
      this.#kept.delete(oldest);
    }
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
    const log = this.#findOpen(attempt);
    this.#kept.delete(attempt);
    this.#held.delete(attempt);
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
    const kept = [...this.#kept.values()];
    const held = [...this.#held.keys()].map((attempt) => this.#findHeld(attempt));
    const logs = await Promise.allSettled([...kept, ...held]);
    await Promise.all(logs.map((log) => (log.status === 'fulfilled' ? log.value?.close() : null)));
    await this.#commons.handles.close();
  }

  #findHeld(attempt: AttemptId): Promise<FileLog> | undefined {
    const log = this.#held.get(attempt)?.deref();
    return log === undefined ? undefined : Promise.resolve(log);
  }

  /** A name may have been opened again since its object was collected; the tail is that object's alone. */
  #noteGone({ attempt, tail }: Remains): void {
    // The budget of the tails knows it, so it would stay until others had used all of that.
    tail.clear();
    if (this.#held.get(attempt)?.deref() === undefined) this.#held.delete(attempt);
  }

  async #open(attempt: AttemptId, extent: LogExtent): Promise<FileLog> {
    try {
      await this.#removals.get(attempt)?.catch(() => undefined);
      const log = await openFileLog(join(this.#directory, attempt), this.#commons, extent);
      this.#held.set(attempt, new WeakRef(log));
      this.#collected.register(log, { attempt, tail: log.tail });
      return log;
    } catch (thrown) {
      this.#kept.delete(attempt);
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

/** Nobody misses it, so what can't be removed now is no reason to refuse all others; the next opening tries again. */
function removeRest(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true }).catch(() => undefined);
}

function closedError(): AppError {
  return new AppError('STORE_IO', 'The logs are closed.');
}

/** False where the failure says that there was no log to remove; any other goes on. */
function isMissing(thrown: unknown): false {
  if (hasSystemCode(thrown, 'ENOENT')) return false;
  throw thrown;
}
