/*
 * A terminal on a worker's box in the asker's own: keys there, output here, until either has enough.
 *
 * It owns the asker's terminal while it runs, and gives it back on every way out: modes of the kernel
 * and those that programs far away have set. The key that leaves is looked for before anything is
 * sent, so that it works however the other end is. The screen runs it while it has lent its terminal.
 * Errors: TERMINAL_MISSING, the verb's, HUB_UNREACHABLE.
 */
import { once } from 'node:events';
import { AppError } from '../../protocol/errors.ts';
import type { HubClient, HubStream } from '../hub/client.ts';
import type { TerminalAnswer, TerminalItem } from '../verbs/terminal-shapes.ts';
import { findLeaveKey, type LeaveKey, leaveKeyDefault } from './leave-key.ts';
import { TerminalModes } from './terminal-modes.ts';

/** Typed input that waits for a worker which does not take it; what comes beyond is dropped, with a bell. */
const typedBytesMax = 1024 * 1024;

/** Typed input given at once; as base64 well within what may be given. */
const givenBytesMax = 32 * 1024;

/** What is attached to what. */
export interface AttachPlan {
  readonly client: HubClient;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Arguments of the verb: `target`, maybe `job`. */
  readonly target: Readonly<Record<string, unknown>>;
  /** TERM of the asker's own terminal. */
  readonly term: string;
  readonly leave?: LeaveKey;
}

/** An attached terminal. */
export interface AttachedTerminal {
  /** Resolves with how the shell ended, or `left`; the terminal is as it was by then. */
  readonly done: Promise<TerminalAnswer | 'left'>;
  /** As the key does. */
  leave(): void;
}

/** Attaches at once; the terminal is touched when the shell is there. */
export function attachTerminal(plan: AttachPlan): AttachedTerminal {
  if (!plan.stdin.isTTY || !plan.stdout.isTTY) throw new AppError('TERMINAL_MISSING');
  const attached = new Attached(plan);
  return { done: attached.run(), leave: () => attached.leave() };
}

class Attached {
  readonly #plan: AttachPlan;
  readonly #key: LeaveKey;
  readonly #modes = new TerminalModes();
  readonly #stream: HubStream;
  #typed: Uint8Array[] = [];
  #typedBytes = 0;
  #isGiving = false;
  #hasLeft = false;
  #isOver = false;
  #restore: ((last: string) => void) | undefined;

  constructor(plan: AttachPlan) {
    this.#plan = plan;
    this.#key = plan.leave ?? leaveKeyDefault;
    const { client, stdout, target, term } = plan;
    const args = { ...target, ...sizeOf(stdout), term };
    this.#stream = client.stream('terminal', args, (item) => this.#show(item as TerminalItem));
  }

  async run(): Promise<TerminalAnswer | 'left'> {
    try {
      const answer = (await this.#stream.done) as TerminalAnswer | undefined;
      if (this.#hasLeft || answer === undefined) return 'left';
      this.#restore?.('');
      return answer;
    } finally {
      this.#isOver = true;
      // A shell that ended has left its line; whoever left it has not.
      this.#restore?.('\r\n');
    }
  }

  leave(): void {
    this.#hasLeft = true;
    this.#stream.cancel();
  }

  async #show(item: TerminalItem): Promise<void> {
    if ('base64' in item) {
      const bytes = Buffer.from(item.base64, 'base64');
      this.#modes.note(bytes);
      return this.#write(bytes);
    }
    if ('directory' in item) {
      const place = `${item.worker} (${item.host}): ${item.directory}`;
      await this.#write(`[${place}; ${this.#key.name} leaves]\r\n`);
      // It may have ended while that was being written.
      if (!this.#isOver) this.#take();
      return;
    }
    const word = item.is === 'away' ? `is not heard; ${this.#key.name} leaves` : 'is heard again';
    await this.#write(`\r\n[${item.worker} ${word}]\r\n`);
  }

  async #write(what: string | Uint8Array): Promise<void> {
    const { stdout } = this.#plan;
    // A terminal that is closed drains no more, and its stdin has ended by then.
    if (!stdout.write(what)) await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]);
  }

  /** From here on keys go to the other end. */
  #take(): void {
    const { stdin, stdout } = this.#plan;
    const before = { isRaw: stdin.isRaw, isPaused: stdin.isPaused() };
    const typed = (bytes: Uint8Array | string) => this.#type(Buffer.from(bytes));
    const resized = () => void this.#give(sizeOf(stdout));
    const ended = () => this.leave();
    stdin.setRawMode(true);
    stdin.on('data', typed);
    stdin.once('end', ended);
    stdout.on('resize', resized);
    stdin.resume();
    // It may have changed while the shell was being started.
    resized();
    this.#restore = (last) => {
      this.#restore = undefined;
      stdin.off('data', typed);
      stdin.off('end', ended);
      stdout.off('resize', resized);
      if (before.isPaused) stdin.pause();
      stdin.setRawMode(before.isRaw);
      stdout.write(this.#modes.undo() + last);
    };
  }

  #type(bytes: Uint8Array): void {
    const at = findLeaveKey(bytes, this.#key);
    const rest = at < 0 ? bytes : bytes.subarray(0, at);
    if (this.#typedBytes + rest.length > typedBytesMax) this.#plan.stdout.write('\u0007');
    else if (rest.length > 0) {
      this.#typed.push(rest);
      this.#typedBytes += rest.length;
      void this.#giveTyped();
    }
    if (at >= 0) this.leave();
  }

  async #giveTyped(): Promise<void> {
    if (this.#isGiving) return;
    this.#isGiving = true;
    while (this.#typedBytes > 0 && !this.#hasLeft) {
      const all = Buffer.concat(this.#typed);
      const next = all.subarray(0, givenBytesMax);
      this.#typed = [all.subarray(next.length)];
      this.#typedBytes -= next.length;
      await this.#give({ base64: next.toString('base64') });
    }
    this.#isGiving = false;
  }

  /** What cannot be given any more is told by the stream's end. */
  async #give(value: unknown): Promise<void> {
    await this.#stream.give(value).catch(() => false);
  }
}

/** Some terminals have no size, which they call none or 0; a program there needs one all the same. */
function sizeOf({ columns, rows }: { readonly columns?: number; readonly rows?: number }) {
  return { columns: columns || 80, rows: rows || 24 };
}
