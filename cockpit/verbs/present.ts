/*
 * Records of the hub as the shapes that go out: jobs, attempts and workers.
 *
 * Pure but for the look at who is linked. Instants become ISO 8601 here and nowhere else.
 */
import type { CommandSpec, Receipt, ReceiptTimes } from '../../protocol/model.ts';
import type { Hub } from '../hub/hub.ts';
import { findEnd as findBoxEnd } from '../hub/spawn-patrol.ts';
import type { AttemptEnd } from '../manager/attempt-machine.ts';
import {
  type AttemptRecord,
  type CommandJob,
  findEnd,
  formatAttemptId,
  type GroupJob,
  getCurrentAttempt,
  isEnded,
  isReplaced,
  type JobRecord,
  sumReceipts,
} from '../manager/job.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { presentArtifacts } from './present-artifacts.ts';
import type {
  AttemptRow,
  JobDetail,
  JobRow,
  ReceiptInstants,
  TeamRow,
  WorkerState,
} from './shapes.ts';

/** A worker without a link is `stale` for so long, and `lost` after. */
export const lostWorkerMs = 60_000;

/** One row of the team. */
export function presentWorker(hub: Hub, worker: WorkerRecord): TeamRow {
  const session = hub.session(worker.key);
  const held = hub.desk.listHeldBy(worker.key);
  const { word: link, reason: linkReason } = hub.ways.view(worker.key);
  return {
    name: worker.name,
    kind: worker.kind,
    host: worker.host,
    state: findWorkerState(hub, worker),
    link,
    linkReason,
    lastSeenMs: findSilence(hub, worker),
    jobs: held.map((job) => job.id),
    capabilities: worker.capabilities,
    key: worker.key,
    load: session?.load ?? null,
    version: session?.health.version ?? null,
    aheadMs: session?.health.aheadMs ?? null,
    trouble: session?.health.trouble ?? null,
    policy: session?.policy ?? null,
    ...presentOrigin(hub, worker),
  };
}

/** Whence its box came, and until when it stays. */
function presentOrigin(hub: Hub, { key }: WorkerRecord): Pick<TeamRow, 'provider' | 'ttlLeftMs'> {
  const record = hub.spawned.findByWorker(key);
  const end = record === undefined ? undefined : findBoxEnd(record);
  const leftMs = end === undefined ? null : Math.max(0, Math.round(end - hub.ports.clock.wallMs()));
  return { provider: record?.provider ?? null, ttlLeftMs: leftMs };
}

/** The whole team without those who are no longer trusted. */
export function presentTeam(hub: Hub): readonly TeamRow[] {
  return hub.workers
    .list()
    .filter((worker) => worker.revokedAt === null)
    .map((worker) => presentWorker(hub, worker));
}

/** One row of the jobs: by its latest attempt, or by its parts. */
export async function presentJob(hub: Hub, job: JobRecord): Promise<JobRow> {
  return job.kind === 'group' ? presentGroup(hub, job) : presentCommand(hub, job);
}

/** The job with all its attempts and parts. */
export async function presentDetail(hub: Hub, job: JobRecord): Promise<JobDetail> {
  const row = await presentJob(hub, job);
  const parts = job.kind === 'group' ? await readParts(hub, job) : [];
  const attempts = job.kind === 'command' ? job.attempts : [];
  const { spec } = job;
  return {
    ...row,
    command: spec.command,
    prompt: spec.prompt?.text ?? null,
    attempts: attempts.map((attempt) => presentAttempt(hub, job, attempt)),
    children: parts.map((part) => presentCommand(hub, part)),
    cwd: spec.cwd ?? null,
    ...presentRepo(spec),
    deadlineMs: spec.deadlineMs ?? null,
    isIdempotent: spec.isIdempotent,
    lostAfterMs: spec.lostAfterMs,
    stopAfterMs: spec.stopAfterMs ?? null,
    replace: spec.mayReplace ?? false,
    reconcile: spec.reconcile ?? 'keep-replacement',
    artifacts: job.kind === 'command' ? await presentArtifacts(hub, job, job.attempts) : [],
  };
}

/** ISO 8601 in UTC; what no date can have becomes the last one that some date has. */
export function formatInstant(wallMs: number): string {
  return new Date(Math.min(wallMs, 8.64e15)).toISOString();
}

function findWorkerState(hub: Hub, worker: WorkerRecord): WorkerState {
  if (worker.revokedAt !== null) return 'revoked';
  const session = hub.session(worker.key);
  const isDraining = hub.boxLife.find(worker.key).draining !== null;
  if (session?.isFresh === true && isDraining) return 'draining';
  if (hub.workers.isLeaving(worker.key)) return 'draining';
  if (session?.isFresh === true)
    return hub.desk.listHeldBy(worker.key).length > 0 ? 'working' : 'idle';
  if (session?.isLinked === true) return 'stale';
  const silentMs = findSilence(hub, worker);
  if (silentMs === null) return 'new';
  return silentMs < lostWorkerMs ? 'stale' : 'lost';
}

function findSilence(hub: Hub, worker: WorkerRecord): number | null {
  const silentMs = hub.session(worker.key)?.silentMs;
  if (silentMs !== undefined) return silentMs;
  if (worker.lastSeenAt === null) return null;
  return Math.max(0, Math.round(hub.ports.clock.wallMs() - worker.lastSeenAt));
}

