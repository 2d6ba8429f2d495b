/*
 * What the simulated processes write: a function of the attempt and the offset.
 *
 * So any copy of a log can be verified without the original. One piece of noise is made once, and
 * every attempt reads it from a place of its own, over and over; its length is odd, so that bytes
 * moved by any round number are other bytes. All of it is plain ASCII, without the letters with which
 * a secret could begin: what redaction holds back of one stream would come after what the other wrote.
 */

import type { FoundArtifacts } from '../../agent/work/work.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { tokenPatterns } from '../../store/redaction/shapes.ts';
import { createChance } from './chance.ts';

const beginnings = new Set(tokenPatterns.map(({ head }) => head[0]));
const letters = Array.from({ length: 95 }, (_, at) => 32 + at).filter(
  (byte) => !beginnings.has(byte),
);

const noise = createChance(1)
  .bytes(65_521)
  .map((byte) => letters[byte % letters.length] ?? 32);

/** The bytes that this attempt writes from this offset on. */
export function makeOutput(attempt: AttemptId, offset: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let from = (findStart(attempt) + offset) % noise.length;
  for (let at = 0; at < count; from = 0) {
    const piece = noise.subarray(from, from + count - at);
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Far apart for attempts that are next to each other. */
function findStart(attempt: AttemptId): number {
  let start = 7;
  for (let at = 0; at < attempt.length; at += 1) {
    start = (start * 8191 + attempt.charCodeAt(at)) % noise.length;
  }
  return start;
}

/** What an attempt leaves: so many files, each of a size and content of its own. */
export function leaveArtifacts(attempt: AttemptId, count: number): FoundArtifacts {
  const found = Array.from({ length: count }, (_, index) => ({
    path: `out/${index}`,
    async *read() {
      const bytes = makeArtifact(attempt, index);
      for (let at = 0; at < bytes.length; at += pieceBytes)
        yield bytes.subarray(at, at + pieceBytes);
    },
  }));
  return { found, missed: [{ path: 'none', code: 'ARTIFACT_UNKNOWN' }] };
}

/** The content of one of them; the first is empty. */
export function makeArtifact(attempt: AttemptId, index: number): Uint8Array {
  return makeOutput(attempt, (index + 1) * 1_000_003, index * 90_001);
}

const pieceBytes = 50_000;
