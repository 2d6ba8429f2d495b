/*
 * Room ahead in LevelDB's log: zeros, over which it then writes its records.
 *
 * To sync a file that grows is to sync its size and its blocks too: on a file system with a journal that is a second wait for
 * the disk, as long as the first. So the log of a store that is at work is made longer in steps, ahead of what is written. LevelDB knows
 * zeros at the end of a log for what they are (doc/log_format.md), and so does `salvage/level-log.ts`. It only ever appends
 * to the file, while no batch is under way, and it is no promise: where there is no room on the disk, or anything fails, the
 * log grows as it would have.
 */
import { open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  levelRoomAfterCount,
  levelRoomLeftBytes,
  levelRoomPartMax,
  levelRoomStepBytes,
} from './limits.ts';

/** Makes room in the logs of one open database. */
export class LevelRoom {
  readonly #directory: string;
  readonly #bytesMax: number;
  #log = -1;
  #batchCount = 0;
  /** What is in the log, about: LevelDB's own bytes are not counted. */
  #used = 0;
  /** How long the log is, where room was made in it. */
  #size = 0;

  /** `bytesMax`: a log gets no more room when it is so long, for soon LevelDB begins another. */
  constructor(directory: string, bytesMax: number) {
    this.#directory = directory;
    this.#bytesMax = bytesMax;
  }

  /** A batch of so many bytes was written. */
  wrote(bytes: number): void {
    this.#used += bytes;
  }

  /** A synced batch is in the log of this number; is it time to make room in it? */
  isDue(log: number): boolean {
    if (log !== this.#log) [this.#log, this.#batchCount, this.#used, this.#size] = [log, 0, 0, 0];
    this.#batchCount += 1;
    if (log < 0 || this.#batchCount < levelRoomAfterCount) return false;
    return this.#used + levelRoomLeftBytes > this.#size && this.#size < this.#bytesMax;
  }

  /** Makes it. Nothing else may write meanwhile. Never rejects. */
  async make(): Promise<void> {
    const name = `${String(this.#log).padStart(6, '0')}.log`;
    // Where it cannot be made it is not tried again in this log.
    const made = await makeRoom(join(this.#directory, name)).catch(() => undefined);
    this.#size = made ?? this.#bytesMax;
  }
}

/** The log's size from now on; undefined where there is no room for more. */
async function makeRoom(path: string): Promise<number | undefined> {
  const { bavail, bsize } = await statfs(path);
  if (levelRoomStepBytes > bavail * bsize * levelRoomPartMax) return undefined;
  const handle = await open(path, 'r+');
  try {
    const { size } = await handle.stat();
    await handle.write(new Uint8Array(levelRoomStepBytes), 0, levelRoomStepBytes, size);
    await handle.datasync();
    return size + levelRoomStepBytes;
  } finally {
    await handle.close();
  }
}
