/*
 * What one event does to the jobs in memory, written into a change.
 *
 * The pure machines and plans say what follows from an event; these functions carry it out on the
 * desk's state and on the change that will be committed. They do no I/O and never commit. Invariants:
 * a job in memory is always the one that the newest change, committed or under way, has written; a
 * lost attempt and the one in its place are one change.
 */
import type { AttemptId, JobId, Outcome, PeerKey } from '../../protocol/model.ts';
import {
  type HubAttemptEffect,
  type HubAttemptEvent,
  stepHubAttempt,
} from '../manager/attempt-machine.ts';
import {
  type AttemptRecord,
  type CommandJob,
  findAttempt,
  findEnd,
  formatAttemptId,
  getLastAttempt,
  isEnded,
  isReplaced,
  type JobRecord,
  putAttempt,
  sumOutcomes,
} from '../manager/job.ts';
import type { Candidate } from '../manager/plan-dispatch.ts';
import { findQuestion, type LossCause, type LossPlan, planLoss } from '../manager/plan-loss.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import type { Change } from './change.ts';
import type { DeskState } from './desk-state.ts';
import { openJobDecision } from './inbox.ts';
import { indexHolders, planHoldersBack } from './index-holders.ts';

/** Where a transition happens: the desk's memory and the change being made. */
export interface Scene {
  readonly state: DeskState;
  readonly change: Change;
  /** Every worker with what the choice among them looks at. */
  readonly listCandidates: () => readonly Candidate[];
}

/** An attempt of a job. */
export interface Place {
  readonly id: JobId;
  readonly n: number;
}

/** `loss` says that the event gives the attempt up, so that another may start or the M2 be asked. */
export type Step = Place & { readonly loss?: LossCause | undefined };

/** A job as this change has it, or as memory has it; ended jobs are not in memory. */
export function findUnended({ state, change }: Scene, id: JobId): JobRecord | undefined {
  return change.jobs.get(id) ?? state.active.get(id);
}

/** Attempts of a job that have not ended; none where the job has. */
export function listUnended(scene: Scene, id: JobId): readonly AttemptRecord[] {
  const job = findUnended(scene, id);
  if (job?.kind !== 'command') return [];
  return job.attempts.filter(({ state }) => state.is !== 'finished');
}

/** This attempt, if it has not ended. */
export function findOpen(scene: Scene, { id, n }: Place): AttemptRecord | undefined {
  const job = findUnended(scene, id);
  const attempt = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  return attempt?.state.is === 'finished' ? undefined : attempt;
}

/** Unended jobs of which this worker holds an attempt, oldest first. */
export function listHeldBy(state: DeskState, worker: PeerKey): readonly CommandJob[] {
  return [...(state.heldBy.get(worker)?.values() ?? [])];
}

/** Steps one attempt of an unended job, and does what follows from it. */
export function stepAttempt(
  scene: Scene,
  { id, n, loss }: Step,
  event: HubAttemptEvent,
): readonly HubAttemptEffect[] {
  const job = findUnended(scene, id);
  const found = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  if (job?.kind !== 'command' || found === undefined) return [];
  const attempt = noteSending(scene, id, found);
  const plan = loss === undefined ? undefined : weighLoss(scene, { job, attempt, cause: loss });
  const taken = isKept(job, attempt, loss) ? soften(event, plan) : event;
  const { state, effects } = stepHubAttempt(attempt.state, taken, { nowMs: 0, roll: 0 });
  if (state === found.state) return effects;
  const stepped = putAttempt(job, { ...attempt, state });
  const next = plan?.do === 'replace' ? addReplacement(scene, stepped, plan.worker) : stepped;
  keepJob(scene, next);
  for (const effect of effects) perform(scene, { id, n }, effect);
  noteStep(scene, id, n);
  if (state.is === 'finished') settleOthers(scene, { id, n });
  if (plan?.do === 'replace') parkAttempt(scene, { id, n: getLastAttempt(next).n });
  if (plan?.do === 'ask' && isOver(scene, id)) openLoss(scene, { id, n }, plan.why);
  if (plan === undefined) askAboutEnd(scene, { id, n });
  sumUpParent(scene, id);
  return effects;
}

