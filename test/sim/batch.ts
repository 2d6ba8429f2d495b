/*
 * Many seeds at once, shared by several processes.
 *
 * Seeds are handed out in pieces of a fixed size, in order, to whoever is free. After enough failures
 * no more is handed out, and only the pieces up to the one that brought the last of them count: so
 * the answer is the same for any number of processes. A seed that never ends, or takes its process
 * with it, is a failure too.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './batch-child.ts';
import { type Failure, noSums, type Sums, Tally } from './sums.ts';

/** Seeds in one piece: a moment, so that the end of a batch is not one piece long. */
const pieceSeeds = 10;

/** A run takes some ten milliseconds; one that takes a minute goes in circles. */
const seedMsMax = 60_000;

/**
 * How each process collects its garbage: seldom, since a world's is nearly all dead when the next one
 * begins, and on its own thread, since with a process for each core the others are at work. It was a
 * tenth of all the processor's time. Code that a world did not use is kept for the next.
 */
const collection = [
  ...['--min-semi-space-size=64', '--max-semi-space-size=64', '--initial-heap-size=512'],
  ...['--single-threaded-gc', '--no-flush-bytecode'],
] as const;

/** What to run. */
export interface BatchOptions {
  readonly first: number;
  readonly count: number;
  readonly jobs: number;
  /** Failing seeds after which no more are begun. */
  readonly failuresMax: number;
  /** Kinds of faults that are on in every seed. */
  readonly focus: readonly string[];
  /** Called after every piece with what is done so far. */
  readonly progress: (done: Progress) => void;
}

/** How far a batch has come, its pieces in no order. */
export interface Progress {
  readonly seedCount: number;
  readonly failures: readonly Failure[];
}

/** Runs a batch to its end. */
export async function runBatch(options: BatchOptions): Promise<Sums> {
  const { first, count, jobs, failuresMax, focus, progress } = options;
  const orders: Order[] = [];
  for (let at = 0; at < count; at += pieceSeeds) {
    orders.push({ focus, first: first + at, count: Math.min(pieceSeeds, count - at) });
  }
  const taken = new TakenPieces(failuresMax);
  let givenCount = 0;
  let seedCount = 0;
  const failures: Failure[] = [];
  const work = async () => {
    let child: BatchChild | undefined;
    while (failures.length < failuresMax) {
      const at = givenCount;
      const order = orders[at];
      if (order === undefined) break;
      givenCount += 1;
      child = child?.isAlive === true ? child : new BatchChild();
      const sums = await child.run(order);
      taken.add(at, sums);
      seedCount += sums.seedCount;
      failures.push(...sums.failures);
      progress({ seedCount, failures });
    }
    child?.end();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, orders.length) }, work));
  return taken.sums;
}

/**
 * The pieces in the order of their seeds, up to the one with the last failure that counts. Each is
 * added once and then dropped: to add up all of them after each took longer than a large batch itself.
 */
class TakenPieces {
  readonly #failuresMax: number;
  readonly #early = new Map<number, Sums>();
  readonly #tally = new Tally();
  #next = 0;

  constructor(failuresMax: number) {
    this.#failuresMax = failuresMax;
  }

  add(at: number, sums: Sums): void {
    this.#early.set(at, sums);
    while (this.#tally.failureCount < this.#failuresMax) {
      const next = this.#early.get(this.#next);
      if (next === undefined) return;
      this.#early.delete(this.#next);
      this.#next += 1;
      this.#tally.add(next);
    }
  }

  get sums(): Sums {
    return this.#tally.sums;
  }
}

/** One child process. Life cycle: made running, `end`. */
class BatchChild {
  readonly #process: ChildProcess;
  #isAlive = true;

  constructor() {
    this.#process = fork(fileURLToPath(new URL('batch-child.ts', import.meta.url)), {
      execArgv: [...process.execArgv, ...collection],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('exit', () => {
      this.#isAlive = false;
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  end(): void {
    this.#isAlive = false;
    this.#process.kill('SIGKILL');
  }

  /** Runs a piece. Where the process is lost, the seed that it was at has failed and the rest is left out. */
  run(order: Order): Promise<Sums> {
    return new Promise((resolve) => {
      let at = order.first;
      let watchdog: NodeJS.Timeout | undefined;
      const settle = (sums: Sums) => {
        clearTimeout(watchdog);
        this.#process.off('message', hear).off('exit', lose);
        resolve(sums);
      };
      const fail = (message: string) => {
        const violations = [{ check: 'every run ends', message }];
        settle({ ...noSums, seedCount: 1, failures: [{ seed: at, violations }] });
      };
      const hear = (answer: Answer) => {
        if (answer.type === 'done') return settle(answer.sums);
        at = answer.seed;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => {
          this.end();
          fail(`it has not ended after ${seedMsMax / 1000} s`);
        }, seedMsMax);
      };
      const lose = () => fail('its process is gone');
      this.#process.on('message', hear).on('exit', lose);
      this.#process.send(order);
    });
  }
}
