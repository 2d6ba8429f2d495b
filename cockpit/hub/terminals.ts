/*
 * All terminals that askers of this hub have open on its workers.
 *
 * It numbers them, routes frames, bounds their count, and ends those whose worker is away for too long
 * or has started anew. That one was opened and how long it was open goes into the journal; what was
 * typed and shown goes nowhere. Errors: WORKER_AWAY, TERMINAL_FULL, TERMINAL_UNSUPPORTED, TERMINAL_LOST.
 */
import { AppError } from '../../protocol/errors.ts';
import type { HelloFrame, OwnerFrame } from '../../protocol/frames.ts';
import {
  terminalAwayMsMax,
  terminalOpenMsMax,
  terminalsPerWorkerMax,
} from '../../protocol/limits.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import { isTerminalFrame, type TerminalFrame } from '../../protocol/terminal-frames.ts';
import { terminalsMax } from './limits.ts';
import { OpenTerminal, type TerminalPlan } from './open-terminal.ts';

/** What the journal is told. */
export interface TerminalNote {
  readonly kind: 'terminal-opened' | 'terminal-closed';
  readonly worker: PeerKey;
  readonly attempt?: AttemptId;
  readonly note: string;
}

/** What they need of the hub. */
export interface TerminalsParts {
  readonly ports: Ports;
  readonly send: (worker: PeerKey, frame: TerminalFrame) => 'sent' | 'full' | 'closed';
  readonly note: (note: TerminalNote) => void;
}

/** Life cycle: it lives as long as its hub; each terminal ends by itself, or by `stop`. */
export class Terminals {
  readonly #parts: TerminalsParts;
  readonly #open = new Map<number, OpenTerminal>();
  /** The start of each linked worker's agent. */
  readonly #starts = new Map<PeerKey, string>();
  readonly #away = new Map<PeerKey, CancelTimer>();
  #nextId: number | undefined;
  #isStopped = false;

  constructor(parts: TerminalsParts) {
    this.#parts = parts;
  }

  /** Begins to open one; it is told what comes of it. Errors: WORKER_AWAY, TERMINAL_FULL. */
  open(plan: TerminalPlan): OpenTerminal {
    const { ports, send } = this.#parts;
    const { key, name } = plan.worker;
    const start = this.#starts.get(key);
    if (start === undefined) throw new AppError('WORKER_AWAY', `${name} is not connected now.`);
    const isFull =
      this.#open.size >= terminalsMax || this.#listOf(key).length >= terminalsPerWorkerMax;
    if (isFull) throw new AppError('TERMINAL_FULL');
    const id = this.#takeId();
    const terminal = new OpenTerminal({ ...plan, id, start, send: (frame) => send(key, frame) });
    this.#open.set(id, terminal);
    const silent = new AppError('TERMINAL_LOST', `${name} did not answer.`);
    const cancel = ports.timers.after(terminalOpenMsMax, () => terminal.fail(silent));
    void this.#watch(terminal, plan, cancel);
    terminal.open();
    return terminal;
  }

  take(worker: PeerKey, frame: OwnerFrame): void {
    if (frame.t === 'nak') return this.#noteUnknown(worker, frame.message);
    if (!isTerminalFrame(frame) || frame.t === 'terminal-open') return;
    if (frame.t === 'terminal-held') return this.#answerHeld(worker, frame.ids);
    const terminal = this.#open.get(frame.id);
    if (terminal?.worker.key === worker) terminal.take(frame);
  }

  /** A new link of this worker. */
  linked(worker: PeerKey, { store, incarnation }: Pick<HelloFrame, 'store' | 'incarnation'>): void {
    this.#away.get(worker)?.();
    this.#away.delete(worker);
    const start = `${store}/${incarnation}`;
    this.#starts.set(worker, start);
    const mine = this.#listOf(worker);
    if (mine.length === 0) return;
    for (const terminal of mine.filter((one) => one.start !== start)) {
      terminal.fail(new AppError('TERMINAL_LOST', `${terminal.worker.name} has started anew.`));
    }
    const kept = this.#listOf(worker).filter((one) => one.start === start);
    this.#parts.send(worker, { t: 'terminal-held', ids: kept.map(({ id }) => id) });
    for (const terminal of kept) terminal.again();
  }

