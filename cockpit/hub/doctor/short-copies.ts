/*
 * Copies of logs and artifacts that are shorter than their workers said, although these are linked.
 *
 * Each copy is opened for that, and a hub keeps a hundred thousand jobs; so one look is at the newest jobs, at some of the
 * older ones, the next look going on where it ended and from the newest again once all were seen, and at those that were
 * found before. So what is found is found again until it has come, and nothing is out of sight for good. Errors: STORE_*.
 */
import type { JobId } from '../../../protocol/model.ts';
import { jobKey } from '../../../store/keys.ts';
import {
  type AttemptRecord,
  type CommandJob,
  formatAttemptId,
  type JobRecord,
} from '../../manager/job.ts';
import type { Hub } from '../hub.ts';
import { judgeShortLog } from '../log-loss.ts';
import { jobsFoundShortMax, jobsNewestWalked, jobsOlderWalked } from './limits.ts';
import { walkJobs } from './walk-jobs.ts';

/** A copy that is shorter than the worker said; `what` is `log`, or the path of an artifact. */
export interface ShortCopyFact {
  readonly what: string;
  readonly attempt: string;
  readonly worker: string;
  readonly have: number;
  readonly promised: number;
  /** It was here: its worker does not offer the rest of it, or was told that all came. */
  readonly isLost: boolean;
}

/** What one look found, and how many attempts it was at. */
export interface ShortCopies {
  readonly short: readonly ShortCopyFact[];
  readonly lookedCount: number;
}

/** A copy has so long to arrive after its job ended; a gigabyte needs no more. */
const copyLateMs = 2 * 60 * 1000;

/** Life cycle: it lives as long as its hub. */
export class ShortCopyWalk {
  /** The older ones go on below this key; from the newest on where it is absent. */
  #below: string | undefined;
  /** Jobs of which something was found short. */
  #found: readonly JobId[] = [];

  /** One look. Two at once look at the same. */
  async look(hub: Hub, nowMs: number): Promise<ShortCopies> {
    const looked = new Map<JobId, readonly ShortCopyFact[]>();
    let lookedCount = 0;
    const lookAt = async (job: JobRecord | undefined) => {
      if (job === undefined || looked.has(job.id)) return;
      const awaited = listAwaited(hub, job, nowMs);
      lookedCount += awaited.length;
      looked.set(job.id, await findShort(hub, awaited));
    };
    let last: JobId | undefined;
    for await (const job of walkJobs(hub.kv, jobsNewestWalked)) {
      await lookAt(job);
      last = job.id;
    }
    await this.#walkOlder(hub, this.#below ?? (last && jobKey(last)), lookAt);
    for (const id of this.#found) await lookAt(await hub.desk.find(id));
    const found = [...looked].filter(([, short]) => short.length > 0);
    this.#found = found.map(([id]) => id).slice(0, jobsFoundShortMax);
    return { short: found.flatMap(([, short]) => short), lookedCount };
  }

  async #walkOlder(
    { kv }: Hub,
    below: string | undefined,
    lookAt: (job: JobRecord) => Promise<void>,
  ): Promise<void> {
    if (below === undefined) return;
    let left = jobsOlderWalked;
    for await (const job of walkJobs(kv, jobsOlderWalked, below)) {
      await lookAt(job);
      left -= 1;
      this.#below = jobKey(job.id);
    }
    if (left > 0) this.#below = undefined;
  }
}

interface Awaited {
  readonly job: CommandJob;
  readonly attempt: AttemptRecord;
}

/** Attempts of which all should be here by now. */
function listAwaited(hub: Hub, job: JobRecord, nowMs: number): readonly Awaited[] {
  if (job.kind !== 'command') return [];
  const awaited = job.attempts.filter(({ worker, state }) => {
    if (state.is !== 'finished' || nowMs - state.end.at <= copyLateMs) return false;
    // Copies may have been forgotten since.
    const isKept = state.times.queuedAt > hub.retain.logsForgottenAt;
    return isKept && hub.session(worker)?.isLinked === true;
  });
  return awaited.map((attempt) => ({ job, attempt }));
}

async function findShort(hub: Hub, awaited: readonly Awaited[]): Promise<readonly ShortCopyFact[]> {
  const short: ShortCopyFact[] = [];
  for (const { job, attempt } of awaited) short.push(...(await findShortOf(hub, job, attempt)));
  return short;
}

async function findShortOf(
  hub: Hub,
  job: CommandJob,
  { n, worker: key, state }: AttemptRecord,
): Promise<readonly ShortCopyFact[]> {
  if (state.is !== 'finished') return [];
  const attempt = formatAttemptId(job.id, n);
  const worker = hub.workers.find(key)?.name ?? key;
  const promised = state.end.logBytes ?? 0;
  const have = promised === 0 ? 0 : await hub.mirror.findEnd(attempt);
  const isLost = judgeShortLog(hub, { attempt, worker: key, logBytes: promised }) === 'lost';
  const short: ShortCopyFact[] =
    have < promised ? [{ what: 'log', attempt, worker, have, promised, isLost }] : [];
  for (const [index, { path, bytes }] of (state.end.artifacts?.kept ?? []).entries()) {
    const look = await hub.artifacts.look({ attempt, index });
    // What its worker lost is said with the job; nobody can mend it here.
    if (look.is !== 'partial') continue;
    const isLost = false;
    short.push({ what: path, attempt, worker, have: look.bytes, promised: bytes, isLost });
  }
  return short;
}