/** Gives an attempt up; what its worker may still say of it will be late, or settle the job. */
export function loseAttempt(
  scene: Scene,
  place: Place,
  { reason, cause }: { readonly reason: string; readonly cause: LossCause },
): void {
  stepAttempt(scene, { ...place, loss: cause }, { type: 'lost', at: scene.change.at, reason });
}

/** The lost attempt that a new one by a person's word takes the place of, open for its coming back. */
export function reopenAttempt(scene: Scene, job: CommandJob): CommandJob {
  const attempt = getLastAttempt(job);
  if (!isKept(job, attempt, 'silence') || !mayComeBack(scene, job.id, attempt)) return job;
  const event = { type: 'reopened', at: scene.change.at } as const;
  const { state } = stepHubAttempt(attempt.state, event, { nowMs: 0, roll: 0 });
  return putAttempt(job, { ...attempt, state });
}

/**
 * A replaced attempt was heard of after all. Under `keep-original` the one in its place is ended.
 */
export function returnAttempt(scene: Scene, place: Place): void {
  const before = findUnended(scene, place.id);
  const state = before?.kind === 'command' ? findAttempt(before, place.n)?.state : undefined;
  if (before?.kind !== 'command' || state === undefined || !isReplaced(state)) return;
  stepAttempt(scene, place, { type: 'returned' });
  scene.change.note({ kind: 'attempt-returned', attempt: formatAttemptId(place.id, place.n) });
  // One that had a lease has lost it by now, so its worker ends it; only its result can still count.
  const { reconcile, stopAfterMs } = before.spec;
  if (reconcile !== 'keep-original' || stopAfterMs !== undefined) return;
  const reason = `Attempt ${place.n} came back and is kept.`;
  for (const { n } of listUnended(scene, place.id)) {
    if (n !== place.n) supersede(scene, { id: place.id, n }, reason);
  }
}

/**
 * Puts an attempt in the line for its worker; what the worker may have leaves it as the change is committed
 * (`give-work`). Where the worker's store is not known yet, its first hello does it.
 */
export function parkAttempt(scene: Scene, { id, n }: Place): void {
  const job = findUnended(scene, id);
  const attempt = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  if (job?.kind !== 'command' || attempt === undefined) return;
  const parked = asParked(scene, attempt);
  if (parked !== attempt) keepJob(scene, putAttempt(job, parked));
}

/** The attempt as it stands in that line; as it is where there is none. */
export function asParked({ state }: Scene, attempt: AttemptRecord): AttemptRecord {
  return state.streams.has(attempt.worker) ? { ...attempt, isParked: true } : attempt;
}

/** A fresh attempt for this worker. */
export function makeAttempt(
  { state, change }: Scene,
  job: Pick<CommandJob, 'id' | 'spec'>,
  { n, worker }: { readonly n: number; readonly worker: PeerKey },
): AttemptRecord {
  const { deadlineMs } = job.spec;
  const attempt = formatAttemptId(job.id, n);
  change.addTo(state.freshAttempts, attempt);
  return {
    n,
    worker,
    state: { is: 'queued', times: { queuedAt: change.at } },
    ...(deadlineMs === undefined ? {} : { expiresAt: change.at + deadlineMs }),
  };
}

/** May this attempt have been sent although its row does not say so? */
export function mayHaveLeft(
  state: DeskState,
  id: JobId,
  { n, worker, isParked }: AttemptRecord,
): boolean {
  if (isParked === true) return false;
  const attempt = formatAttemptId(id, n);
  if (state.sentAt.has(attempt)) return true;
  return state.streams.has(worker) && !state.freshAttempts.has(attempt);
}

/** Puts a job into memory and into the change. */
export function keepJob({ state, change }: Scene, job: JobRecord): void {
  const { active, groupParts } = state;
  const before = active.get(job.id);
  const hasEnded = isEnded(job);
  change.putJob(job);
  if ((before !== undefined) === hasEnded) change.markActive(job.id, !hasEnded);
  if (job.kind === 'command') {
    if (job.parent !== null) change.keepIn(groupParts, job.id, job);
    indexHolders(state, job);
    if (change.isMarked) change.onUndo(planHoldersBack(state, job, before));
  }
  if (!hasEnded) return change.keepIn(active, job.id, job);
  change.dropFrom(active, job.id);
  if (job.kind === 'group') for (const id of job.children) change.dropFrom(groupParts, id);
  else forgetFresh({ state, change }, job);
}

