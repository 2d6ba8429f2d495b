/*
 * What the desk keeps in memory, and how it is read back at start.
 *
 * Derived from the store alone: workers, jobs that have not ended and who holds them, the parts of open
 * groups, decisions that wait, and the next numbers. What has ended stays on disk. Errors: STORE_IO, STORE_DAMAGED.
 */
import { ChurnMap, ChurnSet } from '../../protocol/churn-map.ts';
import type { AttemptId, JobId, PeerKey } from '../../protocol/model.ts';
import { readLastEventSeq } from '../../store/journal.ts';
import { decisionKey, jobKey, prefixRange, readEndedJobKey } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { openPeerStreams, type PeerStreams } from '../../store/peer-streams.ts';
import { findRow, readRow } from '../../store/row-codec.ts';
import { type Decision, type DecisionId, decisionRowSchema } from '../manager/decision.ts';
import { type CommandJob, type JobRecord, readJobNumber, splitAttemptId } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import { type WorkerRecord, workerRowSchema } from '../manager/worker.ts';
import { type ActiveMarks, readActiveJobs } from './active-marks.ts';
import { decisionsOpenMax } from './inbox.ts';
import { indexHolders } from './index-holders.ts';
import { readNextJob } from './next-job.ts';

/** Workers that one hub may know, revoked ones included. */
export const workersMax = 10_000;

/** The desk's memory. */
export interface DeskState {
  readonly workers: Map<PeerKey, WorkerRecord>;
  readonly streams: Map<PeerKey, PeerStreams>;
  readonly active: Map<JobId, JobRecord>;
  /** Which of them bear a mark on the disk. */
  readonly marks: ActiveMarks;
  /** Unended jobs by the workers that hold an attempt of them; derived from `active`. */
  readonly heldBy: Map<PeerKey, Map<JobId, CommandJob>>;
  /** Those of them that are not in the worker's stream yet, in the order of their turns; derived as well. */
  readonly parked: Map<PeerKey, Set<JobId>>;
  /** Decisions that wait for the M2. */
  readonly decisions: Map<DecisionId, Decision>;
  /** Parts of groups that have not ended; ended parts too. */
  readonly groupParts: Map<JobId, JobRecord>;
  /** Attempts made by this very process, whose first sending it cannot have missed. */
  readonly freshAttempts: Set<AttemptId>;
  /** When attempts were first handed to a link, where their rows do not say so yet. */
  readonly sentAt: Map<AttemptId, number>;
  /** Names of boxes that are being made, which their workers will get. */
  readonly promisedNames: Set<string>;
  /** Workers whose boxes are being let go: they get no more work. */
  readonly leaving: Set<PeerKey>;
  nextJob: number;
  /** How many numbers of jobs were leapt over since the start. */
  leaptCount: number;
  nextDecision: number;
  nextEvent: number;
  /** Where the order of ends was as this was read; it never steps back, although the clock may. */
  readonly lastEndAt: number;
}

/**
 * Reads everything back. `copied` are the newest attempts that have a log or files here: a store that was restored from
 * a copy, or mended, may know fewer, and must not give their numbers, and so their output, to other work.
 */
export async function readDeskState(kv: Kv, copied: readonly AttemptId[]): Promise<DeskState> {
  const noted = (await readNextJob(kv)) - 1;
  const last = await readLastNumber(kv, 'j/');
  const lastJob = Math.max(noted, last, ...copied.map(readCopiedJob));
  const { jobs, marks } = await readActiveJobs(kv);
  const state: DeskState = {
    workers: new Map(),
    streams: new Map(),
    active: new ChurnMap(),
    marks,
    heldBy: new Map(),
    parked: new ChurnMap(),
    decisions: new Map(),
    groupParts: new ChurnMap(),
    freshAttempts: new ChurnSet(),
    sentAt: new ChurnMap(),
    promisedNames: new Set(),
    leaving: new Set(),
    nextJob: lastJob + 1,
    leaptCount: 0,
    nextDecision: (await readLastNumber(kv, 'd/')) + 1,
    nextEvent: (await readLastEventSeq(kv)) + 1,
    lastEndAt: await readLastEndAt(kv),
  };
  await readWorkers(kv, state);
  await keepActive(kv, state, jobs);
  await readDecisions(kv, state);
  return state;
}

async function readWorkers(kv: Kv, state: DeskState): Promise<void> {
  const range = { ...prefixRange('w/'), countMax: workersMax, order: 'ascending' } as const;
  for (const row of await kv.range(range)) {
    const worker = readRow(workerRowSchema, row);
    state.workers.set(worker.key, worker);
    if (worker.store === null) continue;
    const stream = { peer: worker.key, store: worker.store };
    state.streams.set(worker.key, await openPeerStreams(kv, stream));
  }
}

async function keepActive(kv: Kv, state: DeskState, jobs: readonly JobRecord[]): Promise<void> {
  for (const job of jobs) {
    state.active.set(job.id, job);
    if (job.kind === 'command') indexHolders(state, job);
    if (job.kind !== 'group') continue;
    for (const child of job.children) {
      const part = await findRow(kv, jobKey(child), jobRowSchema);
      if (part !== undefined) state.groupParts.set(child, part);
    }
  }
}

/** The list of logs is in the order of jobs. */
function readCopiedJob(attempt: AttemptId): number {
  return readJobNumber(splitAttemptId(attempt).job);
}

async function readDecisions(kv: Kv, state: DeskState): Promise<void> {
  const range = { ...prefixRange('da/'), countMax: decisionsOpenMax, order: 'ascending' } as const;
  for (const { key } of await kv.range(range)) {
    const row = await findRow(kv, decisionKey(Number(key.slice('da/'.length))), decisionRowSchema);
    if (row !== undefined) state.decisions.set(row.id, row);
  }
}

/** Of the job that ended last; 0 when none has. */
async function readLastEndAt(kv: Kv): Promise<number> {
  const [last] = await kv.range({ ...prefixRange('je/'), countMax: 1, order: 'descending' });
  return last === undefined ? 0 : readEndedJobKey(last.key).at;
}

/** The highest number under a prefix whose keys end in it; 0 when there is none. */
async function readLastNumber(kv: Kv, prefix: 'j/' | 'd/'): Promise<number> {
  const [last] = await kv.range({ ...prefixRange(prefix), countMax: 1, order: 'descending' });
  return last === undefined ? 0 : Number(last.key.slice(prefix.length));
}
