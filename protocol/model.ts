/*
 * The nouns that hub, agent and cockpit share. Data only: no behaviour, no I/O.
 *
 * One word an idea, as the glossary has it. Instants are wall-clock milliseconds since the Unix
 * epoch in memory, on disk and on the wire (they become ISO 8601 only in `--json`); durations are
 * milliseconds; sizes are bytes. Field names are retired, never reused.
 */

/** An Ed25519 public key in lower-case hex (64 characters): the identity of a hub or an agent. */
export type PeerKey = string;

/** A job's short id, `J` and a number counted by its hub from 1: `J12`. */
export type JobId = `J${number}`;

/** One try at a job, `J12.1`; the number is the fencing token and only the hub mints it. */
export type AttemptId = `J${number}.${number}`;

/** How an attempt or job ended. `lost` says that nobody can know; silence alone never says it. */
export type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'refused' | 'lost';

/** Every outcome, in the order in which reports list them. */
export const outcomes = [
  'succeeded',
  'failed',
  'cancelled',
  'expired',
  'refused',
  'lost',
] as const satisfies readonly Outcome[];

/** How far a job has provably come. It only ever moves to the right. */
export type Receipt = 'queued' | 'sent' | 'accepted' | 'started' | 'finished';

/** The receipts from left to right. */
export const receipts = [
  'queued',
  'sent',
  'accepted',
  'started',
  'finished',
] as const satisfies readonly Receipt[];

/** When each receipt was reached, milliseconds since the epoch by the clock of whoever said so. */
export interface ReceiptTimes {
  readonly queuedAt: number;
  readonly sentAt?: number;
  readonly acceptedAt?: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

/** Which of a command's streams some output came from. */
export type LogStream = 'stdout' | 'stderr';

/** A repository and the commit of it to work on, in a directory of the attempt's own. */
export interface RepoAtBase {
  /** On the worker's box. */
  readonly path: string;
  /** A commit by any name that git knows there: a branch, a tag, a hash. */
  readonly base: string;
}

/** What an AI agent on the worker's box is asked, by the name that this box gives it. */
export interface PromptSpec {
  readonly harness: string;
  readonly text: string;
}

/** What a job runs, and under which terms. Immutable once dispatched. */
export interface CommandSpec {
  /**
   * One element runs by `/bin/sh -c`; several are executed as they are, without a shell. Empty where
   * there is a prompt, and only then: an agent that knows no prompts refuses what has no command.
   */
  readonly command: readonly string[];
  readonly prompt?: PromptSpec;
  /** Directory on the worker's box; absent means a fresh temporary one. */
  readonly cwd?: string;
  /**
   * Like `cwd`, and must be inside a git work tree. With a base the work has a checkout of its own: an
   * agent that knows none can't read that, and refuses it, rather than work in the person's checkout.
   */
  readonly repo?: string | RepoAtBase;
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env` whose values must stand in no log; an agent of before this shows them. */
  readonly secrets?: readonly string[];
  /** Must be finished this many milliseconds after its attempt was queued; waiting counts. */
  readonly deadlineMs?: number;
  readonly isIdempotent: boolean;
  /** The hub declares the attempt lost after not hearing of it for so long. */
  readonly lostAfterMs: number;
  /** The work's lease: the agent stops it by itself when the hub has answered nothing for so long. */
  readonly stopAfterMs?: number;
  /** When it is lost and certainly over, the hub may start another attempt elsewhere by itself. */
  readonly mayReplace?: boolean;
  /** What counts when a replaced attempt comes back after all; `keep-replacement` when absent. */
  readonly reconcile?: Reconcile;
  /** Patterns of files below its directory that are brought to the hub when it has ended. */
  readonly artifacts?: readonly string[];
}

/** A file that an attempt left and its worker keeps for the hub. Named by its place in the report. */
export interface ArtifactEntry {
  /** Below the job's directory, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A file or pattern that brings nothing, and the error code that says why. */
export interface ArtifactMiss {
  readonly path: string;
  readonly code: string;
}

/** What became of a job's `artifacts` when its work had ended. */
export interface ArtifactsReport {
  readonly kept: readonly ArtifactEntry[];
  readonly missed: readonly ArtifactMiss[];
}

/** A checkout that outlived its attempt, because it holds work that is nowhere else. */
export interface KeptDirectory {
  readonly directory: string;
  /** Files that are not committed. */
  readonly changes: number;
  /** Commits on no branch, no tag and no remote. */
  readonly commits: number;
  /** What else keeps it, in words. */
  readonly note?: string;
}

/**
 * Which attempt counts when one that was replaced comes back. `keep-original` ends the replacement,
 * `keep-replacement` refuses the original (its token is old), `first-finished` lets both go on and
 * takes the first result.
 */
export type Reconcile = 'keep-original' | 'keep-replacement' | 'first-finished';

/** Every reconcile rule. */
export const reconciles = [
  'keep-original',
  'keep-replacement',
  'first-finished',
] as const satisfies readonly Reconcile[];

/** What a worker's box has; facts probed at start, and whatever its config adds or overrides. */
export interface Capabilities {
  readonly os: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Names that `--need` matches: tools found (`git`, `node`, …) and words from the config. */
  readonly has: readonly string[];
  /** Harnesses that can be given a prompt; each of them is in `has` too. */
  readonly harnesses?: readonly string[];
  /** Version of the Node that the agent runs on; absent from agents of before it was told. */
  readonly node?: string;
}

/** How busy a box is, as it was measured there. */
export interface BoxLoad {
  /** Processes that run or wait for a cpu, the average of a minute; 0 where the box can't say. */
  readonly cpuLoad: number;
  readonly memoryFreeBytes: number;
  /** Under the agent's home; absent where it is not known. */
  readonly diskFreeBytes?: number;
}

/** What an attempt used and how its process ended. `undefined` is "not known", never zero. */
export interface WorkUsage {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly cpuMs?: number;
  readonly memoryBytesPeak?: number;
}

/** What kind of worker: `staff` live beside the hub, `odally` on any other box. */
export type WorkerKind = 'staff' | 'odally';
