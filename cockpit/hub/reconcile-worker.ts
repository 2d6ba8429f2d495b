/*
 * A worker is there again: what hub and worker disagree about is settled, and told.
 *
 * It walks what the hub believes the worker to hold, what the worker states, and the lost attempts
 * that the M2 is being asked about, and carries out what the table in `manager/reconcile` says. Every
 * disagreement leaves an event. Invariant: nothing is believed that the worker did not state.
 */
import type { InventoryRow } from '../../protocol/frames.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import {
  type AttemptRecord,
  findAttempt,
  formatAttemptId,
  readJobNumber,
  splitAttemptId,
} from '../manager/job.ts';
import { planSettlement, type Settlement, viewOfHub, viewOfWorker } from '../manager/reconcile.ts';
import { hasRoom } from './has-room.ts';
import { noteStatement } from './inbox.ts';
import { findUnended, loseAttempt, returnAttempt, type Scene, sendCancel } from './transitions.ts';
import { walkHeld } from './walk-held.ts';

/** One attempt about which something is to be done. */
interface Case {
  readonly worker: PeerKey;
  readonly attempt: AttemptId;
  /** How its worker holds it, for the event; absent where it does not matter. */
  readonly held?: InventoryRow['state'];
}

/** What a worker said as it greeted: what it holds, and how far its two streams with us had come. */
export interface Greeting {
  readonly inventory: readonly InventoryRow[];
  /** Its store; the numbers are those of the streams with it. */
  readonly store: string;
  /** It had taken our commands up to here. */
  readonly received: number;
  /** And had reported up to here. */
  readonly queued: number;
}

/** Settles everything with one worker, by its greeting. */
export function reconcileWorker(scene: Scene, worker: PeerKey, greeting: Greeting): void {
  const { inventory } = greeting;
  const stated = new Map(inventory.map((row) => [row.attempt, row]));
  const takenThrough = findTakenThrough(scene, worker, greeting) ?? 0;
  const wentBack = isFromBefore(scene, worker, greeting);
  // First, so that what is lost only now is not told of twice.
  tellDecisions(scene, worker, stated);
  for (const { id, n, attempt } of walkHeld(scene, worker)) {
    const name = formatAttemptId(id, n);
    const row = stated.get(name);
    const mayReturn = row !== undefined && row.state !== 'finished' && !wentBack;
    if (mayReturn) returnAttempt(scene, { id, n });
    const settlement = planSettlement(viewOfHub(attempt, takenThrough), viewOfWorker(row));
    carryOut(scene, { worker, attempt: name }, settlement);
  }
  for (const row of inventory) {
    const known = findKnown(scene, worker, row.attempt);
    // What has not ended here was settled above.
    if (known !== undefined && known !== 'ended') continue;
    const hub = known === 'ended' ? 'finished' : 'unknown';
    const settlement = planSettlement(hub, viewOfWorker(row));
    carryOut(scene, { worker, attempt: row.attempt, held: row.state }, settlement);
  }
  // Last, because what is not known above is known by its number.
  leapOverAll(scene, inventory);
}

/** The numbers of all these are given to no other job. */
export function leapOverAll(
  scene: Pick<Scene, 'state'>,
  inventory: readonly Pick<InventoryRow, 'attempt'>[],
): void {
  for (const { attempt } of inventory) leapOver(scene, attempt);
}

/**
 * All that a worker had reported as it greeted is here now: what it had taken by then, does not state and said nothing
 * about, it has forgotten.
 */
export function settleTaken(scene: Scene, worker: PeerKey, greeting: Greeting): void {
  const takenThrough = findTakenThrough(scene, worker, greeting);
  if (takenThrough === undefined) return;
  const stated = new Set(greeting.inventory.map((row) => row.attempt));
  for (const { id, n, attempt } of walkHeld(scene, worker)) {
    const name = formatAttemptId(id, n);
    if (stated.has(name) || viewOfHub(attempt, takenThrough) !== 'taken') continue;
    carryOut(scene, { worker, attempt: name }, planSettlement('taken', 'unknown'));
  }
}

