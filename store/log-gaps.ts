/*
 * Why output is missing from a log in files: was it dropped, or is it lost?
 *
 * A gap within a segment was there when that was written, and a segment begins where the one before it ended. So what
 * is missing between two segments was a segment: one that was dropped at the cap, or one that is gone; and what is
 * missing behind a segment that is not sound to its end is damage. It reads only segments that the gap touches, from
 * the mark before it on.
 */
import { hasSystemCode } from '../protocol/errors.ts';
import type { LogGap, LogGapCause } from './log.ts';
import { type LogShape, mayBeDropped } from './log-cap.ts';
import type { LogHandles } from './log-handles.ts';
import { type Mark, type Segment, scanSegment } from './log-segment.ts';

/** The log that has the gap. */
export interface GappedLog {
  readonly handles: LogHandles;
  readonly shape: LogShape;
  /** Its segments now: those at the cap may go meanwhile. */
  readonly list: () => readonly Segment[];
  /** The marks of one of them, which is read through where it has none. */
  readonly index: (segment: Segment) => Promise<readonly Mark[]>;
}

/** Says why. Lost is a gap of which any part is. */
export async function explainGap(log: GappedLog, gap: LogGap): Promise<LogGapCause> {
  const { from, to } = gap;
  const segments = log.list();
  const first = Math.max(
    0,
    segments.findLastIndex(({ offset }) => offset <= from),
  );
  let reached: Reach = { end: Math.min(from, segments[first]?.offset ?? to), isWhole: true };
  for (const [index, segment] of segments.entries()) {
    if (index < first || segment.offset > to) continue;
    if (reached.end < segment.offset && !isDropped(log, segments, index)) return 'lost';
    if (segment.offset >= to) return 'dropped';
    reached = await findReach(log, segment, gap);
    if (reached.end >= to) return 'dropped';
    if (!reached.isWhole) return 'lost';
  }
  return 'dropped';
}

function isDropped({ shape }: GappedLog, segments: readonly Segment[], index: number): boolean {
  const before = sumSizes(segments.slice(0, index));
  return mayBeDropped(shape, { before, after: sumSizes(segments.slice(index)) });
}

function sumSizes(segments: readonly Segment[]): number {
  return segments.reduce((sum, { size }) => sum + size, 0);
}

/** How far a segment can be read, and whether that is all of it. */
interface Reach {
  readonly end: number;
  readonly isWhole: boolean;
}

async function findReach(log: GappedLog, segment: Segment, { from, to }: LogGap): Promise<Reach> {
  const { handles, list } = log;
  let end = segment.offset;
  try {
    const mark = await findMark(log, segment, from);
    end = mark?.offset ?? end;
    const scan = { handles, segment, position: mark?.position ?? 0 };
    const size = await scanSegment(scan, ({ offset, bytes }) => {
      end = offset + bytes.length;
      return end < to;
    });
    return { end, isWhole: size === segment.size };
  } catch (thrown) {
    if (hasSystemCode(thrown, 'EIO')) return { end, isWhole: false };
    if (!hasSystemCode(thrown, 'ENOENT')) throw thrown;
    // One that the log does not list any more was dropped since.
    return { end, isWhole: !list().some(({ path }) => path === segment.path) };
  }
}

/** The last mark up to `from`; none where the disk does not give all of the segment, which is then read as far as it goes. */
async function findMark(
  { index }: GappedLog,
  segment: Segment,
  from: number,
): Promise<Mark | undefined> {
  if (from <= segment.offset) return undefined;
  try {
    return (await index(segment)).findLast(({ offset }) => offset <= from);
  } catch (thrown) {
    if (hasSystemCode(thrown, 'EIO')) return undefined;
    throw thrown;
  }
}
