/*
 * What a worker reports, taken into the hub's records: receipts, ends, and what comes too late.
 *
 * A report counts only under the token of an attempt that has not ended, and from the worker that holds
 * it; all else is kept as late. It commits nothing: the desk writes all of it with the receive mark.
 */
import { decodeFact, type FactMessage } from '../../protocol/messages.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { lateReportKey } from '../../store/keys.ts';
import type { StreamRow } from '../../store/peer-streams.ts';
import { planRow } from '../../store/row-codec.ts';
import type { HubAttemptEvent } from '../manager/attempt-machine.ts';
import { splitAttemptId } from '../manager/job.ts';
import type { LossCause } from '../manager/plan-loss.ts';
import { findOpen, returnAttempt, type Scene, sendCancel, stepAttempt } from './transitions.ts';

/** Takes one report into the change. Errors: FRAME_INVALID; whatever it throws, the caller undoes. */
export function takeFact(scene: Scene, worker: PeerKey, row: StreamRow): void {
  const fact = decodeFact(row.bytes);
  const { job: id, n } = splitAttemptId(fact.attempt);
  const attempt = findOpen(scene, { id, n });
  if (attempt?.worker !== worker) return noteLate(scene, worker, fact);
  if (isReturn(fact)) returnAttempt(scene, { id, n });
  const effects = stepAttempt(scene, { id, n, loss: findLossCause(fact) }, readFact(fact));
  if (effects.some((effect) => effect.do === 'late')) noteLate(scene, worker, fact);
}

function noteLate(scene: Scene, worker: PeerKey, fact: FactMessage): void {
  const { change } = scene;
  const { attempt, kind } = fact;
  // It has begun what nobody waits for any more.
  if (kind !== 'finished') sendCancel(scene, worker, attempt);
  change.ops.push(planRow(lateReportKey(attempt, worker), { worker, fact }));
  change.note({ kind: 'report-late', attempt, worker, note: kind });
}

/** What came to nothing is not kept: what was started in its place goes on. */
function isReturn(fact: FactMessage): boolean {
  return fact.kind !== 'finished' || fact.outcome === 'succeeded' || fact.outcome === 'failed';
}

/** A worker's own word that an attempt came to nothing, in the ways that another may make good. */
function findLossCause(fact: FactMessage): LossCause | undefined {
  if (fact.kind !== 'finished') return undefined;
  if (fact.outcome === 'lost') return 'restarted';
  return fact.code === 'LEASE_LAPSED' ? 'lapsed' : undefined;
}

function readFact(fact: FactMessage): HubAttemptEvent {
  if (fact.kind === 'accepted') return { type: 'accepted', at: fact.at };
  const { acceptedAt } = fact;
  const accepted = acceptedAt === undefined ? {} : { acceptedAt };
  if (fact.kind === 'started') return { type: 'started', at: fact.at, ...accepted };
  const { kind: _kind, attempt: _attempt, acceptedAt: _acceptedAt, ...end } = fact;
  return { type: 'finished', end, ...accepted };
}