  unlinked(worker: PeerKey): void {
    this.#starts.delete(worker);
    const mine = this.#listOf(worker);
    for (const terminal of mine) {
      // The wish itself may be lost, and a shell that opened unseen would say so on the next link.
      if (terminal.isOpening) terminal.fail(new AppError('WORKER_AWAY'));
      else terminal.show('away');
    }
    // Links end after the hub's end was said; nobody waits for another then.
    if (mine.length === 0 || this.#isStopped) return;
    this.#away.get(worker)?.();
    const giveUp = () => {
      for (const terminal of this.#listOf(worker)) terminal.fail(new AppError('TERMINAL_LOST'));
    };
    this.#away.set(worker, this.#parts.ports.timers.after(terminalAwayMsMax, giveUp));
  }

  /** It was not heard lately, on a link that is open; or it is heard again. */
  presence(worker: PeerKey, as: 'fresh' | 'stale'): void {
    for (const terminal of this.#listOf(worker)) terminal.show(as === 'stale' ? 'away' : 'back');
  }

  drained(worker: PeerKey): void {
    for (const terminal of this.#listOf(worker)) terminal.drained();
  }

  /** Its trust has ended. */
  revoked(worker: PeerKey): void {
    for (const terminal of this.#listOf(worker)) terminal.fail(new AppError('WORKER_REVOKED'));
  }

  /** The hub goes: all are closed. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#away.values()) cancel();
    for (const terminal of this.#open.values()) terminal.fail(new AppError('HUB_STOPPING'));
  }

  /** From a number by chance: those of two starts of a hub must not meet, for shells take a moment to end. */
  #takeId(): number {
    const id = this.#nextId ?? Buffer.from(this.#parts.ports.random.bytes(4)).readUInt32BE();
    this.#nextId = id + 1;
    return id;
  }

  #listOf(worker: PeerKey): readonly OpenTerminal[] {
    return [...this.#open.values()].filter((terminal) => terminal.worker.key === worker);
  }

  async #watch(
    terminal: OpenTerminal,
    { worker, order }: TerminalPlan,
    cancel: CancelTimer,
  ): Promise<void> {
    const { ports, note } = this.#parts;
    const about = {
      worker: worker.key,
      ...(order.attempt === undefined ? {} : { attempt: order.attempt }),
    };
    const over = terminal.ended.then(
      ({ exitCode, signal }) => (signal === null ? `exit ${exitCode}` : signal),
      (error: AppError) => (terminal.isLeft ? 'left' : error.code),
    );
    void over.then(() => this.#open.delete(terminal.id));
    const isOpen = await terminal.opened.then(
      () => true,
      () => false,
    );
    cancel();
    if (!isOpen) return;
    const openedAt = ports.clock.monotonicMs();
    note({ ...about, kind: 'terminal-opened', note: 'a terminal on its box was opened' });
    const end = await over;
    const seconds = Math.round((ports.clock.monotonicMs() - openedAt) / 1000);
    note({ ...about, kind: 'terminal-closed', note: `after ${seconds} s: ${end}` });
  }

  /** An agent of an older version; the nak names the kind that it does not know. */
  #noteUnknown(worker: PeerKey, message: string): void {
    if (!message.includes('"terminal-open"')) return;
    for (const terminal of this.#listOf(worker).filter((one) => one.isOpening)) {
      const words = `The agent of ${terminal.worker.name} does not know terminals.`;
      terminal.fail(new AppError('TERMINAL_UNSUPPORTED', words));
    }
  }

  /** What the agent has and nobody here looks at is closed; a lost link may have lost the word of it. */
  #answerHeld(worker: PeerKey, ids: readonly number[]): void {
    for (const id of ids) {
      const isKnown = this.#open.get(id)?.worker.key === worker;
      if (!isKnown) this.#parts.send(worker, { t: 'terminal-close', id });
    }
  }
}