function forgetFresh({ state, change }: Pick<Scene, 'state' | 'change'>, job: CommandJob): void {
  for (const { n } of job.attempts) {
    const attempt = formatAttemptId(job.id, n);
    change.dropFrom(state.sentAt, attempt);
    change.takeFrom(state.freshAttempts, attempt);
  }
}

/** Puts a worker into memory and into the change. */
export function keepWorker({ state, change }: Scene, worker: WorkerRecord): void {
  change.keepIn(state.workers, worker.key, worker);
  change.putWorker(worker);
}

/** Tells a worker to end an attempt, or never to start it. */
export function sendCancel(scene: Scene, worker: PeerKey, attempt: AttemptId): void {
  const { state, change } = scene;
  const streams = state.streams.get(worker);
  if (streams === undefined) return;
  change.send(worker, streams, { kind: 'cancel', attempt, at: change.at });
}

/** The attempt with the receipt of its sending, which had waited for a change of its row. */
function noteSending({ state, change }: Scene, id: JobId, attempt: AttemptRecord): AttemptRecord {
  const key = formatAttemptId(id, attempt.n);
  const at = state.sentAt.get(key);
  if (at === undefined) return attempt;
  change.dropFrom(state.sentAt, key);
  const sent = stepHubAttempt(attempt.state, { type: 'sent', at }, { nowMs: 0, roll: 0 });
  return { ...attempt, state: sent.state };
}

function weighLoss(
  { change, listCandidates }: Scene,
  loss: { readonly job: CommandJob; readonly attempt: AttemptRecord; readonly cause: LossCause },
): LossPlan {
  if (loss.attempt.state.is === 'finished') return { do: 'leave' };
  return planLoss({ ...loss, candidates: listCandidates(), now: change.at });
}

/**
 * An attempt that a rule may bring back is not written off; only silence leaves that open. One that its
 * worker was never heard to have may be on its way to it still: kept, it would only begin beside the one in its place,
 * before a cancel could come. So would one with a lease that nobody saw begin, under a lease as good as new.
 */
function isKept(
  { spec }: CommandJob,
  { state }: AttemptRecord,
  cause: LossCause | undefined,
): boolean {
  const rule = spec.reconcile ?? 'keep-replacement';
  const { acceptedAt, startedAt } = state.times;
  const provenAt = spec.stopAfterMs === undefined ? acceptedAt : startedAt;
  return cause === 'silence' && rule !== 'keep-replacement' && provenAt !== undefined;
}

/** Not what was told to end, what its worker does not know, or whose worker is not believed any more. */
function mayComeBack(
  { state }: Scene,
  id: JobId,
  { n, worker, state: at }: AttemptRecord,
): boolean {
  if (at.cancelAskedAt !== undefined) return false;
  if (state.workers.get(worker)?.revokedAt !== null) return false;
  const attempt = formatAttemptId(id, n);
  for (const known of state.decisions.values()) {
    if (known.kind !== 'lost' || known.attempt !== attempt) continue;
    // One that was stated to run was told to end, because nobody had decided yet.
    return known.statement !== 'running' && known.statement !== 'unknown';
  }
  return true;
}

/** Not written off where another takes its place, and not told to end where a person may decide so. */
function soften(event: HubAttemptEvent, plan: LossPlan | undefined): HubAttemptEvent {
  if (event.type !== 'lost') return event;
  if (plan?.do === 'replace') return { type: 'replaced', at: event.at };
  return { ...event, mayReturn: plan?.do === 'ask' };
}

/** The job with one more attempt; the deadline is still the one that the M2 gave. */
function addReplacement(scene: Scene, job: CommandJob, worker: PeerKey): CommandJob {
  const last = getLastAttempt(job);
  const fresh = makeAttempt(scene, job, { n: last.n + 1, worker });
  const { expiresAt } = last;
  const attempt = expiresAt === undefined ? fresh : { ...fresh, expiresAt };
  const id = formatAttemptId(job.id, attempt.n);
  scene.change.note({ kind: 'attempt-replaced', job: job.id, attempt: id, worker });
  return { ...job, attempts: [...job.attempts, attempt] };
}

/**
 * One attempt has ended while others have not. A result settles the job; anything else leaves it to
 * those that are still heard, and where none is, to nobody.
 */