function presentCommand(hub: Hub, job: CommandJob): JobRow {
  const attempt = getCurrentAttempt(job);
  const { state } = attempt;
  const worker = hub.workers.find(attempt.worker);
  const end = findEnd(job);
  return {
    id: job.id,
    title: job.title,
    ...presentKind(job.spec),
    state: state.is,
    outcome: end?.outcome ?? null,
    reason: end?.reason ?? null,
    worker: worker?.name ?? null,
    host: worker?.host ?? null,
    command: cutCommand(job.spec.command),
    parent: job.parent,
    createdAt: formatInstant(job.createdAt),
    receipts: presentTimes(state.times),
    exitCode: end?.usage.exitCode ?? null,
    durationMs: findDuration(state.times, end),
    attemptCount: job.attempts.length,
    needs: job.targeting.need,
    labels: job.labels ?? [],
    deadlineAt: attempt.expiresAt === undefined ? null : formatInstant(attempt.expiresAt),
  };
}

function presentRepo({ repo }: CommandSpec): Pick<JobDetail, 'repo' | 'base'> {
  if (typeof repo === 'object') return { repo: repo.path, base: repo.base };
  return { repo: repo ?? null, base: null };
}

/** What the job is of, by its looks: what is asked, and of whom. */
function presentKind({ prompt }: CommandSpec): Pick<JobRow, 'kind' | 'harness'> {
  return prompt === undefined ? { kind: 'command' } : { kind: 'prompt', harness: prompt.harness };
}

/** Rows are many; of a long command they show the beginning, the detail has it all. */
function cutCommand(command: readonly string[]): readonly string[] {
  return command.slice(0, 64).map((word) => word.slice(0, 256));
}

async function presentGroup(hub: Hub, group: GroupJob): Promise<JobRow> {
  const parts = await readParts(hub, group);
  const states = parts.map((part) => getCurrentAttempt(part).state);
  const { deadlineMs } = group.spec;
  const receipt: Receipt = sumReceipts(states.map((state) => state.is));
  return {
    id: group.id,
    title: group.title,
    kind: 'group',
    state: isEnded(group) ? 'finished' : receipt,
    outcome: group.ended?.outcome ?? null,
    reason: null,
    worker: null,
    host: null,
    command: cutCommand(group.spec.command),
    parent: null,
    createdAt: formatInstant(group.createdAt),
    receipts: presentTimes(
      sumTimes(
        group,
        states.map((state) => state.times),
      ),
    ),
    exitCode: null,
    durationMs: group.ended === undefined ? null : group.ended.at - group.createdAt,
    attemptCount: 1,
    needs: parts[0]?.targeting.need ?? [],
    labels: group.labels ?? [],
    deadlineAt: deadlineMs === undefined ? null : formatInstant(group.createdAt + deadlineMs),
  };
}

function presentAttempt(hub: Hub, job: JobRecord, attempt: AttemptRecord): AttemptRow {
  const { state, n } = attempt;
  const worker = hub.workers.find(attempt.worker);
  const end = state.is === 'finished' ? state.end : undefined;
  return {
    id: formatAttemptId(job.id, n),
    n,
    worker: worker?.name ?? attempt.worker,
    host: worker?.host ?? '',
    state: state.is,
    outcome: end?.outcome ?? null,
    reason: end?.reason ?? null,
    exitCode: end?.usage.exitCode ?? null,
    signal: end?.usage.signal ?? null,
    receipts: presentTimes(state.times),
    durationMs: findDuration(state.times, end),
    cpuMs: end?.usage.cpuMs ?? null,
    memoryBytesPeak: end?.usage.memoryBytesPeak ?? null,
    logBytes: end?.logBytes ?? null,
    kept: end?.kept ?? null,
    isCancelRequested: state.cancelAskedAt !== undefined,
    isReplaced: isReplaced(state),
  };
}

async function readParts(hub: Hub, group: GroupJob): Promise<readonly CommandJob[]> {
  const parts = await Promise.all(group.children.map((id) => hub.desk.find(id)));
  return parts.filter((part): part is CommandJob => part?.kind === 'command');
}

/** A group has come as far as its last part: the latest of each receipt, once all have it. */
function sumTimes(group: GroupJob, times: readonly ReceiptTimes[]): ReceiptTimes {
  const latest = (pick: (time: ReceiptTimes) => number | undefined): number | undefined => {
    const known = times.map(pick).filter((at) => at !== undefined);
    return known.length === times.length && known.length > 0 ? Math.max(...known) : undefined;
  };
  const sentAt = latest((time) => time.sentAt);
  const acceptedAt = latest((time) => time.acceptedAt);
  const startedAt = latest((time) => time.startedAt);
  return {
    queuedAt: group.createdAt,
    ...(sentAt === undefined ? {} : { sentAt }),
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(group.ended === undefined ? {} : { finishedAt: group.ended.at }),
  };
}

function presentTimes(times: ReceiptTimes): ReceiptInstants {
  const format = (at: number | undefined) => (at === undefined ? null : formatInstant(at));
  return {
    queuedAt: formatInstant(times.queuedAt),
    sentAt: format(times.sentAt),
    acceptedAt: format(times.acceptedAt),
    startedAt: format(times.startedAt),
    finishedAt: format(times.finishedAt),
  };
}

/** From started to finished, both by the worker's clock. */
function findDuration(times: ReceiptTimes, end: AttemptEnd | undefined): number | null {
  const startedAt = end?.startedAt ?? times.startedAt;
  if (end === undefined || startedAt === undefined) return null;
  return Math.max(0, end.at - startedAt);
}
