/*
 * One terminal on the agent's side: a shell and the two directions of its bytes.
 *
 *   opening ── the shell runs ──▶ open ── the shell ended ──▶ ended ── the hub knows ──▶ over
 *      └── refused: over             └── `end` ──▶ (as above, without waiting for the hub)
 *
 * It holds one window of output at most: while that is full the shell's output is not read. Input is
 * acknowledged once the terminal took it. Invariant: it is over only when nothing of the shell is left.
 */
import type {
  SendTerminalFrame,
  TerminalFrame,
  TerminalFrameOf,
} from '../protocol/terminal-frames.ts';
import { TerminalReader, TerminalWriter } from '../protocol/terminal-stream.ts';
import type { Shell, ShellExit, ShellOrder, WorkRules, Workshop } from './work/work.ts';

/** What it is made from. */
export interface OpenedTerminalParts {
  readonly order: TerminalFrameOf<'terminal-open'>;
  readonly workshop: Pick<Workshop, 'openShell'>;
  readonly send: SendTerminalFrame;
  readonly mark: string;
  /** Where it may be opened. */
  readonly rules: WorkRules;
}

/** Life cycle: it opens at once; `end`, or the shell's own end and the hub's word, close it. */
export class OpenedTerminal {
  /** Resolves when nothing of it is left; with the error that kept it from opening, if one did. */
  readonly over: Promise<unknown>;
  readonly #parts: OpenedTerminalParts;
  readonly #output: TerminalWriter;
  readonly #input: TerminalReader;
  #shell: Shell | undefined;
  #started: () => void = () => undefined;
  /** Input goes in one after the other, and waits for the shell to be there. */
  #typing = new Promise<void>((resolve) => {
    this.#started = resolve;
  });
  #exit: ShellExit | undefined;
  #size: { readonly columns: number; readonly rows: number };
  #isUnwanted = false;
  #release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  constructor(parts: OpenedTerminalParts) {
    this.#parts = parts;
    const { order, send } = parts;
    this.#size = order;
    this.#output = new TerminalWriter({ id: order.id, send });
    this.#input = new TerminalReader({ id: order.id, send });
    this.over = this.#run().catch((error: unknown) => error);
  }

  take(frame: TerminalFrame): void {
    if (frame.t === 'terminal-data') this.#takeInput(frame);
    else if (frame.t === 'terminal-ack') this.#takeAck(frame.offset);
    else if (frame.t === 'terminal-size') this.#resize(frame);
    else if (frame.t === 'terminal-close') this.end();
  }

  /** Nobody wants it any more. Safe to repeat. */
  end(): void {
    this.#isUnwanted = true;
    this.#output.stop();
    this.#shell?.end();
    this.#shell?.resume();
    this.#release();
  }

  /** A new link: says where it stands, and once more what may be lost. */
  again(): void {
    this.#input.again();
    this.#sayOpened();
    this.#output.again();
    this.#sayEnd();
  }

  drained(): void {
    this.#output.drained();
  }

  async #run(): Promise<void> {
    const { order, workshop, mark, rules } = this.#parts;
    const { columns, rows, term, attempt, directory } = order;
    const plan: ShellOrder = {
      ...{ mark, columns, rows, term, rules, take: (bytes) => this.#takeOutput(bytes) },
      ...(attempt === undefined ? {} : { attempt }),
      ...(directory === undefined ? {} : { directory }),
    };
    const shell = await workshop.openShell(plan);
    this.#shell = shell;
    this.#started();
    shell.resize(this.#size.columns, this.#size.rows);
    if (this.#isUnwanted) shell.end();
    this.#sayOpened();
    this.#exit = await shell.exit;
    this.#sayEnd();
    await this.#released;
  }

  #takeOutput(bytes: Uint8Array): 'more' | 'pause' {
    if (this.#isUnwanted) return 'more';
    this.#output.put(bytes);
    return this.#output.isFull ? 'pause' : 'more';
  }

  #takeInput({ from, bytes }: TerminalFrameOf<'terminal-data'>): void {
    const fresh = this.#input.take(from, bytes);
    if (fresh === 'breach') return this.end();
    if (fresh.length === 0) return;
    this.#typing = this.#typing.then(async () => {
      await this.#shell?.write(fresh);
      this.#input.taken(fresh.length);
    });
  }

  #takeAck(offset: number): void {
    if (!this.#output.acked(offset)) return this.end();
    if (!this.#output.isFull) this.#shell?.resume();
  }

  #resize(size: { readonly columns: number; readonly rows: number }): void {
    this.#size = size;
    this.#shell?.resize(size.columns, size.rows);
  }

  #sayOpened(): void {
    const { order, send } = this.#parts;
    if (this.#shell === undefined || this.#isUnwanted) return;
    send({ t: 'terminal-opened', id: order.id, directory: this.#shell.directory });
  }

  #sayEnd(): void {
    const { order, send } = this.#parts;
    if (this.#exit === undefined) return;
    send({ t: 'terminal-end', id: order.id, at: this.#output.end, ...this.#exit });
  }
}
