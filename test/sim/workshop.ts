/*
 * The processes of one simulated box, and the workshop that its agents use.
 *
 * Processes live outside the agent: when it dies they stay as orphans, for ever, until somebody
 * reaps them. Every start is written into the history. Output is a function of the attempt and the
 * offset, so that any copy can be verified. Nothing here prevents a second start; that is judged.
 */
import type {
  CollectArtifacts,
  ProcessMark,
  TakeOutput,
  Work,
  WorkExit,
  Workshop,
} from '../../agent/work/work.ts';
import { AppError } from '../../protocol/errors.ts';
import type { AttemptId, WorkUsage } from '../../protocol/model.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import type { Ground } from './ground.ts';
import type { History, ProcessNote } from './history.ts';
import type { Incarnation } from './incarnation.ts';
import { leaveArtifacts, makeOutput } from './output.ts';
import type { Trace } from './trace.ts';

/** From TERM to KILL, as the real workshop has it. */
export const graceMs = 5000;

/** What the boxes' processes need. */
export interface BoxProcessesParts {
  readonly box: string;
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly history: History;
  readonly trace: Trace;
  readonly work: Ground['work'];
  /** Milliseconds since anything of the hub's came to this box. */
  readonly silentMs: () => number;
}

interface SimProcess {
  readonly note: ProcessNote;
  readonly mark: ProcessMark;
  readonly stubborn: boolean;
  isTaking: boolean;
  settle: ((usage: WorkUsage) => void) | undefined;
  usage: WorkUsage | undefined;
}

/** All processes of one box. */
export class BoxProcesses {
  readonly #parts: BoxProcessesParts;
  readonly #processes = new Set<SimProcess>();
  #lastPid = 100;

  constructor(parts: BoxProcessesParts) {
    this.#parts = parts;
  }

