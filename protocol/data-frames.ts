/*
 * How messages ride in `data` frames: one each, or many to a peer that takes many.
 *
 * A frame costs a system call, an encryption and a turn at each end, whatever it holds, so what
 * leaves in one turn shares frames. Messages in a frame follow each other without a hole; the first
 * one's number is the frame's. Pure.
 */
import type { Frame } from './frames.ts';
import { dataBytesMax, dataRowsMax } from './limits.ts';
import type { OutboxRow } from './machines/sender.ts';

type DataFrame = Extract<Frame, { t: 'data' }>;

/** The frames that carry these rows, in order. `takes`: what the peer said that it can take. */
export function planDataFrames(
  rows: readonly OutboxRow[],
  takes: 'one' | 'many',
): readonly DataFrame[] {
  return takes === 'many' ? splitRuns(rows).map(makeFrame) : rows.map((row) => makeFrame([row]));
}

/** The same rows in runs: each follows on the one before in it, and a run has room in a frame. */
export function splitRuns(rows: readonly OutboxRow[]): readonly (readonly OutboxRow[])[] {
  const runs: (readonly OutboxRow[])[] = [];
  for (let at = 0; at < rows.length; ) {
    const run = takeRun(rows, at);
    runs.push(run);
    at += run.length;
  }
  return runs;
}

/** The messages of a frame, with their numbers. */
export function listRows({ seq, body, more = [] }: DataFrame): readonly OutboxRow[] {
  return [body, ...more].map((bytes, index) => ({ seq: seq + index, bytes }));
}

/** May a frame of so many bodies have one more, with which it is so many bytes? */
export function hasFrameRoom(count: number, bytes: number): boolean {
  return count < dataRowsMax && bytes <= dataBytesMax;
}

/** Rows from `at` on that follow each other and share a frame; one always fits. */
function takeRun(rows: readonly OutboxRow[], at: number): readonly OutboxRow[] {
  const first = rows[at];
  let end = at + 1;
  let bytes = first?.bytes.length ?? 0;
  for (let row = rows[end]; row !== undefined; row = rows[end]) {
    bytes += row.bytes.length;
    const follows = row.seq === (first?.seq ?? 0) + end - at;
    if (!follows || !hasFrameRoom(end - at, bytes)) break;
    end += 1;
  }
  return rows.slice(at, end);
}

function makeFrame([first, ...others]: readonly OutboxRow[]): DataFrame {
  const { seq, bytes: body } = first as OutboxRow;
  if (others.length === 0) return { t: 'data', seq, body };
  return { t: 'data', seq, body, more: others.map(({ bytes }) => bytes) };
}
