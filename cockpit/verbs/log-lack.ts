/*
 * What logs lack, in words: a hole in the middle, an end that has not come or does not come any more.
 *
 * A hole is what a cap dropped, here or on the box, or what the hub's copy had and lost; the two are never told as one.
 */
import type { AttemptId } from '../../protocol/model.ts';

/** A hole, as `wally logs` gives it. An older hub does not say whether it is lost. */
export interface LogGapItem {
  readonly attempt: AttemptId;
  readonly offset: number;
  readonly gapBytes: number;
  /** Was it here once, and is damaged or gone? Else it was dropped at a cap. */
  readonly isLost?: boolean;
}

/** A hole where output would be, without brackets. */
export function describeGap(bytes: number, isLost = false): string {
  return isLost
    ? `${bytes} bytes are missing here: the hub’s copy of the log is damaged`
    : `${bytes} bytes were dropped here: the log is over its cap`;
}

/** What logs lack at their ends. Of an older version’s hub only the first is known. */
export interface LogLack {
  /** Output of ended work that their workers told of and that is not here. */
  readonly missingBytes: number;
  /** How much of that no worker has any more. */
  readonly lostBytes?: number;
  readonly unknownEnds?: readonly AttemptId[];
}

/** Empty where they lack nothing. */
export function showLack({ missingBytes, lostBytes = 0, unknownEnds = [] }: LogLack): string {
  const lines: string[] = [];
  const owedBytes = missingBytes - lostBytes;
  if (lostBytes > 0)
    lines.push(
      `[${lostBytes} bytes are missing at the end: the hub’s copy of the log is damaged, and no worker has them any more]`,
    );
  if (owedBytes > 0)
    lines.push(
      `[${owedBytes} bytes are missing at the end: they come, if the worker still has them]`,
    );
  if (unknownEnds.length > 0)
    lines.push(
      `[where ${unknownEnds.join(', ')} ended is not known: no worker said, and there may be more on the box]`,
    );
  return lines.join('\n');
}