  /** The box itself went away. */
  killAll(): void {
    for (const process of [...this.#processes]) this.#end(process, { signal: 'SIGKILL' });
  }

  /** The process with this mark, where one runs. */
  findNote(mark: string): ProcessNote | undefined {
    return [...this.#processes].find((process) => process.mark.mark === mark)?.note;
  }

  /** As an agent asks, but by a guard, which lives when that is dead. */
  async endByGuard(mark: string, guard: Incarnation): Promise<void> {
    const left = [...this.#processes].filter((process) => process.mark.mark === mark);
    for (const process of left) this.#ask(process, guard);
    await new Promise<void>((resolve) => {
      const isStubborn = left.some(({ stubborn }) => stubborn);
      guard.ports.timers.after(isStubborn ? graceMs : 300, resolve);
    });
    this.#reap(mark);
  }

  /** The workshop of one agent process. */
  openWorkshop(owner: Incarnation): Workshop {
    const { chance, history } = this.#parts;
    const later = <T>(ms: number, act: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        owner.ports.timers.after(ms, () => {
          try {
            resolve(act());
          } catch (error) {
            reject(error);
          }
        });
      });
    return {
      measure: () => ({ cpuLoad: 0.5, memoryFreeBytes: 2 ** 30 }),
      probe: () =>
        later(1, () => ({ os: 'linux', arch: 'x64', cpus: 2, memoryBytes: 1e9, has: ['sh'] })),
      start: ({ attempt, mark, spec, collect }, take) =>
        later(chance.between(0.5, this.#parts.work === 'quick' ? 4 : 40), () => {
          if (chance.happens(0.03)) {
            history.refusals.add(attempt);
            throw new AppError('JOB_SPAWN');
          }
          const leave = spec.artifacts === undefined ? undefined : collect;
          // What has a lease must outlast it now and then, or leases would mean nothing.
          const isLong = spec.stopAfterMs !== undefined && chance.happens(0.3);
          const isQuick = this.#parts.work === 'quick' && chance.happens(0.7);
          const pace = isLong ? 'long' : isQuick ? 'quick' : 'any';
          return this.#start({ attempt, mark, take, leave, owner, pace });
        }),
      reap: ({ mark }) => later(chance.between(1, 60), () => this.#reap(mark)),
      openShell: async () => {
        throw new AppError('TERMINAL_UNSUPPORTED');
      },
      reapShells: async () => 0,
      clearTree: async () => undefined,
      sweep: () => later(1, () => undefined),
    };
  }

  #start(order: {
    readonly attempt: AttemptId;
    readonly mark: string;
    readonly take: TakeOutput;
    /** Takes what it left, where it was to leave anything. */
    readonly leave: CollectArtifacts | undefined;
    readonly owner: Incarnation;
    readonly pace: 'long' | 'any' | 'quick';
  }): Work {
    const { box, clock, chance, history, trace } = this.#parts;
    const { attempt, mark, take, leave, owner, pace } = order;
    this.#lastPid += 1;
    const process: SimProcess = {
      note: { attempt, box, startedAt: clock.nowMs, takenBytes: 0, isAlive: true },
      mark: { pid: this.#lastPid, start: String(Math.round(clock.nowMs)), mark },
      stubborn: chance.happens(0.1),
      isTaking: false,
      settle: undefined,
      usage: undefined,
    };
    if (leave !== undefined) process.note.artifactCount = chance.int(0, 3);
    history.processes.push(process.note);
    history.count('processes started');
    trace.note(`${box} starts a process for ${attempt}`);
    this.#processes.add(process);
    const exit = new Promise<WorkExit>((resolve) => {
      process.settle = (usage) =>
        owner.run(() => {
          const { artifactCount = 0 } = process.note;
          const left = leave?.(leaveArtifacts(attempt, artifactCount)) ?? Promise.resolve();
          const ended = { usage, finishedAt: owner.ports.clock.wallMs() };
          void left.then(() => owner.run(() => resolve(ended)));
        });
    });
    const chunkCount = chance.happens(0.3) ? 0 : chance.int(1, 8);
    const longestMs = chance.happens(0.15) ? chance.between(2000, 25_000) : 2000;
    const anyMs = chance.between(0.01, 1) * longestMs;
    const longMs = pace === 'long' ? chance.between(10_000, 45_000) : anyMs;
    const wholeMs = pace === 'quick' ? anyMs / 100 : longMs;
    this.#live(process, { owner, take, chunkCount, gapMs: wholeMs / (chunkCount + 1) });
    return { process: process.mark, exit, end: () => this.#ask(process, owner) };
  }

  /** The life of a process: a pause, a piece of output, and at last the exit. */
  #live(
    process: SimProcess,
    plan: {
      readonly owner: Incarnation;
      readonly take: TakeOutput;
      readonly chunkCount: number;
      readonly gapMs: number;
    },
  ): void {
    const { clock, chance } = this.#parts;
    const { owner, take, chunkCount, gapMs } = plan;
    clock.after(gapMs, () =>
      owner.run(() => {
        if (!process.note.isAlive) return;
        if (chunkCount === 0) {
          const exitCode = chance.happens(0.2) ? chance.int(1, 3) : 0;
          this.#end(process, { exitCode });
          return;
        }
        const next = () => this.#live(process, { ...plan, chunkCount: chunkCount - 1 });
        void this.#write(process, take).then(next, () => this.#ask(process, owner));
      }),
    );
  }

  async #write(process: SimProcess, take: TakeOutput): Promise<void> {
    const { chance } = this.#parts;
    const { attempt, takenBytes } = process.note;
    const count = chance.int(1, chance.happens(0.1) ? 30_000 : 800);
    const bytes = makeOutput(attempt, takenBytes, count);
    process.isTaking = true;
    process.note.takenBytes += count;
    try {
      await take(chance.happens(0.5) ? 'stdout' : 'stderr', bytes);
    } finally {
      process.isTaking = false;
      if (process.usage !== undefined) process.settle?.(process.usage);
    }
  }

  /** TERM now; KILL after the grace, unless the agent is dead by then. */
  #ask(process: SimProcess, owner: Incarnation): void {
    const { clock, chance, silentMs } = this.#parts;
    const { note } = process;
    if (!note.isAlive || note.asked !== undefined) return;
    note.asked = { at: clock.nowMs, silentMs: silentMs() };
    if (process.stubborn) {
      owner.ports.timers.after(graceMs, () => this.#end(process, { signal: 'SIGKILL' }));
    } else {
      clock.after(chance.between(0, 300), () => this.#end(process, { signal: 'SIGTERM' }));
    }
  }

  #reap(mark: string): number {
    const left = [...this.#processes].filter((process) => process.mark.mark === mark);
    for (const process of left) this.#end(process, { signal: 'SIGKILL' });
    return left.length;
  }

  #end(process: SimProcess, usage: WorkUsage): void {
    const { note } = process;
    if (!note.isAlive) return;
    note.isAlive = false;
    note.endedAt = this.#parts.clock.nowMs;
    if (usage.exitCode !== undefined) note.exitCode = usage.exitCode;
    this.#processes.delete(process);
    const how = usage.signal ?? `exit ${usage.exitCode}`;
    this.#parts.trace.note(`${note.box} process of ${note.attempt} ends: ${how}`);
    process.usage = usage;
    // The exit is told when all output was taken.
    if (!process.isTaking) process.settle?.(usage);
  }
}
