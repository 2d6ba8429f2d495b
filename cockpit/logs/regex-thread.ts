/*
 * Regular expressions, tested in a thread of their own.
 *
 * One that goes back and back over a line never ends, and nothing inside its own thread can stop it.
 * The hub's loop must not be that thread. A limit on the clock inside the loop (node:vm) was tried
 * and rejected: on a busy box it also stopped harmless ones, and the loop stood still until then. So
 * one thread serves all searches, one batch at a time; a batch over its time ends the thread, fails
 * with SEARCH_SLOW, and the others go on in a new one. It ends by itself when nobody asks.
 */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../protocol/errors.ts';
import type { CancelTimer, Timers } from '../../protocol/ports.ts';
import { regexIdleMs, regexMsMax, regexWaitingMax } from './limits.ts';
import type { Pattern } from './pattern.ts';

type Regex = Extract<Pattern, { kind: 'regex' }>;

/** The thread's whole program; it shares nothing with us but these messages. */
const program = `
const { parentPort } = require('node:worker_threads');
let source, flags, regex;
parentPort.on('message', (ask) => {
  if (ask.source !== source || ask.flags !== flags) {
    ({ source, flags } = ask);
    regex = new RegExp(source, flags);
  }
  parentPort.postMessage(ask.texts.map((text) => regex.test(text)));
});
`;

interface Batch {
  readonly regex: Regex;
  readonly texts: readonly string[];
  readonly resolve: (found: readonly boolean[]) => void;
  readonly reject: (error: AppError) => void;
}

/** Life cycle: a thread begins with the first batch; `close` ends it. */
export class RegexThread {
  readonly #timers: Timers;
  readonly #batches: Batch[] = [];
  #worker: Worker | undefined;
  #isTesting = false;
  #cancel: CancelTimer = () => undefined;
  #isClosed = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Which of the texts have it? Errors: SEARCH_SLOW, STORE_FULL, HUB_STOPPING. */
  test(regex: Regex, texts: readonly string[]): Promise<readonly boolean[]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new AppError('HUB_STOPPING'));
      if (this.#batches.length >= regexWaitingMax) {
        return reject(new AppError('STORE_FULL', 'Too many searches at once.'));
      }
      this.#batches.push({ regex, texts, resolve, reject });
      this.#advance();
    });
  }

  /** Ends the thread; what waits fails. Safe to repeat. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#batches.splice(0)) reject(new AppError('HUB_STOPPING'));
    await this.#endThread();
  }

  #advance(): void {
    const [batch] = this.#batches;
    if (this.#isTesting) return;
    this.#cancel();
    if (batch === undefined) {
      this.#cancel = this.#timers.after(regexIdleMs, () => void this.#endThread());
      return;
    }
    this.#isTesting = true;
    this.#worker ??= this.#beginThread();
    const { regex, texts } = batch;
    this.#worker.postMessage({ source: regex.source, flags: regex.flags, texts });
    this.#cancel = this.#timers.after(regexMsMax, () => {
      void this.#endThread();
      this.#finish(({ reject }) => reject(new AppError('SEARCH_SLOW')));
    });
  }

  #beginThread(): Worker {
    const worker = new Worker(program, { eval: true, env: {}, stdin: false });
    // A thread that idles must not keep the hub from ending.
    worker.unref();
    worker.on('message', (found: readonly boolean[]) => {
      if (worker === this.#worker) this.#finish(({ resolve }) => resolve(found));
    });
    worker.on('error', (cause) => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      const error = new AppError('SEARCH_SLOW', 'The thread that searches failed.', { cause });
      this.#finish(({ reject }) => reject(error));
    });
    return worker;
  }

  #finish(settle: (batch: Batch) => void): void {
    const batch = this.#batches.shift();
    this.#isTesting = false;
    if (batch !== undefined) settle(batch);
    this.#advance();
  }

  async #endThread(): Promise<void> {
    this.#cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}
