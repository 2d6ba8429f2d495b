/*
 * The contract between the agent and the processes it runs.
 *
 * The agent decides when work starts and ends; an implementation of `Workshop` only does it: the
 * real one with execa and process groups (`spawn.ts`), the simulator's with timers. Work is never
 * started twice by this layer, and nothing here touches the store.
 */
import type { AppError, ErrorCode } from '../../protocol/errors.ts';
import type {
  ArtifactMiss,
  AttemptId,
  BoxLoad,
  Capabilities,
  CommandSpec,
  KeptDirectory,
  LogStream,
  WorkUsage,
} from '../../protocol/model.ts';
import type { Isolation } from '../policy/isolation.ts';

/** A limit of the policy that work went over, as it is told. */
export interface Breach {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** A directory with its links resolved; undefined where none is there, or nobody can tell. Never rejects. */
export type ResolvePath = (path: string) => Promise<string | undefined>;

/** What the box's policy has to say while work starts and ends. */
export interface WorkRules {
  /** How work is kept apart now, or why it can't be. */
  readonly isolation: Isolation | AppError;
  /** Names of the agent's environment that work gets besides the usual. */
  readonly passed: readonly string[];
  /** Why nothing may run in this directory, whose links are resolved. */
  findDirectoryRefusal(path: string, resolve: ResolvePath): Promise<AppError | undefined>;
  /** Why this file, named below the job's directory, may not leave. */
  findFileRefusal(path: string, bytes: number): AppError | undefined;
}

/** One command to run. `mark` goes into the environment so that orphans can be found after a crash. */
export interface WorkOrder {
  readonly attempt: AttemptId;
  readonly spec: CommandSpec;
  readonly mark: string;
  /** Takes the artifacts that the spec asks for, where it asks for any. */
  readonly collect?: CollectArtifacts;
  /** Nothing is forbidden where absent. */
  readonly rules?: WorkRules;
  /**
   * Why it must not run after all; asked right before its process exists, for a checkout may have taken minutes.
   * Nothing hinders it where absent.
   */
  readonly findHindrance?: () => AppError | undefined;
}

/** A file of ended work. It can be read until its directory is removed. */
export interface FoundArtifact {
  /** Below the job's directory, with `/`. */
  readonly path: string;
  read(): AsyncIterable<Uint8Array>;
}

/** What the patterns of a job matched, and what brought nothing. */
export interface FoundArtifacts {
  readonly found: readonly FoundArtifact[];
  readonly missed: readonly ArtifactMiss[];
}

/** Called once, after all processes of the work have ended and before its directory goes. Never rejects. */
export type CollectArtifacts = (artifacts: FoundArtifacts) => Promise<void>;

/** Why the agent ended a piece of work. */
export type EndCause = 'cancel' | 'deadline' | 'run-time' | 'hub-silent' | 'agent-stop';

/** How a process ended; instants by the wall clock of the box. */
export interface WorkExit {
  readonly usage: WorkUsage;
  readonly finishedAt: number;
  /** What it was ended for, where that was a limit. */
  readonly breach?: Breach;
  /** Its checkout, where that holds work which is nowhere else. */
  readonly kept?: KeptDirectory;
}

/** Enough to recognise a process after the agent was restarted. Pids are reused; pid and start are not. */
export interface ProcessMark {
  readonly pid: number;
  /** Start time as the kernel gives it (Linux: field 22 of /proc/PID/stat), or '' where unknown. */
  readonly start: string;
  readonly mark: string;
}

/** A running command. */
export interface Work {
  readonly process: ProcessMark;
  /** Resolves when the command has ended and its output and artifacts have been taken. Never rejects. */
  readonly exit: Promise<WorkExit>;
  /**
   * TERM to the group, KILL after the grace, then whatever is left of the tree; `at-once`: KILL now, for who can't
   * wait. Safe to repeat.
   */
  end(how?: 'at-once'): void;
}

/** Takes output in order; the command's pipe is not read further until it resolves. */
export type TakeOutput = (stream: LogStream, bytes: Uint8Array) => Promise<void>;

/** A shell for a person. `mark` is found in the environment of all that it starts. */
export interface ShellOrder {
  readonly mark: string;
  readonly columns: number;
  readonly rows: number;
  /** What the person's own terminal is. */
  readonly term: string;
  /** Open it where this one runs, while that is there. */
  readonly attempt?: AttemptId;
  /** What the attempt's spec names, which comes first. */
  readonly directory?: string;
  readonly rules?: WorkRules;
  /** Takes output in order; `pause` asks for no more until `resume`. */
  readonly take: (bytes: Uint8Array) => 'more' | 'pause';
}

/** How a shell ended. */
export interface ShellExit {
  readonly exitCode?: number;
  readonly signal?: string;
}

/** A running shell. */
export interface Shell {
  /** Where it was opened. */
  readonly directory: string;
  /** Resolves when it has ended, with all that it started, and its output was taken. Never rejects. */
  readonly exit: Promise<ShellExit>;
  /** Resolves when the terminal has taken it, or is gone. */
  write(bytes: Uint8Array): Promise<void>;
  resize(columns: number, rows: number): void;
  resume(): void;
  /** HUP, KILL after a grace, then whatever is left of what it started. Safe to repeat. */
  end(): void;
}

/** Where work is done. */
export interface Workshop {
  /** Probes the box; called once at start. */
  probe(): Promise<Capabilities>;
  /** How busy the box is now; the disk is watched elsewhere. */
  measure(): Omit<BoxLoad, 'diskFreeBytes'>;
  /**
   * Starts the command or the harness.
   * Errors: JOB_BASE, JOB_DIRECTORY, JOB_HARNESS, JOB_REPO, JOB_SPAWN, POLICY_*, the order's hindrance; then nothing
   * was run.
   */
  start(order: WorkOrder, take: TakeOutput): Promise<Work>;
  /** Ends every process of an earlier agent's attempt, resolves with how many there were. */
  reap(process: ProcessMark): Promise<number>;
  /** Opens a shell. Errors: TERMINAL_UNSUPPORTED; then nothing was started. */
  openShell(order: ShellOrder): Promise<Shell>;
  /** Ends what earlier shells left whose mark begins so; resolves with how many processes there were. */
  reapShells(markPrefix: string): Promise<number>;
  /**
   * Removes the checkout of an attempt of which nothing runs any more, unless it holds what is nowhere
   * else; resolves with what was kept. `discard` keeps nothing.
   */
  clearTree(attempt: AttemptId, how: 'careful' | 'discard'): Promise<KeptDirectory | undefined>;
  /** Removes temporary directories that no attempt in `keep` owns. */
  sweep(keep: readonly AttemptId[]): Promise<void>;
}
