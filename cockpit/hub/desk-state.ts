/*
 * What the desk keeps in memory, and how it is read back at start.
 *
 * Derived from the store alone: workers, jobs that have not ended, the parts of open groups, and
 * the next numbers. Ended jobs stay on disk. Errors: STORE_IO, STORE_DAMAGED.
 */
import type { AttemptId, JobId, PeerKey } from '../../protocol/model.ts';
import { readLastEventSeq } from '../../store/journal.ts';
import { jobKey, prefixRange } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { openPeerStreams, type PeerStreams } from '../../store/peer-streams.ts';
import { findRow, readRow } from '../../store/row-codec.ts';
import type { JobRecord } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import { type WorkerRecord, workerRowSchema } from '../manager/worker.ts';

/** Workers that one hub may know, revoked ones included. */
export const workersMax = 10_000;

/** Unended jobs read back at start; the outbox cap a worker keeps it far below this. */
export const activeJobsMax = 1_000_000;

/** The desk's memory. */
export interface DeskState {
  readonly workers: Map<PeerKey, WorkerRecord>;
  readonly streams: Map<PeerKey, PeerStreams>;
  readonly active: Map<JobId, JobRecord>;
  /** Parts of groups that have not ended; ended parts too. */
  readonly groupParts: Map<JobId, JobRecord>;
  /** Attempts made by this very process, whose first sending it cannot have missed. */
  readonly freshAttempts: Set<AttemptId>;
  nextJob: number;
  nextEvent: number;
}

/** Reads everything back. */
export async function readDeskState(kv: Kv): Promise<DeskState> {
  const state: DeskState = {
    workers: new Map(),
    streams: new Map(),
    active: new Map(),
    groupParts: new Map(),
    freshAttempts: new Set(),
    nextJob: (await readLastJobNumber(kv)) + 1,
    nextEvent: (await readLastEventSeq(kv)) + 1,
  };
  await readWorkers(kv, state);
  await readActive(kv, state);
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

async function readActive(kv: Kv, state: DeskState): Promise<void> {
  const range = { ...prefixRange('ja/'), countMax: activeJobsMax, order: 'ascending' } as const;
  for (const { key } of await kv.range(range)) {
    const id: JobId = `J${Number(key.slice('ja/'.length))}`;
    const job = await findRow(kv, jobKey(id), jobRowSchema);
    if (job === undefined) continue;
    state.active.set(id, job);
    if (job.kind !== 'group') continue;
    for (const child of job.children) {
      const part = await findRow(kv, jobKey(child), jobRowSchema);
      if (part !== undefined) state.groupParts.set(child, part);
    }
  }
}

async function readLastJobNumber(kv: Kv): Promise<number> {
  const [last] = await kv.range({ ...prefixRange('j/'), countMax: 1, order: 'descending' });
  return last === undefined ? 0 : Number(last.key.slice('j/'.length));
}
