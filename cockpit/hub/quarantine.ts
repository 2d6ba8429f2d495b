/*
 * Facts that cannot be applied: kept aside, told in the journal, and what they were about is settled.
 *
 * A stream must not stop at one message for ever. Whatever a handler did before it threw is undone,
 * in memory and in the change, so that memory stays what the disk holds. The outcome that such a
 * message may have carried is unknown from then on: its job is lost, visibly. Source: reliability
 * facts, R24.
 */
import { wrapError } from '../../protocol/errors.ts';
import { findFinished } from '../../protocol/messages.ts';
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { TakeHow } from '../../store/intake.ts';
import type { StreamRow } from '../../store/peer-streams.ts';
import { planQuarantine } from '../../store/quarantine.ts';
import { findAttempt, splitAttemptId } from '../manager/job.ts';
import { findUnended, loseAttempt, type Scene } from './transitions.ts';

/** One message of a worker, and with how much trust it is taken. */
export interface Arrival {
  readonly worker: PeerKey;
  readonly row: StreamRow;
  readonly how: TakeHow;
}

/** Letters of an error's text in the journal. */
const whyLettersMax = 200;

/** Takes one message, or sets it aside. Never throws for what the message causes. */
export function takeOrQuarantine(scene: Scene, arrival: Arrival, take: () => void): void {
  if (arrival.how !== 'apply') {
    return quarantine(scene, arrival, 'It ended this process again and again.');
  }
  const why = tryOrUndo(scene, take);
  if (why !== undefined) quarantine(scene, arrival, why);
}

/** Takes a step; one that throws is undone and leaves the reason, short enough for the journal. */
export function tryOrUndo({ change }: Scene, step: () => void): string | undefined {
  const mark = change.mark();
  try {
    step();
    return undefined;
  } catch (error) {
    change.undoTo(mark);
    const { code, message } = wrapError(error, 'HUB_INTERNAL');
    return `${code}: ${message}`.slice(0, whyLettersMax);
  }
}

function quarantine(scene: Scene, { worker, row, how }: Arrival, why: string): void {
  const { change } = scene;
  change.ops.push(planQuarantine(worker, row, change.at));
  change.note({ kind: 'message-quarantined', worker, note: why });
  if (how === 'bury') return;
  const attempt = findFinished(row.bytes);
  // The fault may lie in the job itself; then the worker's next inventory settles it.
  if (attempt !== undefined) tryOrUndo(scene, () => settle(scene, worker, attempt));
}

/** The worker will not say again how this attempt ended. */
function settle(scene: Scene, worker: PeerKey, attempt: AttemptId): void {
  const { job: id, n } = splitAttemptId(attempt);
  const job = findUnended(scene, id);
  const held = job?.kind === 'command' ? findAttempt(job, n) : undefined;
  if (held?.worker !== worker || held.state.is === 'finished') return;
  const reason = 'What its worker reported of its end could not be applied.';
  loseAttempt(scene, { id, n }, { reason, cause: 'unreadable' });
}
