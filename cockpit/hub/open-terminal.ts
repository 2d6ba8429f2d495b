/*
 * One terminal on the hub's side: what the asker types to the worker, what the shell writes to the asker.
 *
 *   opening ── the worker's word ──▶ open ── it has ended, and all its output was taken ──▶ over
 *      └── refused, silent, away ──────┴── lost: away for too long, another start of the agent ──▶ over
 *
 * It holds one window in each direction and reads neither. Output is acknowledged once the asker's
 * connection took it. Invariant: `ended` settles once; after that no frame of it leaves but a close.
 */
import { AppError, isErrorCode } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type {
  SendTerminalFrame,
  TerminalFrame,
  TerminalFrameOf,
} from '../../protocol/terminal-frames.ts';
import { TerminalReader, TerminalWriter } from '../../protocol/terminal-stream.ts';

/** Whom the asker sees, and where the shell is to open. */
export interface TerminalPlan {
  readonly worker: { readonly key: PeerKey; readonly name: string };
  readonly order: Omit<TerminalFrameOf<'terminal-open'>, 't' | 'id'>;
  /** Takes output in order; the next comes when it has resolved. */
  readonly output: (bytes: Uint8Array) => Promise<unknown>;
  /** The worker was lost from sight, or is back. */
  readonly seen: (as: 'away' | 'back') => void;
}

/** How the shell ended. */
export interface TerminalEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What it is made from. `start` names the start of the agent that it is opened with. */
export interface OpenTerminalParts extends TerminalPlan {
  readonly id: number;
  readonly start: string;
  readonly send: SendTerminalFrame;
}

/** Life cycle: `open`, then what comes; `close` or the worker ends it. */
export class OpenTerminal {
  readonly id: number;
  /** Resolves with the directory. Errors: TERMINAL_*, WORKER_AWAY. */
  readonly opened: Promise<string>;
  /** Resolves when it has ended. Errors: TERMINAL_*, WORKER_AWAY. */
  readonly ended: Promise<TerminalEnd>;
  readonly #parts: OpenTerminalParts;
  readonly #input: TerminalWriter;
  readonly #output: TerminalReader;
  #size: { readonly columns: number; readonly rows: number };
  #taking: Promise<unknown> = Promise.resolve();
  #state: 'opening' | 'open' | 'over' = 'opening';
  #isLeft = false;
  #isAway = false;
  #settleOpened!: (directory: string) => void;
  #settleEnded!: (end: TerminalEnd) => void;
  #reject!: (error: AppError) => void;

  constructor(parts: OpenTerminalParts) {
    const { id, send, order } = parts;
    this.#parts = parts;
    this.id = id;
    this.#size = order;
    this.#input = new TerminalWriter({ id, send });
    this.#output = new TerminalReader({ id, send });
    const failures: ((error: AppError) => void)[] = [];
    this.opened = new Promise((resolve, reject) => {
      this.#settleOpened = resolve;
      failures.push(reject);
    });
    this.ended = new Promise((resolve, reject) => {
      this.#settleEnded = resolve;
      failures.push(reject);
    });
    this.#reject = (error) => {
      for (const fail of failures) fail(error);
    };
    // Whoever waits for the one is told by it; the other then has nobody.
    for (const promise of [this.opened, this.ended]) promise.catch(() => undefined);
  }

  get worker(): TerminalPlan['worker'] {
    return this.#parts.worker;
  }

  get start(): string {
    return this.#parts.start;
  }

  get isOpening(): boolean {
    return this.#state === 'opening';
  }

  /** Asks the worker. */
  open(): void {
    const { id, send, order } = this.#parts;
    const how = send({ t: 'terminal-open', id, ...order });
    if (how === 'closed') this.fail(new AppError('WORKER_AWAY'));
  }

  /** Types; resolves when more may be typed. */
  async give(bytes: Uint8Array): Promise<void> {
    if (this.#state === 'over') return;
    this.#input.put(bytes);
    await this.#input.room();
  }

  resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    if (this.#state === 'open') this.#saySize();
  }

  take(frame: TerminalFrame): void {
    if (this.#state === 'over') return;
    if (frame.t === 'terminal-opened') this.#noteOpened(frame.directory);
    else if (frame.t === 'terminal-data') this.#takeOutput(frame);
    else if (frame.t === 'terminal-ack') this.#takeAck(frame.offset);
    else if (frame.t === 'terminal-end') this.#noteEnd(frame);
  }

  /** A new link to the same start of the agent. */
  again(): void {
    this.#saySize();
    this.#output.again();
    this.#input.again();
    this.show('back');
  }

  drained(): void {
    this.#input.drained();
  }

  /** Tells the asker, once for each change. */
  show(as: 'away' | 'back'): void {
    if (this.#isAway === (as === 'away')) return;
    this.#isAway = as === 'away';
    this.#parts.seen(as);
  }

  /** Was it left, rather than lost? */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** Nobody looks at it any more. */
  close(): void {
    this.#isLeft = this.#state !== 'over';
    this.fail(new AppError('TERMINAL_LOST', 'The terminal was left.'));
  }

  /** It is over, for this reason. Safe to repeat. */
  fail(error: AppError): void {
    if (!this.#finish()) return;
    this.#reject(error);
  }

  #finish(): boolean {
    if (this.#state === 'over') return false;
    this.#state = 'over';
    this.#input.stop();
    this.#parts.send({ t: 'terminal-close', id: this.id });
    return true;
  }

  #noteOpened(directory: string): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#settleOpened(directory);
    this.#saySize();
  }

  #takeOutput({ from, bytes }: TerminalFrameOf<'terminal-data'>): void {
    const fresh = this.#output.take(from, bytes);
    if (fresh === 'breach') {
      return this.fail(new AppError('TERMINAL_LOST', 'The worker sent more than it may.'));
    }
    if (fresh.length === 0) return;
    this.#taking = this.#taking.then(async () => {
      await this.#parts.output(fresh);
      if (this.#state !== 'over') this.#output.taken(fresh.length);
    });
  }

  #takeAck(offset: number): void {
    if (this.#input.acked(offset)) return;
    this.fail(new AppError('TERMINAL_LOST', 'The worker took more than it was sent.'));
  }

  #noteEnd({ at, exitCode, signal, code, message }: TerminalFrameOf<'terminal-end'>): void {
    if (code !== undefined) {
      return this.fail(new AppError(isErrorCode(code) ? code : 'TERMINAL_LOST', message));
    }
    // What is missing was lost with a link; it is all said again on the next.
    if (this.#output.arrivedAt < at) return;
    void this.#taking.then(() => {
      if (this.#finish()) this.#settleEnded({ exitCode: exitCode ?? null, signal: signal ?? null });
    });
  }

  #saySize(): void {
    const { columns, rows } = this.#size;
    this.#parts.send({ t: 'terminal-size', id: this.id, columns, rows });
  }
}
