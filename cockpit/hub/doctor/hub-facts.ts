/*
 * What a doctor sees of a hub that runs: its desks, and what waits in its store.
 *
 * Gathered once a round, with a bound on everything that is walked. It changes nothing. Errors: STORE_*.
 */
import type { AttemptId } from '../../../protocol/model.ts';
import { outboxPrefix, prefixRange, type Stream } from '../../../store/keys.ts';
import type { Kv } from '../../../store/kv.ts';
import { listStreams } from '../../../store/outbox.ts';
import { formatAttemptId, type JobRecord } from '../../manager/job.ts';
import type { WorkerRecord } from '../../manager/worker.ts';
import type { Hub } from '../hub.ts';
import type { HubRound } from './hub-round.ts';
import { quarantineReadMax } from './limits.ts';
import type { ShortCopies } from './short-copies.ts';

/** One worker as the hub knows it. `version` and `aheadMs` are null before its first hello. */
export interface WorkerFact {
  readonly name: string;
  readonly isTrusted: boolean;
  readonly isLinked: boolean;
  /** Since it was last heard, or since it was paired where it never was. */
  readonly silentMs: number;
  /** Code of what keeps it from being served. */
  readonly trouble: string | null;
  readonly version: string | null;
  /** By how much its wall clock is ahead of ours. */
  readonly aheadMs: number | null;
}

/** One attempt that has not ended. `worker` is a name, or a key where nobody bears it. */
export interface OpenAttemptFact {
  readonly attempt: AttemptId;
  readonly worker: string;
  readonly trust: 'trusted' | 'revoked' | 'unknown';
  /** Since its deadline; null where it has none or it is not over. */
  readonly overdueMs: number | null;
}

/** A stream to which nothing can ever be delivered, with messages waiting. */
export interface DeadStreamFact {
  readonly stream: string;
  readonly worker: string;
  readonly why: 'revoked' | 'unknown' | 'store-gone';
}

/** How forgetting goes. */
export interface RetentionFact {
  readonly failure: string | null;
  /** For so long every look has left something to do. */
  readonly behindMs: number;
}

/** What a running hub knows at once. */
export interface LiveFacts {
  readonly version: string;
  readonly workers: readonly WorkerFact[];
  readonly openAttempts: readonly OpenAttemptFact[];
  readonly retention: RetentionFact;
}

/** What a running hub has to walk for. */
export interface WalkedFacts {
  readonly deadStreams: readonly DeadStreamFact[];
  /** Messages that could not be applied, by worker. */
  readonly quarantined: ReadonlyMap<string, number>;
  readonly shortCopies: ShortCopies;
}

/** Gathers what only the hub that runs in this process knows; null where none does, or its store fails. */
export async function gatherLive({ hub, nowMs, findHome }: HubRound): Promise<LiveFacts | null> {
  // A store that failed answers nothing more; what it says of itself is the finding.
  if (hub === undefined || (await findHome()).store.is === 'failed') return null;
  return {
    version: hub.version,
    workers: hub.workers.list().map((worker) => describeWorker(hub, worker, nowMs)),
    openAttempts: hub.desk.listActive().flatMap((job) => describeOpen(hub, job, nowMs)),
    retention: describeRetention(hub),
  };
}

/** Gathers what has to be walked for. */
export async function gatherWalked({
  hub,
  nowMs,
  findHome,
}: HubRound): Promise<WalkedFacts | null> {
  if (hub === undefined || (await findHome()).store.is === 'failed') return null;
  return {
    deadStreams: await listDeadStreams(hub),
    quarantined: await countQuarantined(hub),
    shortCopies: await hub.shortCopies.look(hub, nowMs),
  };
}

function describeWorker(hub: Hub, worker: WorkerRecord, nowMs: number): WorkerFact {
  const session = hub.session(worker.key);
  return {
    name: worker.name,
    isTrusted: worker.revokedAt === null,
    isLinked: session?.isLinked === true,
    silentMs: nowMs - (worker.lastSeenAt ?? worker.pairedAt),
    trouble: session?.health.trouble ?? null,
    version: session?.health.version ?? null,
    aheadMs: session?.health.aheadMs ?? null,
  };
}

function describeOpen(hub: Hub, job: JobRecord, nowMs: number): readonly OpenAttemptFact[] {
  if (job.kind !== 'command') return [];
  const open = job.attempts.filter(({ state }) => state.is !== 'finished');
  return open.map(({ n, worker: key, expiresAt }) => {
    const worker = hub.workers.find(key);
    const isOver = expiresAt !== undefined && nowMs > expiresAt;
    return {
      attempt: formatAttemptId(job.id, n),
      worker: worker?.name ?? key,
      trust: worker === undefined ? 'unknown' : worker.revokedAt === null ? 'trusted' : 'revoked',
      overdueMs: isOver ? nowMs - expiresAt : null,
    };
  });
}

async function listDeadStreams({ kv, workers }: Hub): Promise<readonly DeadStreamFact[]> {
  const dead: DeadStreamFact[] = [];
  for (const stream of await listStreams(kv)) {
    const worker = workers.find(stream.peer);
    const isLive = worker?.revokedAt === null && worker.store === stream.store;
    if (isLive || !(await isWaiting(kv, stream))) continue;
    const why =
      worker === undefined ? 'unknown' : worker.revokedAt === null ? 'store-gone' : 'revoked';
    const name = `${stream.peer}@${stream.store}`;
    dead.push({ stream: name, worker: worker?.name ?? stream.peer, why });
  }
  return dead;
}

/** Whether a row is there is enough: what it holds may not be readable. */
async function isWaiting(kv: Kv, stream: Stream): Promise<boolean> {
  const range = { ...prefixRange(outboxPrefix(stream)), countMax: 1, order: 'ascending' } as const;
  return (await kv.range(range)).length > 0;
}

async function countQuarantined({ kv, workers }: Hub): Promise<ReadonlyMap<string, number>> {
  const range = { ...prefixRange('q/'), countMax: quarantineReadMax, order: 'ascending' } as const;
  const counts = new Map<string, number>();
  for (const { key } of await kv.range(range)) {
    const peer = key.split('/')[1] ?? '';
    const name = workers.find(peer)?.name ?? peer;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function describeRetention({ retain, ports }: Hub): RetentionFact {
  const { failure, behindSince } = retain.status;
  const now = ports.clock.monotonicMs();
  return { failure, behindMs: behindSince === null ? 0 : now - behindSince };
}
