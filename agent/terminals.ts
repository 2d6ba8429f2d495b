/*
 * The terminals that the hub has open on this box: frames to shells and back.
 *
 * It owns at most a few; each lives as long as its shell, the hub's wish and, but for a short absence,
 * the link. Whether there may be any is asked of the policy before anything starts. Invariants: a
 * shell never outlives what the hub knows of it; output waits in the kernel, not here, while the hub
 * takes none. What is typed and shown is written nowhere.
 */
import { AppError, wrapError } from '../protocol/errors.ts';
import type { HelloFrame, OwnerFrame } from '../protocol/frames.ts';
import { terminalAwayMsMax, terminalsPerWorkerMax } from '../protocol/limits.ts';
import type { CancelTimer, Ports } from '../protocol/ports.ts';
import {
  isTerminalFrame,
  type SendTerminalFrame,
  type TerminalFrame,
  type TerminalFrameOf,
} from '../protocol/terminal-frames.ts';
import { OpenedTerminal } from './opened-terminal.ts';
import type { Policies } from './policy/policies.ts';
import type { Workshop } from './work/work.ts';

/** What they need of the agent. */
export interface TerminalsParts {
  readonly ports: Ports;
  readonly workshop: Pick<Workshop, 'openShell'>;
  readonly policies: Policies;
  readonly send: SendTerminalFrame;
  /** What all processes of the terminal carry. */
  readonly mark: (id: number) => string;
  /** The log: that one was opened and for how long, never what was in it. */
  readonly noticed: (line: string) => void;
  /** Does nothing new start here now? */
  readonly isHeld: () => boolean;
  /** One was opened or is over. */
  readonly changed: () => void;
}

/** Life cycle: `linked` and `unlinked` as the link comes and goes; `stop` ends all. */
export class Terminals {
  readonly #parts: TerminalsParts;
  readonly #open = new Map<number, OpenedTerminal>();
  /** The start of the hub whose numbers these are. */
  #hub = '';
  #isStopped = false;
  #cancelAway: CancelTimer | undefined;

  constructor(parts: TerminalsParts) {
    this.#parts = parts;
  }

  /** One line for people. */
  get status(): string {
    return `${this.#open.size} terminals open`;
  }

  get count(): number {
    return this.#open.size;
  }

  take(frame: OwnerFrame): void {
    if (!isTerminalFrame(frame)) return;
    if (frame.t === 'terminal-open') return this.#start(frame);
    if (frame.t === 'terminal-held') return this.#answerHeld(frame.ids);
    this.#open.get(frame.id)?.take(frame);
  }

  /** A new link: whatever the other end of another start had is over, the rest goes on. */
  linked({ store, incarnation }: Pick<HelloFrame, 'store' | 'incarnation'>): void {
    this.#cancelAway?.();
    this.#cancelAway = undefined;
    const hub = `${store}/${incarnation}`;
    if (hub !== this.#hub) for (const terminal of this.#open.values()) terminal.end();
    this.#hub = hub;
    if (this.#open.size === 0) return;
    this.#parts.send({ t: 'terminal-held', ids: [...this.#open.keys()] });
    for (const terminal of this.#open.values()) terminal.again();
  }

  unlinked(): void {
    if (this.#open.size === 0) return;
    this.#cancelAway?.();
    this.#cancelAway = this.#parts.ports.timers.after(terminalAwayMsMax, () => this.#endAll());
  }

  drained(): void {
    for (const terminal of this.#open.values()) terminal.drained();
  }

  /** Resolves when nothing of any is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelAway?.();
    this.#endAll();
    await Promise.all([...this.#open.values()].map((terminal) => terminal.over));
  }

  #endAll(): void {
    for (const terminal of this.#open.values()) terminal.end();
  }

  #start(order: TerminalFrameOf<'terminal-open'>): void {
    const { ports, workshop, send, mark, noticed, policies } = this.#parts;
    const { id } = order;
    const refusal = this.#isStopped ? new AppError('TERMINAL_LOST') : this.#findRefusal(id);
    if (refusal !== undefined) return this.#refuse(id, refusal);
    const openedAt = ports.clock.monotonicMs();
    const terminal = new OpenedTerminal({
      ...{ order, workshop, send, rules: policies },
      mark: mark(id),
    });
    this.#open.set(id, terminal);
    this.#parts.changed();
    const where = order.attempt === undefined ? '' : ` for ${order.attempt}`;
    noticed(`terminal ${id}${where} opened by the hub`);
    void terminal.over.then((error) => {
      this.#open.delete(id);
      this.#parts.changed();
      const seconds = ((ports.clock.monotonicMs() - openedAt) / 1000).toFixed(0);
      noticed(`terminal ${id} closed after ${seconds} s`);
      if (error !== undefined) this.#refuse(id, wrapError(error, 'TERMINAL_UNSUPPORTED'));
    });
  }

  #findRefusal(id: number): AppError | undefined {
    if (this.#open.has(id)) return new AppError('TERMINAL_LOST', `Terminal ${id} is open already.`);
    if (this.#parts.isHeld()) return new AppError('AGENT_DRAINING');
    const isFull = this.#open.size >= terminalsPerWorkerMax;
    if (isFull) return new AppError('TERMINAL_FULL');
    return this.#parts.policies.findRefusal({ asks: 'terminal' });
  }

  #refuse(id: number, { code, message }: AppError): void {
    this.#parts.send({ t: 'terminal-end', id, at: 0, code, message: message.slice(0, 1000) });
  }

  /** What the hub has and this does not is over; a new link may have lost the word of it. */
  #answerHeld(ids: readonly number[]): void {
    const gone: TerminalFrame[] = ids
      .filter((id) => !this.#open.has(id))
      .map((id) => ({ t: 'terminal-end', id, at: 0, code: 'TERMINAL_LOST' }));
    for (const frame of gone) this.#parts.send(frame);
  }
}
