/*
 * The inside of a terminal's own process: one shell in one pseudo-terminal, until nothing of it is left.
 *
 *   running ── the shell ended ──▶ reaping ──▶ emptied ──▶ done
 *      └─ end(): HUP to its group, KILL after a grace ──▶ (as above, without what is left to read)
 *
 * All that the shell started is ended with it, as for a job. Invariants: `done` resolves once and never
 * rejects; a pid is signalled only while it is surely the shell's.
 */
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { HostPlan } from './host-talk.ts';
import { hangUpMsMax, terminalDrainMsMax } from './limits.ts';
import { findProcess } from './process-table.ts';
import { openPty, type Pty } from './pty.ts';
import { killTree, signalGroup } from './reaper.ts';
import { settlesWithin } from './running-work.ts';
import type { ProcessMark, ShellExit } from './work.ts';

/** Where the output goes; `full` asks for a pause until `resume`. */
export type TakeOutput = (bytes: Uint8Array) => 'more' | 'full';

/** Opened at once; closes by itself when the shell has ended, or sooner by `end`. Errors: what the binding throws. */
export class ShellHost {
  /** Resolves when the shell has ended, with all that it started, and its output was taken. */
  readonly done: Promise<ShellExit>;
  readonly #pty: Pty;
  readonly #process: ProcessMark;
  readonly #ports: Ports;
  readonly #take: TakeOutput;
  #isPaused = false;
  #isEnding = false;
  #hasEnded = false;
  #outputBytes = 0;
  #cancelKill: CancelTimer | undefined;

  constructor(plan: HostPlan, ports: Ports, take: TakeOutput) {
    this.#ports = ports;
    this.#take = take;
    this.#pty = openPty({ ...plan, timers: ports.timers });
    const { pid } = this.#pty;
    this.#process = { pid, start: String(findProcess(pid)?.start ?? ''), mark: plan.mark };
    this.#pty.onData((bytes) => this.#takeOutput(bytes));
    this.done = this.#awaitEnd();
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#pty.write(bytes);
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
  }

  resume(): void {
    this.#isPaused = false;
    this.#pty.resume();
  }

  /** Safe to repeat. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.resume();
    this.#signal('SIGHUP');
    // A stopped one hears nothing before it goes on.
    this.#signal('SIGCONT');
    this.#cancelKill = this.#ports.timers.after(hangUpMsMax, () => this.#signal('SIGKILL'));
  }

  /** The binding waits for it in a thread, so its pid may be free before we are told. */
  #signal(signal: NodeJS.Signals): void {
    const { pid, start } = this.#process;
    const isOurs = start === '' || String(findProcess(pid)?.start) === start;
    if (!this.#hasEnded && isOurs) signalGroup(pid, signal);
  }

  #takeOutput(bytes: Uint8Array): void {
    this.#outputBytes += bytes.length;
    if (this.#isEnding || this.#take(bytes) === 'more') return;
    this.#isPaused = true;
    this.#pty.pause();
  }

  async #awaitEnd(): Promise<ShellExit> {
    const ended = await this.#pty.ended;
    this.#hasEnded = true;
    this.#cancelKill?.();
    const tree = { leader: this.#process, ownsGroup: true, members: [] };
    await killTree(tree, this.#ports.timers);
    await this.#drain();
    this.#pty.close();
    return ended;
  }

  /** What was written before the end is still read, at the pace of whoever takes it. */
  async #drain(): Promise<void> {
    let before = this.#outputBytes;
    while (!(await settlesWithin(this.#pty.closed, terminalDrainMsMax, this.#ports.timers))) {
      const isSilent = !this.#isPaused && this.#outputBytes === before;
      if (isSilent || this.#isEnding) return;
      before = this.#outputBytes;
    }
  }
}
