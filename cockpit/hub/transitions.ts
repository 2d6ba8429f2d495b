/*
 * What one event does to the jobs in memory, written into a change.
 *
 * The pure machines say what follows from an event; these functions carry it out on the desk's
 * state and on the change that will be committed. They do no I/O and never commit. Invariant: a job
 * in memory is always the one that the newest change, committed or under way, has written.
 */
import type { InventoryRow } from '../../protocol/frames.ts';
import type { JobId, PeerKey } from '../../protocol/model.ts';
import {
  type HubAttemptEffect,
  type HubAttemptEvent,
  stepHubAttempt,
} from '../manager/attempt-machine.ts';
import {
  type AttemptRecord,
  type CommandJob,
  findEnd,
  formatAttemptId,
  getLastAttempt,
  isEnded,
  type JobRecord,
  replaceLastAttempt,
  splitAttemptId,
  sumOutcomes,
} from '../manager/job.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import type { Change } from './change.ts';
import type { DeskState } from './desk-state.ts';

/** Where a transition happens: the desk's memory and the change being made. */
export interface Scene {
  readonly state: DeskState;
  readonly change: Change;
}

/** A job as this change has it, or as memory has it; ended jobs are not in memory. */
export function findUnended({ state, change }: Scene, id: JobId): JobRecord | undefined {
  return change.jobs.get(id) ?? state.active.get(id);
}

/** Unended jobs whose last attempt this worker holds. */
export function listHeldBy(state: DeskState, worker: PeerKey): readonly CommandJob[] {
  return [...state.active.values()].filter(
    (job): job is CommandJob => job.kind === 'command' && getLastAttempt(job).worker === worker,
  );
}

/** Steps the last attempt of an unended job, and does what follows from it. */
export function stepJob(
  scene: Scene,
  id: JobId,
  event: HubAttemptEvent,
): readonly HubAttemptEffect[] {
  const job = findUnended(scene, id);
  if (job?.kind !== 'command') return [];
  const attempt = getLastAttempt(job);
  const { state, effects } = stepHubAttempt(attempt.state, event, { nowMs: 0, roll: 0 });
  if (state === attempt.state) return effects;
  const next = replaceLastAttempt(job, { ...attempt, state });
  keepJob(scene, next);
  for (const effect of effects) perform(scene, next, effect);
  noteStep(scene, next);
  return effects;
}

/** Ends a job as lost; what its worker may still say of it will be late. */
export function loseJob(scene: Scene, id: JobId, reason: string): void {
  stepJob(scene, id, { type: 'lost', at: scene.change.at, reason });
}

/** Queues the command; where the worker's store is not known yet, its first hello does it. */
export function assignJob({ state, change }: Scene, job: CommandJob): void {
  const { n, worker, expiresAt } = getLastAttempt(job);
  const streams = state.streams.get(worker);
  if (streams === undefined) return;
  change.send(worker, streams, {
    kind: 'assign',
    attempt: formatAttemptId(job.id, n),
    spec: { ...job.spec, command: [...job.spec.command] },
    issuedAt: change.at,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
}

/** A fresh attempt for this worker. */
export function makeAttempt(
  { state, change }: Scene,
  job: Pick<CommandJob, 'id' | 'spec'>,
  { n, worker }: { readonly n: number; readonly worker: PeerKey },
): AttemptRecord {
  const { deadlineMs } = job.spec;
  state.freshAttempts.add(formatAttemptId(job.id, n));
  return {
    n,
    worker,
    state: { is: 'queued', times: { queuedAt: change.at } },
    ...(deadlineMs === undefined ? {} : { expiresAt: change.at + deadlineMs }),
  };
}

/** May an earlier hub have sent this attempt without having noted so? */
export function mayHaveLeft(state: DeskState, id: JobId): boolean {
  const job = state.active.get(id);
  if (job?.kind !== 'command') return false;
  const { n, worker } = getLastAttempt(job);
  return state.streams.has(worker) && !state.freshAttempts.has(formatAttemptId(id, n));
}

/** Puts a job into memory and into the change. */
export function keepJob({ state, change }: Scene, job: JobRecord): void {
  const { active, groupParts, freshAttempts } = state;
  change.putJob(job);
  if (job.kind === 'command' && job.parent !== null) groupParts.set(job.id, job);
  if (!isEnded(job)) {
    active.set(job.id, job);
    return;
  }
  active.delete(job.id);
  if (job.kind === 'group') for (const id of job.children) groupParts.delete(id);
  else freshAttempts.delete(formatAttemptId(job.id, getLastAttempt(job).n));
}

/** Puts a worker into memory and into the change. */
export function keepWorker({ state, change }: Scene, worker: WorkerRecord): void {
  state.workers.set(worker.key, worker);
  change.putWorker(worker);
}

/** Where hub and worker disagree after a reconnect, the worker's positive statement decides. */
export function reconcile(scene: Scene, worker: PeerKey, inventory: readonly InventoryRow[]): void {
  const { state, change } = scene;
  const stated = new Set(inventory.map((row) => row.attempt));
  for (const job of listHeldBy(state, worker)) {
    const { n, state: attempt } = getLastAttempt(job);
    const isProven = attempt.is === 'accepted' || attempt.is === 'started';
    if (isProven && !stated.has(formatAttemptId(job.id, n))) {
      loseJob(scene, job.id, 'The worker does not know this job any more.');
    }
  }
  const streams = state.streams.get(worker);
  for (const row of inventory) {
    if (row.state === 'finished' || streams === undefined || isCurrent(state, row)) continue;
    change.send(worker, streams, { kind: 'cancel', attempt: row.attempt, at: change.at });
    change.note({ kind: 'attempt-unknown-cancelled', attempt: row.attempt, worker });
  }
}

function isCurrent(state: DeskState, row: InventoryRow): boolean {
  const { job: id, n } = splitAttemptId(row.attempt);
  const job = state.active.get(id);
  return job?.kind === 'command' && getLastAttempt(job).n === n;
}

function perform(scene: Scene, job: CommandJob, effect: HubAttemptEffect): void {
  const { state, change } = scene;
  const { n, worker } = getLastAttempt(job);
  if (effect.do === 'tell-cancel') {
    const streams = state.streams.get(worker);
    const attempt = formatAttemptId(job.id, n);
    if (streams === undefined) return;
    change.send(worker, streams, { kind: 'cancel', attempt, at: change.at });
  }
  if (effect.do === 'ended' && job.parent !== null) sumUp(scene, job.parent);
}

/** Ends a group whose last part has ended. */
function sumUp(scene: Scene, parent: JobId): void {
  const { state, change } = scene;
  const group = findUnended(scene, parent);
  if (group?.kind !== 'group') return;
  const parts = group.children.map((id) => change.jobs.get(id) ?? state.groupParts.get(id));
  const outcomes = parts.map((part) =>
    part?.kind === 'command' ? findEnd(part)?.outcome : undefined,
  );
  if (outcomes.some((outcome) => outcome === undefined)) return;
  const outcome = sumOutcomes(outcomes.filter((known) => known !== undefined));
  keepJob(scene, { ...group, ended: { outcome, at: change.at } });
  change.note({ kind: 'group-finished', job: parent, note: outcome });
}

function noteStep({ change }: Scene, job: CommandJob): void {
  const { n, worker, state } = getLastAttempt(job);
  const note = state.is === 'finished' ? { note: state.end.outcome } : {};
  const attempt = formatAttemptId(job.id, n);
  change.note({ kind: `attempt-${state.is}`, job: job.id, attempt, worker, ...note });
}