/**
 * The worker had taken our commands up to here as it greeted, and what it had reported by then is known; undefined while
 * that is on its way, for a refusal may be among it.
 */
export function findTakenThrough(
  { state }: Pick<Scene, 'state'>,
  worker: PeerKey,
  { store, received, queued }: Omit<Greeting, 'inventory'>,
): number | undefined {
  const streams = state.streams.get(worker);
  if (streams?.store !== store) return undefined;
  return streams.counts.received >= queued ? received : undefined;
}

/**
 * The worker knows less than it acknowledged: its disk was put back to a copy, and its link is about to be refused. What
 * the copy has still to do will not be done, so nothing that goes on is ended for it.
 */
function isFromBefore(
  { state }: Pick<Scene, 'state'>,
  worker: PeerKey,
  { store, received }: Greeting,
): boolean {
  const streams = state.streams.get(worker);
  return streams?.store === store && received < streams.counts.acked;
}

/**
 * Numbers that are leapt over in one life of the hub: more jobs than anybody lost with a restored store. Were it so many
 * a row, the thousand rows of an inventory would climb to where no number has room any more.
 */
const leapMax = 1_000_000;

/** An attempt from before this hub's store was restored: its number must never name another one. */
function leapOver({ state }: Pick<Scene, 'state'>, attempt: AttemptId): void {
  const above = readJobNumber(splitAttemptId(attempt).job) + 1;
  const leapCount = above - state.nextJob;
  // A peer's rubbish must not use all numbers up.
  if (leapCount <= 0 || state.leaptCount + leapCount > leapMax) return;
  state.nextJob = above;
  state.leaptCount += leapCount;
}

function carryOut(scene: Scene, { worker, attempt, held }: Case, settlement: Settlement): void {
  if (settlement.do === 'agree') return;
  // More than it takes in waits for it already; the next inventory is looked at again.
  if (settlement.do === 'cancel' && !hasRoom(scene, worker)) return;
  const { job } = splitAttemptId(attempt);
  const note = held === undefined ? {} : { note: held };
  scene.change.note({ kind: settlement.event, job, attempt, worker, ...note });
  if (settlement.do === 'cancel') sendCancel(scene, worker, attempt);
  if (settlement.do === 'lose') {
    const reason = 'The worker does not know this job any more.';
    loseAttempt(scene, splitPlace(attempt), { reason, cause: 'forgotten' });
  }
}

/** Whoever is asked about a lost attempt is told how its worker has it. */
function tellDecisions(
  scene: Scene,
  worker: PeerKey,
  stated: ReadonlyMap<AttemptId, InventoryRow>,
): void {
  for (const decision of [...scene.state.decisions.values()]) {
    // What was refused or never begun is not asked about for what its worker holds.
    if (decision.kind !== 'lost' || decision.worker !== worker) continue;
    const statement = viewOfWorker(stated.get(decision.attempt));
    const isNews = noteStatement(scene, decision, statement);
    const settlement = planSettlement('finished', statement);
    if (isNews && settlement.do === 'tell') {
      carryOut(scene, { worker, attempt: decision.attempt }, settlement);
    }
  }
}

/** The attempt if it has not ended, `ended` if this hub once gave it to that worker or may have. */
function findKnown(
  scene: Scene,
  worker: PeerKey,
  id: AttemptId,
): AttemptRecord | 'ended' | undefined {
  const { job: jobId, n } = splitAttemptId(id);
  const job = findUnended(scene, jobId);
  if (job === undefined) {
    // Not in memory: ended long ago, or never made here.
    return Number(jobId.slice(1)) < scene.state.nextJob ? 'ended' : undefined;
  }
  const attempt = job.kind === 'command' ? findAttempt(job, n) : undefined;
  if (attempt?.worker !== worker) return undefined;
  return attempt.state.is === 'finished' ? 'ended' : attempt;
}

function splitPlace(attempt: AttemptId) {
  const { job: id, n } = splitAttemptId(attempt);
  return { id, n };
}
