/*
 * The loop that starts work: while there is a free slot, the oldest accepted attempt runs.
 *
 * It starts nothing before every command that the hub had queued when we met has been applied (a
 * cancel may be among them), nothing while the agent stops or the disk has no room, and work that has
 * a lease only while that holds and a guard knows of it: looked at before, once more after `starting` is on
 * disk, for the disk may be slow, and right before the spawn, for a checkout may be slower. One attempt passes
 * here once: its `starting` is on disk before the process exists. Output that the disk does not take waits, and so
 * does its process; what comes of work that is held no more goes nowhere.
 * Source: reliability facts R9, R15, R16, R22, R23.
 */
import { ChurnMap, ChurnSet } from '../../protocol/churn-map.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { artifactPathLettersMax } from '../../protocol/limits.ts';
import type { AttemptId, LogStream } from '../../protocol/model.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import type { DiskGuard } from '../../store/disk-guard.ts';
import type { Log, LogStore } from '../../store/log.ts';
import { Redaction } from '../../store/redaction/redaction.ts';
import type { HeldAttempt } from '../attempts.ts';
import type { Desk } from '../desk.ts';
import { killMsMax } from '../limits.ts';
import { untilDone } from '../log-patience.ts';
import { LoggedOutput } from '../logged-output.ts';
import type { Policies } from '../policy/policies.ts';
import { gatherWakes } from '../wake-once.ts';
import type { FoundArtifacts, TakeOutput, Work, WorkOrder, Workshop } from '../work/work.ts';

/** What the loop needs. `mayStart` is the gate: the barrier of the hub's hello, and the life cycle. */
export interface RunWorkParts {
  readonly desk: Desk;
  readonly workshop: Workshop;
  readonly logs: LogStore;
  readonly disk: DiskGuard;
  readonly ports: Ports;
  readonly slots: number;
  /** What the box lets the hub do; asked as work starts, for the file may have changed since it came. */
  readonly policies: Policies;
  readonly mark: (attempt: AttemptId) => string;
  readonly mayStart: () => boolean;
  /** Milliseconds until this attempt's deadline; undefined when it has none. */
  readonly leftMs: (held: HeldAttempt) => number | undefined;
  /** Milliseconds for which the lease of work with this term still holds; not above zero: none. */
  readonly leaseLeftMs: (termMs: number) => number;
  /** Resolves once a guard would end this attempt with its lease. Errors: JOB_UNGUARDED. */
  readonly cover: (attempt: AttemptId) => Promise<void>;
  readonly logGrew: (attempt: AttemptId) => void;
  /** Takes the artifacts of ended work while they are wanted. Never rejects. */
  readonly collect: (
    attempt: AttemptId,
    artifacts: FoundArtifacts,
    isWanted: () => boolean,
  ) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Life cycle: `wake` whenever something may have changed; `idle` resolves when nothing runs. */
export class RunWork {
  readonly #parts: RunWorkParts;
  readonly #works = new ChurnMap<AttemptId, Work>();
  readonly #busy = new ChurnMap<AttemptId, Promise<void>>();
  /** Attempts whose output waits for the disk. */
  readonly #blocked = new Set<AttemptId>();
  /** Attempts whose process was asked to end. */
  readonly #asked = new ChurnSet<AttemptId>();
  #isGivenUp = false;
  /** Slots that became free in one turn are given away together. */
  readonly #wakeOnce = gatherWakes(() => this.wake());
  /** Attempts that have printed something. */
  readonly #printing = new ChurnSet<AttemptId>();

  constructor(parts: RunWorkParts) {
    this.#parts = parts;
  }

  /** One line for people: what this loop is doing. */
  get status(): string {
    const blocked = this.#blocked.size === 0 ? '' : `, ${this.#blocked.size} wait for the disk`;
    return `${this.#busy.size} of ${this.#slots} slots in use${blocked}`;
  }

  /** Attempts with a process or about to have one. */
  get busyCount(): number {
    return this.#busy.size;
  }

  /** The config's, or fewer where the policy says so. */
  get #slots(): number {
    return this.#parts.policies.limitSlots(this.#parts.slots);
  }

