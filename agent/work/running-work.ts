/*
 * One running command, from just after its spawn until nothing of it is left.
 *
 *   running ── the command ended ──▶ draining ── pipes ended, or 2 s ──▶ reaping ──▶ emptied ──▶ exit
 *      └─ end(): TERM to the group, KILL after the grace ──▶ (as above; the group keeps its grace)
 *
 * Invariants: `exit` resolves once and never rejects; it resolves only after all output was taken and
 * the attempt's directory is gone; a pid is signalled only while it is surely the command's.
 */
import type { Readable } from 'node:stream';
import type { KeptDirectory, LogStream, WorkUsage } from '../../protocol/model.ts';
import type { CancelTimer, Ports, Timers } from '../../protocol/ports.ts';
import { sleep } from '../../protocol/ports.ts';
import { removeTemporary } from './job-directory.ts';
import { drainBytesMax, drainMsMax, groupPollMs } from './limits.ts';
import { OutputPump } from './output-pump.ts';
import { isGroupLiving, killTree, signalGroup } from './reaper.ts';
import type { Watch } from './usage-meter.ts';
import type { Breach, ProcessMark, TakeOutput, Work, WorkExit } from './work.ts';

/** How the command itself ended, told in the callback in which the system says so. */
export type CommandEnded = (exitCode: number | null, signal: string | null) => void;

/** Everything about a command that was spawned a moment ago. */
export interface Spawned {
  readonly process: ProcessMark;
  /** The attempt's own directory; removed at the end. */
  readonly temporary: string;
  readonly sources: Readonly<Record<LogStream, Readable>>;
  readonly take: TakeOutput;
  /** Begins to measure; told where it goes over a limit. */
  readonly watch: (over: (breach: Breach) => void) => Watch;
  readonly onceEnded: (run: CommandEnded) => void;
  readonly graceMs: number;
  readonly ports: Ports;
  /** Hands the artifacts over; nothing where none are wanted. Never rejects. */
  readonly collect: () => Promise<void>;
  /** Removes its checkout where it has one; resolves with what had to be kept. Never rejects. */
  readonly clear: () => Promise<KeptDirectory | undefined>;
  /** Why its scope ended it, where one did. Never rejects. */
  readonly judge: (usage: WorkUsage) => Promise<Breach | undefined>;
}

/** Opened by the spawn; closes by itself when the command has ended, or sooner by `end`. */
export class RunningWork implements Work {
  readonly process: ProcessMark;
  readonly exit: Promise<WorkExit>;
  readonly #spawned: Spawned;
  readonly #pump: OutputPump;
  readonly #watch: Watch;
  #breach: Breach | undefined;
  #hasEnded = false;
  /** Monotonic instant at which the group's grace runs out; set by `end`. */
  #graceEndsAt: number | undefined;
  #cancelKill: CancelTimer | undefined;

  constructor(spawned: Spawned) {
    this.process = spawned.process;
    this.#spawned = spawned;
    this.#watch = spawned.watch((breach) => this.#endAtOnce(breach));
    this.#pump = new OutputPump({
      sources: spawned.sources,
      take: spawned.take,
      onRefused: () => this.end(),
    });
    this.exit = this.#awaitCommand().then((ended) => this.#finish(ended));
  }

  end(how?: 'at-once'): void {
    const { ports, graceMs, process } = this.#spawned;
    if (how === 'at-once') this.#graceEndsAt = ports.clock.monotonicMs();
    if (how === 'at-once' && !this.#hasEnded) signalGroup(process.pid, 'SIGKILL');
    if (this.#hasEnded || this.#graceEndsAt !== undefined) return;
    this.#graceEndsAt = ports.clock.monotonicMs() + graceMs;
    signalGroup(process.pid, 'SIGTERM');
    this.#cancelKill = ports.timers.after(graceMs, () => signalGroup(process.pid, 'SIGKILL'));
  }

  /** What takes more than it may gets no grace: it would take more meanwhile. */
  #endAtOnce(breach: Breach): void {
    if (this.#hasEnded) return;
    this.#breach ??= breach;
    signalGroup(this.process.pid, 'SIGKILL');
  }

  #awaitCommand(): Promise<WorkExit> {
    return new Promise((resolve) => {
      this.#spawned.onceEnded((exitCode, signal) => {
        this.#hasEnded = true;
        // From here on the pid is no longer surely ours; `#finish` looks closer before it kills.
        this.#cancelKill?.();
        this.#watch.leaderEnded();
        resolve({
          finishedAt: this.#spawned.ports.clock.wallMs(),
          usage: {
            ...(exitCode === null ? {} : { exitCode }),
            ...(signal === null ? {} : { signal }),
          },
        });
      });
    });
  }

  async #finish(ended: WorkExit): Promise<WorkExit> {
    const { ports, process, temporary } = this.#spawned;
    await this.#awaitDescendants();
    const tree = { leader: process, ownsGroup: true, members: this.#watch.members() };
    const killed = await killTree(tree, ports.timers);
    const leftoverTicks = killed.reduce((sum, row) => sum + row.cpuTicks, 0);
    await this.#awaitOutput();
    await this.#spawned.collect();
    await removeTemporary(temporary);
    const kept = await this.#spawned.clear();
    const usage = { ...ended.usage, ...this.#watch.close(leftoverTicks) };
    const breach = this.#breach ?? (await this.#spawned.judge(ended.usage));
    return {
      ...{ ...ended, usage },
      ...(kept === undefined ? {} : { kept }),
      ...(breach === undefined ? {} : { breach }),
    };
  }

  /** Lets descendants end by themselves: those of ended work for its grace, others for the drain. */
  async #awaitDescendants(): Promise<void> {
    const { ports, process } = this.#spawned;
    if (this.#graceEndsAt === undefined) {
      await settlesWithin(this.#pump.ended, drainMsMax, ports.timers);
      return;
    }
    while (isGroupLiving(process) && ports.clock.monotonicMs() < this.#graceEndsAt) {
      await sleep(ports.timers, groupPollMs);
    }
  }

  /**
   * Takes what still stands in the pipes. Every known writer is dead by now; one that hides (own
   * session, emptied environment) may neither hold the pipes open nor fill them for ever.
   */
  async #awaitOutput(): Promise<void> {
    const { timers } = this.#spawned.ports;
    const bytesMax = this.#pump.arrivedBytes + drainBytesMax;
    let before = this.#pump.arrivedBytes;
    while (!(await settlesWithin(this.#pump.ended, drainMsMax, timers))) {
      const isSilent = this.#pump.isIdle && this.#pump.arrivedBytes === before;
      if (isSilent || this.#pump.arrivedBytes > bytesMax) this.#pump.close();
      before = this.#pump.arrivedBytes;
    }
    await this.#pump.finished;
  }
}

/** Does the promise, which never rejects, settle in this time? */
export function settlesWithin(
  promise: Promise<void>,
  ms: number,
  timers: Timers,
): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = timers.after(ms, () => resolve(false));
    void promise.then(() => {
      cancel();
      resolve(true);
    });
  });
}
