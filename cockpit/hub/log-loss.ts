/*
 * Output of ended work that is not in the hub's copy: does it come, or was it here and is lost?
 *
 * A worker that is linked asks about every log that it still has, and has none any more of which it was told that all is
 * here. Of one that is away nobody knows. A function of what mirror and session know; nothing of it is written down.
 */
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { Hub } from './hub.ts';

/** A log that is shorter than its report. */
export interface ShortLog {
  readonly attempt: AttemptId;
  readonly worker: PeerKey;
  /** Where it ends, by the report. */
  readonly logBytes: number;
}

/** What becomes of the rest; `unsure` while its worker is away. */
export type LogFate = 'comes' | 'lost' | 'unsure';

/** Judges by what is known now. */
export function judgeShortLog(
  hub: Pick<Hub, 'mirror' | 'session'>,
  { attempt, worker, logBytes }: ShortLog,
): LogFate {
  const { offers } = hub.mirror;
  const told = offers.findTold(attempt);
  if (told !== undefined && told >= logBytes) return 'lost';
  const linkedMs = hub.session(worker)?.linkedMs;
  if (linkedMs === undefined) return 'unsure';
  if (told !== undefined) return 'comes';
  return offers.mustHaveAsked(worker, attempt, linkedMs) ? 'lost' : 'comes';
}
