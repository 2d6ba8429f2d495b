/*
 * The shapes that `--json` prints and the screen is fed with: the outside contract of every verb.
 *
 * One set of shapes for the CLI, the cockpit, the phone and the AI tools. Instants are ISO 8601 in
 * UTC, durations milliseconds. Fields are added, never renamed.
 */
import type { ErrorShape } from '../../protocol/errors.ts';
import type { PolicyFrame } from '../../protocol/frames.ts';
import type {
  AttemptId,
  BoxLoad,
  Capabilities,
  JobId,
  KeptDirectory,
  LogStream,
  Outcome,
  Receipt,
  Reconcile,
  WorkerKind,
} from '../../protocol/model.ts';
import type { LinkWord } from '../manager/ladder.ts';
import type { LogGapItem } from './log-lack.ts';
import type { LogPiece } from './log-text.ts';

/** What a worker is doing, as far as is known. `stale` and `lost` are silence, shown as silence. */
export type WorkerState = 'new' | 'idle' | 'working' | 'draining' | 'stale' | 'lost' | 'revoked';

/** One row of `wally team`. */
export interface TeamRow {
  readonly name: string;
  readonly kind: WorkerKind;
  readonly host: string;
  readonly state: WorkerState;
  /** By which way it is linked: `none` while something is tried, `blocked` once all was, in vain. */
  readonly link: LinkWord;
  /** What became of its link, and of what was tried since; null while it is linked. */
  readonly linkReason?: string | null;
  /** Milliseconds since the worker was last heard; null when it never was. */
  readonly lastSeenMs: number | null;
  /** Jobs it holds that have not ended. */
  readonly jobs: readonly JobId[];
  readonly capabilities: Capabilities | null;
  /** Its public key, hex. */
  readonly key: string;
  /** How busy its box is, by its last word; null while nothing was told. */
  readonly load?: BoxLoad | null;
  /** Of its agent, by its last hello to this hub process; null before that. */
  readonly version?: string | null;
  /** By how much its clock is ahead of the hub's, by that hello. */
  readonly aheadMs?: number | null;
  /** Code of what keeps it from being served until a person acts. */
  readonly trouble?: string | null;
  /** What its box lets this hub do, in the box's words; null while nothing was told. */
  readonly policy?: Pick<PolicyFrame, 'is' | 'lines'> | null;
  /** Whence its box was spawned; null where it was not. */
  readonly provider?: string | null;
  /** Until an idle box of it is let go; null where that was not said. */
  readonly ttlLeftMs?: number | null;
}

