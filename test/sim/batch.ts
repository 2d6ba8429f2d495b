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
import { addSums, noSums, type Sums } from './sums.ts';

/** Seeds in one piece: a moment, so that the end of a batch is not one piece long. */
const pieceSeeds = 10;

/** A run takes some ten milliseconds; one that takes a minute goes in circles. */
const seedMsMax = 60_000;

/** What to run. */
export interface BatchOptions {
  readonly first: number;
  readonly count: number;
  readonly jobs: number;
  /** Failing seeds after which no more are begun. */
  readonly failuresMax: number;
  /** Kinds of faults that are on in every seed. */
  readonly focus: readonly string[];
  /** Called after every piece with what is done, in no order. */
  readonly progress: (done: Sums) => void;
}

/** Runs a batch to its end. */
export async function runBatch(options: BatchOptions): Promise<Sums> {
  const { first, count, jobs, failuresMax, focus, progress } = options;
  const orders: Order[] = [];
  for (let at = 0; at < count; at += pieceSeeds) {
    orders.push({ focus, first: first + at, count: Math.min(pieceSeeds, count - at) });
  }
  const done = new Map<Order, Sums>();
  const waiting = [...orders];
  const countFailures = () => [...done.values()].flatMap(({ failures }) => failures).length;
  const work = async () => {
    let child: BatchChild | undefined;
    while (countFailures() < failuresMax) {
      const order = waiting.shift();
      if (order === undefined) break;
      child = child?.isAlive === true ? child : new BatchChild();
      done.set(order, await child.run(order));
      progress(addSums([...done.values()]));
    }
    child?.end();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, orders.length) }, work));
  return addSums(takeUntil(orders, done, failuresMax));
}

/** In the order of the seeds, up to the piece with the last failure that counts. */
function takeUntil(
  orders: readonly Order[],
  done: ReadonlyMap<Order, Sums>,
  failuresMax: number,
): readonly Sums[] {
  const taken: Sums[] = [];
  let failureCount = 0;
  for (const order of orders) {
    const sums = done.get(order);
    if (sums === undefined || failureCount >= failuresMax) break;
    taken.push(sums);
    failureCount += sums.failures.length;
  }
  return taken;
}

/** One child process. Life cycle: made running, `end`. */
class BatchChild {
  readonly #process: ChildProcess;
  #isAlive = true;

  constructor() {
    this.#process = fork(fileURLToPath(new URL('batch-child.ts', import.meta.url)), {
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