  /** Starts what may start. Safe to call at any time. */
  wake(): void {
    const { desk, disk, mayStart } = this.#parts;
    const slots = this.#slots;
    if (this.#busy.size >= slots || !mayStart() || disk.findRefusal() !== undefined) return;
    for (const held of desk.list()) {
      if (this.#busy.size >= slots) return;
      if (held.state.is !== 'accepted' || this.#busy.has(held.attempt)) continue;
      if (!this.#hasLease(held)) continue;
      const run = this.#run(held)
        .catch((error: unknown) => this.#parts.failed(error))
        .finally(() => {
          this.#busy.delete(held.attempt);
          desk.disowned.ended(held.attempt);
          this.#wakeOnce();
        });
      this.#busy.set(held.attempt, run);
    }
  }

  /** Asks a running process to end; nothing happens when there is none. */
  end(attempt: AttemptId): void {
    const work = this.#works.get(attempt);
    if (work === undefined) return;
    this.#asked.add(attempt);
    work.end();
  }

  /** Was its process asked to end? Not while that only waits for the disk. */
  isAsked(attempt: AttemptId): boolean {
    return this.#asked.has(attempt);
  }

  /** Asks everything that runs to end, and waits for no disk any more. */
  endAll(): void {
    this.#isGivenUp = true;
    for (const attempt of this.#works.keys()) this.end(attempt);
  }

  /** Kills what still runs, for this process goes and nobody would do it later. Resolves once that is gone, or soon. */
  async killAll(): Promise<void> {
    if (this.#works.size === 0) return;
    for (const work of this.#works.values()) work.end('at-once');
    await Promise.race([this.idle(), sleep(this.#parts.ports.timers, killMsMax)]);
  }

  /** Resolves when all that runs now has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  async #run(held: HeldAttempt): Promise<void> {
    const { desk, ports, leftMs } = this.#parts;
    const { attempt } = held;
    if ((leftMs(held) ?? 1) <= 0) {
      return desk.step(attempt, { type: 'expired', at: wall(ports) });
    }
    await desk.step(attempt, { type: 'start' });
    const uncovered = await this.#cover(held);
    if (!this.#isHeld(held)) return;
    const hindrance = uncovered ?? this.#findHindrance(held);
    if (hindrance !== undefined) return this.#noteNotSpawned(attempt, hindrance);
    const redaction = new Redaction(this.#parts.policies.listSecrets(held.spec));
    const output = new LoggedOutput(redaction, this.#writeFor(held));
    const work = await this.#start(held, { redaction, output });
    if (work === undefined) return;
    this.#works.set(attempt, work);
    try {
      const spawned = { type: 'spawned', at: wall(ports), process: work.process } as const;
      // Its end does not wait for this one's disk: what ends at once shares the batch.
      await Promise.all([desk.step(attempt, spawned), this.#awaitExit(held, work, output)]);
    } finally {
      this.#works.delete(attempt);
      this.#asked.delete(attempt);
    }
  }

  async #awaitExit(held: HeldAttempt, work: Work, output: LoggedOutput): Promise<void> {
    const { desk } = this.#parts;
    const { attempt } = held;
    // The hub's store may have changed while it was spawned; then nobody wants it any more.
    if (!this.#isHeld(held)) work.end();
    const { finishedAt, ...exit } = await work.exit;
    await output.end();
    if (this.#printing.delete(attempt)) await this.#withLog(held, (log) => log.sync());
    if (!this.#isHeld(held)) return;
    await desk.step(attempt, { type: 'exited', at: Math.round(finishedAt), ...exit });
  }

  /** Why it must not start now: it was given up or told to end, or its time or its lease is over. */
  #findHindrance(held: HeldAttempt): AppError | undefined {
    const { desk, leftMs } = this.#parts;
    const state = this.#isHeld(held) ? desk.find(held.attempt)?.state : undefined;
    if (state?.is !== 'starting' || state.endCause !== undefined) return new AppError('JOB_SPAWN');
    if ((leftMs(held) ?? 1) <= 0) return new AppError('JOB_EXPIRED');
    return this.#hasLease(held) ? undefined : new AppError('LEASE_LAPSED');
  }

  /** Is it still this one, and not one of the same name from the next store of the hub? */
  #isHeld({ attempt, spec }: HeldAttempt): boolean {
    return this.#parts.desk.find(attempt)?.spec === spec;
  }

  /** Without a term there is nothing that could lapse. */
  #hasLease({ spec }: HeldAttempt): boolean {
    return spec.stopAfterMs === undefined || this.#parts.leaseLeftMs(spec.stopAfterMs) > 0;
  }

  /** Why no guard knows of it, if it has a lease. It is asked only once, as it starts. */
  async #cover({ attempt, spec }: HeldAttempt): Promise<AppError | undefined> {
    const { desk, cover } = this.#parts;
    const isLeased = spec.stopAfterMs !== undefined;
    if (!isLeased || desk.find(attempt)?.state.is !== 'starting') return undefined;
    return cover(attempt).then(
      () => undefined,
      (error: unknown) => wrapError(error, 'JOB_UNGUARDED'),
    );
  }

  async #start(held: HeldAttempt, { redaction, output }: Outlet): Promise<Work | undefined> {
    const { workshop, mark, collect, policies } = this.#parts;
    const { attempt, spec } = held;
    const refusal = policies.findSpecRefusal(spec);
    if (refusal !== undefined) {
      await this.#noteNotSpawned(attempt, refusal);
      return undefined;
    }
    const order: WorkOrder = {
      ...{ attempt, spec, mark: mark(attempt), rules: policies },
      collect: (artifacts) =>
        collect(attempt, cleanNames(artifacts, redaction), () => this.#isHeld(held)),
      findHindrance: () => this.#findHindrance(held),
    };
    try {
      return await workshop.start(order, output.take);
    } catch (thrown) {
      const { code, message } = wrapError(thrown, 'JOB_SPAWN');
      await this.#noteNotSpawned(attempt, { code, message: redaction.clean(message) });
      return undefined;
    }
  }

  /** Output goes to the log; while the disk takes none, the command blocks on its pipe. */
  #writeFor(held: HeldAttempt): TakeOutput {
    const { disk, ports, logGrew } = this.#parts;
    const { attempt } = held;
    // A log that had to be mended may have lost what was not synced; no byte gets its offset.
    let end = 0;
    return async (stream: LogStream, bytes: Uint8Array) => {
      // Opened at the first output: a silent job costs no look at the disk.
      this.#printing.add(attempt);
      await this.#withLog(held, async (log) => {
        if (!(await disk.hasLogRoom())) throw new AppError('DISK_FULL');
        const offset = Math.max(end, log.end);
        await log.append([{ offset, stream, at: wall(ports), bytes }]);
        end = offset + bytes.length;
        if (this.#isHeld(held)) logGrew(attempt);
      });
    };
  }

  /** Does something with a log, again and again until the disk lets it; nothing for what nobody wants any more. */
  async #withLog(held: HeldAttempt, act: (log: Log) => Promise<unknown>): Promise<void> {
    const { logs, ports } = this.#parts;
    const { attempt } = held;
    const isWanted = () => {
      this.#blocked.add(attempt);
      return !this.#isGivenUp;
    };
    const tryOnce = async () => {
      if (this.#isHeld(held)) await act(await logs.open(attempt));
    };
    try {
      await untilDone(tryOnce, { ports, isWanted });
    } finally {
      this.#blocked.delete(attempt);
    }
  }

  #noteNotSpawned(
    attempt: AttemptId,
    { code, message }: Pick<AppError, 'code' | 'message'>,
  ): Promise<void> {
    const { desk, ports } = this.#parts;
    return desk.step(attempt, { type: 'not-spawned', at: wall(ports), code, reason: message });
  }
}

/** Where the output of one attempt goes, and what is hidden in it. */
interface Outlet {
  readonly redaction: Redaction;
  readonly output: LoggedOutput;
}

/** The names of files leave the box as well. A label may be longer than what it hides, and a report takes no name over its cap. */
function cleanNames({ found, missed }: FoundArtifacts, redaction: Redaction): FoundArtifacts {
  const clean = (path: string) => redaction.clean(path).slice(0, artifactPathLettersMax);
  return {
    found: found.map((file) => ({ path: clean(file.path), read: () => file.read() })),
    missed: missed.map(({ path, code }) => ({ path: clean(path), code })),
  };
}

function wall(ports: Ports): number {
  return Math.round(ports.clock.wallMs());
}
