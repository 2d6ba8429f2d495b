/*
 * What a worker reports, taken into the hub's records: receipts, ends, and what comes too late.
 *
 * A report counts only under the token of an attempt that has not ended, and from the worker that holds
 * it; all else is kept as late. It commits nothing: the desk writes all of it with the receive mark.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { type FactMessage, factMessageSchema } from '../../protocol/messages.ts';
import type { AttemptId, Outcome, PeerKey } from '../../protocol/model.ts';
import { lateReportKey, lateReportsPrefix, prefixRange } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import type { HubAttemptEvent } from '../manager/attempt-machine.ts';
import { isReplaced, splitAttemptId } from '../manager/job.ts';
import type { LossCause } from '../manager/plan-loss.ts';
import { hasRoom } from './has-room.ts';
import { findOpen, returnAttempt, type Scene, sendCancel, stepAttempt } from './transitions.ts';

/** The shape of an `l/` row. */
const lateRowSchema = z.object({ worker: z.string(), fact: factMessageSchema });

/** One report of a worker. */
export interface Report {
  readonly worker: PeerKey;
  /** Or why it cannot be read. */
  readonly fact: FactMessage | AppError | undefined;
  /** Attempts whose end was taken ahead of the worker's disk. */
  readonly known: ReadonlySet<AttemptId> | undefined;
}

/**
 * Takes how an attempt ended, told ahead of its worker's disk; undefined, and nothing is done, where it is anything but
 * the end of an open attempt by the worker that has it. Whatever it throws, the caller undoes.
 */
export function takeEnded(scene: Scene, worker: PeerKey, fact: FactMessage): AttemptId | undefined {
  if (fact.kind !== 'finished') return undefined;
  const { job: id, n } = splitAttemptId(fact.attempt);
  const open = findOpen(scene, { id, n });
  if (open?.worker !== worker || isReplaced(open.state)) return undefined;
  stepAttempt(scene, { id, n, loss: findLossCause(fact) }, readFact(fact));
  return fact.attempt;
}

/** Takes one report into the change. Errors: FRAME_INVALID; whatever it throws, the caller undoes. */
export function takeFact(scene: Scene, { worker, fact, known }: Report): void {
  if (fact === undefined || fact instanceof AppError) throw fact;
  const { job: id, n } = splitAttemptId(fact.attempt);
  const attempt = findOpen(scene, { id, n });
  if (attempt === undefined && known?.has(fact.attempt)) return;
  if (attempt?.worker !== worker) return noteLate(scene, worker, fact);
  if (isReturn(fact)) returnAttempt(scene, { id, n });
  const effects = stepAttempt(scene, { id, n, loss: findLossCause(fact) }, readFact(fact));
  if (effects.some((effect) => effect.do === 'late')) noteLate(scene, worker, fact);
}

/** How an attempt ended after all, by a report that came too late. */
export async function findLateReport(kv: Kv, attempt: AttemptId): Promise<Outcome | undefined> {
  const range = prefixRange(lateReportsPrefix(attempt));
  const rows = await kv.range({ ...range, countMax: 16, order: 'ascending' });
  const facts = rows.map((row) => readRow(lateRowSchema, row).fact);
  const last = facts.findLast((fact) => fact.kind === 'finished');
  return last?.kind === 'finished' ? last.outcome : undefined;
}

function noteLate(scene: Scene, worker: PeerKey, fact: FactMessage): void {
  const { change } = scene;
  const { attempt, kind } = fact;
  // It has begun what nobody waits for any more.
  if (kind !== 'finished' && hasRoom(scene, worker)) sendCancel(scene, worker, attempt);
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
  const {
    kind: _kind,
    attempt: _attempt,
    acceptedAt: _acceptedAt,
    isRepeat: _isRepeat,
    ...end
  } = fact;
  return { type: 'finished', end, ...accepted };
}