function settleOthers(scene: Scene, { id, n }: Place): void {
  const job = findUnended(scene, id);
  const state = job?.kind === 'command' ? findAttempt(job, n)?.state : undefined;
  if (job?.kind !== 'command' || state?.is !== 'finished') return;
  const open = job.attempts.filter((attempt) => attempt.state.is !== 'finished');
  const { outcome } = state.end;
  const isResult = outcome === 'succeeded' || outcome === 'failed';
  if (!isResult && open.some((attempt) => !isReplaced(attempt.state))) return;
  // How the last one ended says nothing of a job that went on without it.
  if (n !== getLastAttempt(job).n) keepJob(scene, { ...job, settledBy: n });
  for (const attempt of open) {
    supersede(scene, { id, n: attempt.n }, `Attempt ${n} ended first (${outcome}).`);
  }
}

function supersede(scene: Scene, { id, n }: Place, reason: string): void {
  const job = findUnended(scene, id);
  const found = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  if (job?.kind !== 'command' || found === undefined) return;
  const attempt = noteSending(scene, id, found);
  const event = { type: 'superseded', at: scene.change.at, reason } as const;
  const { state, effects } = stepHubAttempt(attempt.state, event, { nowMs: 0, roll: 0 });
  keepJob(scene, putAttempt(job, { ...attempt, state }));
  for (const effect of effects) perform(scene, { id, n }, effect);
  noteStep(scene, id, n);
}

function openLoss(scene: Scene, { id, n }: Place, why: string): void {
  const job = findUnended(scene, id);
  const state = job?.kind === 'command' ? findAttempt(job, n)?.state : undefined;
  const happened = state?.is === 'finished' ? (state.end.reason ?? '') : '';
  const reason = [happened, why].filter((words) => words !== '').join(' ');
  const attempt = formatAttemptId(id, n);
  openJobDecision(scene, { kind: 'lost', job: id, attempt, reason });
}

/** A job that came to nothing without having run: whether anybody waits for it is not known here. */
function askAboutEnd(scene: Scene, { id, n }: Place): void {
  const job = findUnended(scene, id);
  const state = job?.kind === 'command' ? findAttempt(job, n)?.state : undefined;
  if (job?.kind !== 'command' || state?.is !== 'finished' || state.end !== findEnd(job)) return;
  const kind = findQuestion(state);
  if (kind === undefined) return;
  const reason = state.end.reason ?? state.end.code ?? '';
  openJobDecision(scene, { kind, job: id, attempt: formatAttemptId(id, n), reason });
}

function isOver(scene: Scene, id: JobId): boolean {
  const job = findUnended(scene, id);
  return job === undefined || isEnded(job);
}

function perform(scene: Scene, { id, n }: Place, effect: HubAttemptEffect): void {
  if (effect.do !== 'tell-cancel') return;
  const job = findUnended(scene, id);
  const attempt = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  // What never left needs no word to its worker.
  if (attempt?.isParked === true) return;
  if (attempt !== undefined) sendCancel(scene, attempt.worker, formatAttemptId(id, n));
}

/** Ends a group whose last part has ended. */
function sumUpParent(scene: Scene, id: JobId): void {
  const { state, change } = scene;
  const job = findUnended(scene, id);
  if (job?.kind !== 'command' || job.parent === null || !isEnded(job)) return;
  const group = findUnended(scene, job.parent);
  if (group?.kind !== 'group') return;
  const outcomes: Outcome[] = [];
  for (const child of group.children) {
    const part = change.jobs.get(child) ?? state.groupParts.get(child);
    const end = part?.kind === 'command' ? findEnd(part) : undefined;
    // At the first that is open: to look at a thousand parts as each of them ends is a second's work.
    if (end === undefined) return;
    outcomes.push(end.outcome);
  }
  const outcome = sumOutcomes(outcomes);
  keepJob(scene, { ...group, ended: { outcome, at: change.at } });
  change.note({ kind: 'group-finished', job: group.id, note: outcome });
}

function noteStep(scene: Scene, id: JobId, n: number): void {
  const job = findUnended(scene, id);
  const found = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  if (found === undefined) return;
  const { worker, state } = found;
  const note = state.is === 'finished' ? { note: state.end.outcome } : {};
  const attempt = formatAttemptId(id, n);
  const kind = isReplaced(state) ? 'attempt-given-up' : `attempt-${state.is}`;
  scene.change.note({ kind, job: id, attempt, worker, ...note });
}
