/*
 * Real pipes for the output of commands.
 *
 * Node gives a child's output a socket pair, and a socket cannot be opened again by name: with it
 * every `tee /dev/stderr` and `> /dev/stdout` fails with ENXIO. A FIFO can. FIFOs are made in
 * batches, used for one attempt each and unlinked as soon as both ends are open, so no process of an
 * earlier attempt or agent can ever write into this one's log. For a main thread only: a worker thread
 * closes at its end every file it opened by number, also one that a socket owns by then.
 * Source: fifo(7), socketpair(2).
 */
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipePairsPerBatch } from './limits.ts';
import { openPipeSource } from './pipe-source.ts';

/** The agent's end and the command's end of one pipe. The latter is to be closed after the spawn. */
export interface OutputPipe {
  readonly source: Readable;
  readonly writer: number;
}

interface StockOptions {
  /** Emptied before its first use. */
  readonly directory: string;
  /** Makes a FIFO at each path, or rejects. */
  readonly makeFifos: (paths: readonly string[]) => Promise<void>;
}

/** Hands out pipes. What is in stock is only names in a folder, so there is nothing to close. */
export class PipeStock {
  readonly #options: StockOptions;
  #paths: string[] = [];
  #madeCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: StockOptions) {
    this.#options = options;
  }

  /** Two fresh pipes, or undefined where FIFOs cannot be made (the folder's file system has none). */
  open(): Promise<readonly [OutputPipe, OutputPipe] | undefined> {
    // One after the other, so that no two callers share a batch's last pair.
    const opened = this.#last.then(() => this.#openNext());
    this.#last = opened;
    return opened;
  }

  async #openNext(): Promise<readonly [OutputPipe, OutputPipe] | undefined> {
    try {
      if (this.#paths.length < 2) this.#paths = await this.#makeBatch();
      const [first = '', second = ''] = this.#paths.splice(-2);
      return openPair(first, second);
    } catch {
      // The command still runs without: the caller falls back to what Node gives.
      return undefined;
    }
  }

  async #makeBatch(): Promise<string[]> {
    const { directory, makeFifos } = this.#options;
    if (this.#madeCount === 0) await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const paths = Array.from({ length: pipePairsPerBatch * 2 }, () => {
      this.#madeCount += 1;
      return join(directory, String(this.#madeCount));
    });
    await makeFifos(paths);
    return paths;
  }
}

function openPair(first: string, second: string): readonly [OutputPipe, OutputPipe] {
  const one = openPipe(first);
  try {
    return [one, openPipe(second)];
  } catch (error) {
    one.source.destroy();
    closeSync(one.writer);
    throw error;
  }
}

/** The reader comes first and without blocking; only then does opening the writer not block. */
function openPipe(path: string): OutputPipe {
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const writer = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    return { source: openPipeSource(reader), writer };
  } catch (error) {
    closeSync(reader);
    throw error;
  }
}