/** When each receipt was reached; null until then. */
export interface ReceiptInstants {
  readonly queuedAt: string;
  readonly sentAt: string | null;
  readonly acceptedAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** One try at a job. */
export interface AttemptRow {
  readonly id: AttemptId;
  readonly n: number;
  readonly worker: string;
  readonly host: string;
  readonly state: Receipt;
  readonly outcome: Outcome | null;
  /** Why it ended so, in words, where the outcome alone does not say it. */
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly receipts: ReceiptInstants;
  /** From started to finished. */
  readonly durationMs: number | null;
  readonly cpuMs: number | null;
  readonly memoryBytesPeak: number | null;
  /** Bytes of output the worker says there were; null until it has finished. */
  readonly logBytes: number | null;
  /** Its checkout on the worker's box, while that holds work which is nowhere else. */
  readonly kept?: KeptDirectory | null;
  readonly isCancelRequested: boolean;
  /** Another attempt was started in its place, and it may still count if it comes back. */
  readonly isReplaced: boolean;
}

/** One row of `wally jobs`: the job by its latest attempt. */
export interface JobRow {
  readonly id: JobId;
  readonly title: string;
  readonly kind: 'command' | 'prompt' | 'group';
  /** Whom a prompt is for. */
  readonly harness?: string;
  readonly state: Receipt;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly worker: string | null;
  readonly host: string | null;
  readonly command: readonly string[];
  readonly parent: JobId | null;
  readonly createdAt: string;
  readonly receipts: ReceiptInstants;
  readonly exitCode: number | null;
  readonly durationMs: number | null;
  readonly attemptCount: number;
  /** What its worker must have; of a part what was asked for all. */
  readonly needs?: readonly string[];
  /** What the asker marked it with, `WORD` or `KEY=VALUE`. */
  readonly labels?: readonly string[];
  /** When the attempt that counts must have ended. */
  readonly deadlineAt?: string | null;
  /** In a list without ended jobs, because the hub cannot read its store: the code of why. */
  readonly endedUnread?: string;
}

/**
 * One file that an attempt brought. `coming`: its worker still has it; `here`: whole and verified;
 * `lost`: it cannot be had any more; `missed`: it was asked for and not there, or not to be taken.
 */
export interface ArtifactRow {
  readonly attempt: AttemptId;
  /** Its place in the attempt's report; null for what was missed. */
  readonly index: number | null;
  readonly path: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly state: 'coming' | 'here' | 'lost' | 'missed';
  readonly receivedBytes: number;
  /** Why it is lost or missed. */
  readonly code: string | null;
}

/** A piece of a file, as `get` streams it. */
export interface ArtifactPiece {
  readonly offset: number;
  readonly base64: string;
}

/** `wally get J --json`. */
export interface ArtifactList {
  readonly attempt: AttemptId;
  readonly artifacts: readonly ArtifactRow[];
}

/** `wally job J --json`. */
export interface JobDetail extends JobRow {
  readonly attempts: readonly AttemptRow[];
  readonly children: readonly JobRow[];
  readonly cwd: string | null;
  readonly repo: string | null;
  /** The commit of it that the work has a checkout of. */
  readonly base?: string | null;
  /** What the harness is asked; `command` is empty then. */
  readonly prompt?: string | null;
  readonly deadlineMs: number | null;
  readonly isIdempotent: boolean;
  readonly lostAfterMs: number;
  readonly stopAfterMs: number | null;
  /** May the hub start another attempt elsewhere by itself? */
  readonly replace: boolean;
  readonly reconcile: Reconcile;
  /** What its attempts brought. */
  readonly artifacts: readonly ArtifactRow[];
}

/** One line of `wally logs --json`: a piece of output, or a hole. */
export type LogItem = LogPiece | LogGapItem;

/** A log that lines were read from; lines name it by its place in the list. */
export interface LogSource {
  readonly attempt: AttemptId;
  readonly job: JobId;
  readonly worker: string;
  readonly host: string;
  /** Offset of its end in the hub's copy. */
  readonly end: number;
  /** Has the attempt ended? Then the copy grows no further than what its worker still has. */
  readonly isEnded: boolean;
  /** Output that was kept here once and was removed when its time was over. */
  readonly forgottenBytes: number;
}

/**
 * One line, or a gap (`bytes` were dropped, or the copy lost them: `isLost`). `text` is a part of it that begins
 * `hiddenBytes` after its start, because the rest was overwritten by carriage returns or was not asked
 * for. An open line has not come to its end yet.
 */
export interface LogLineRow {
  /** Its log's place in the list of logs. */
  readonly log: number;
  readonly offset: number;
  readonly at: string;
  readonly stream: LogStream | 'gap';
  readonly isLost?: boolean;
  readonly text: string;
  readonly bytes: number;
  readonly hiddenBytes: number;
  readonly isCut: boolean;
  readonly isOpen: boolean;
  /** It is shown for a hit near it. */
  readonly isContext: boolean;
}

/** `wally logs lines --json`. A cut is an offset for each log; windows join at their cuts. */
export interface LogWindow {
  readonly logs: readonly LogSource[];
  readonly lines: readonly LogLineRow[];
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

/**
 * What `wally logs follow` streams: new lines, those without an end yet among them, which come again
 * with the same offset when they have grown. `skipped` says how much one who is slow did not get.
 */
export interface LogGrowth {
  readonly logs: readonly LogSource[];
  readonly lines: readonly LogLineRow[];
  readonly skippedBytes: number;
}

/** What `wally logs find` streams: hits as they are found, and how far it has come. */
export interface LogHits {
  readonly logs: readonly LogSource[];
  readonly hits: readonly { readonly log: number; readonly offset: number; readonly at: string }[];
  /** All by now, also those that are not named. */
  readonly hitCount: number;
  readonly readBytes: number;
  readonly wholeBytes: number;
}

/** One line of `wally logs --json` where lines were asked for. */
export type LogLineItem = Omit<LogLineRow, 'log'> & {
  readonly attempt: AttemptId;
  readonly worker: string;
  /** Is it one of several logs that are read as one? */
  readonly isMerged: boolean;
};

/** What the inbox can ask about. */
export const decisionKinds = [
  'lost',
  'refused',
  'expired',
  'fix-failed',
  'pairing',
  'spawn',
] as const;

/**
 * One row of `wally inbox`: something that only the M2 can call. `job` and `attempt` are null where it is
 * about neither; `title` is the job's, or what else it is about.
 */
export interface InboxRow {
  readonly id: string;
  readonly kind: (typeof decisionKinds)[number];
  readonly job: JobId | null;
  readonly title: string;
  readonly attempt: AttemptId | null;
  readonly worker: string | null;
  readonly host: string | null;
  readonly openedAt: string;
  /** Until when it can be answered; null for as long as wanted. */
  readonly endsAt: string | null;
  /** What goes on costing while it waits; the rows are in the order of that. */
  readonly cost: string;
  readonly question: string;
  /** What happened, and why the hub does not go on by itself. */
  readonly reason: string;
  readonly evidence: {
    /** Null where it is about no attempt. */
    readonly isIdempotent: boolean | null;
    /** What the worker said of the attempt when it came back; null while it has not. */
    readonly statement: 'running' | 'finished' | 'unknown' | null;
    readonly statementText: string | null;
    /** How it ended there after all, by a late report. */
    readonly lateOutcome: Outcome | null;
    /** All else that is known, in the order in which it is shown. */
    readonly facts: readonly { readonly label: string; readonly text: string }[];
  };
  /** What `wally decide ID …` takes, and what each does. */
  readonly answers: readonly { readonly how: string; readonly does: string }[];
  /** How many wait in that inbox, this one and those not listed among them. */
  readonly waitingCount?: number;
}

/** One event of the journal, as `wally events` gives it. */
export interface EventRow {
  /** Its number: rising, with gaps. */
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  /** Who did what, as a sentence. */
  readonly text: string;
  readonly job: JobId | null;
  readonly title: string | null;
  readonly attempt: AttemptId | null;
  readonly worker: string | null;
  readonly note: string | null;
  /** Who was waited for until this, for what, and how long. */
  readonly waited: { readonly on: string; readonly why: string; readonly ms: number } | null;
}

/** Events in the hour that begins at `at`: `wally events --hours`. */
export interface HourRow {
  readonly at: string;
  readonly count: number;
}

/** `wally invite --json`. */
export interface InviteShape {
  readonly code: string;
  readonly command: string;
  readonly expiresAt: string;
}

/** `wally status --json`. */
export interface StatusShape {
  readonly hub: {
    readonly version: string;
    readonly pid: number;
    readonly home: string;
    readonly key: string;
    readonly startedAt: string;
    /** `host:port` that workers dial. */
    readonly address: string;
    /** `host:port` of the embedded rendezvous. */
    readonly rendezvous: string;
  };
  readonly disk: DiskShape;
  readonly team: readonly TeamRow[];
  /** Jobs that have not ended. */
  readonly jobs: readonly JobRow[];
  readonly recent: readonly JobRow[];
}

/** `wally --hub A --hub B status --json`: ids and names are qualified with the hub's. */
export interface StatusOfMany {
  readonly hubs: readonly {
    readonly name: string;
    readonly hub: StatusShape['hub'];
    readonly disk: DiskShape;
  }[];
  readonly team: readonly TeamRow[];
  readonly jobs: readonly JobRow[];
  readonly recent: readonly JobRow[];
}

/** How one of several hubs is reached; `reason` is null while nothing is wrong. */
export interface HubNews {
  readonly name: string;
  readonly is: 'coming' | 'live' | 'gone';
  readonly reason: string | null;
}

/** The disk under the hub's home. Everything but `store` is null where there is nothing to say. */
export interface DiskShape {
  /** `reopening`: a read or a write failed; the store is being opened again, by itself. */
  readonly store: 'sound' | 'reopening';
  readonly since: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly freeBytes: number | null;
  /** New work is refused while less is free. */
  readonly watermarkBytes: number | null;
  readonly ballast: 'ready' | 'released' | 'none' | null;
}

/** What `wally watch` streams: first everything, then every change. */
export type WatchItem =
  | { readonly type: 'hub'; readonly hub: StatusShape['hub'] }
  | { readonly type: 'team'; readonly team: readonly TeamRow[] }
  /** With `--changes`, between two whole teams of the same workers: the rows that look otherwise now. */
  | { readonly type: 'team-changed'; readonly team: readonly TeamRow[] }
  | { readonly type: 'jobs'; readonly jobs: readonly JobRow[] }
  | { readonly type: 'job'; readonly job: JobRow }
  | { readonly type: 'inbox'; readonly rows: readonly InboxRow[] }
  /** Only where several hubs are watched as one. */
  | { readonly type: 'hubs'; readonly hubs: readonly HubNews[] };

/** `{"error": …}` on stdout when a verb with `--json` fails. */
export interface ErrorReport {
  readonly error: ErrorShape;
}
