/*
 * What redaction costs the agent: text through it in the pieces in which output comes, by CPU time.
 *
 * The baseline is what an agent does with the same pieces anyway: one pass of SHA-256, about what their
 * encryption on the way to the hub costs. The text is a log's own kind, with many places at which a head
 * of a token could begin and none that is one.
 */
import { createHash } from 'node:crypto';
import { takeBytesMax } from '../../agent/work/limits.ts';
import { Redaction } from '../../store/redaction/redaction.ts';
import { type Figure, makeFigure } from './figure.ts';
import { logBytes } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';

const secrets = [
  { name: 'TOKEN', value: 'a-token-of-some-length-0123456789' },
  { name: 'PASSWORD', value: 'correct horse battery staple' },
];

/** Megabytes of clean text for a second of CPU. */
export async function benchRedaction(plan: BenchPlan): Promise<readonly Figure[]> {
  const bytes = shrink(plan, logBytes);
  const pieces = cutText();
  const rounds: number[] = [];
  const hashRounds: number[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    const hash = createHash('sha256');
    hashRounds.push(measure(pieces, bytes, (piece) => hash.update(piece)));
    const redaction = new Redaction(secrets);
    rounds.push(measure(pieces, bytes, (piece) => redaction.push('stdout', piece)));
  }
  const baseline = { name: 'SHA-256 of the same', rounds: hashRounds };
  const note = `clean text in pieces of ${takeBytesMax / 1024} KiB, all shapes and two values`;
  return [makeFigure({ name: 'redaction, of CPU time', unit: 'MB/s', rounds, baseline, note })];
}

function measure(
  pieces: readonly Uint8Array[],
  bytes: number,
  take: (piece: Uint8Array) => unknown,
): number {
  const before = process.cpuUsage();
  let done = 0;
  for (let at = 0; done < bytes; at = (at + 1) % pieces.length) {
    const piece = pieces[at] ?? new Uint8Array();
    take(piece);
    done += piece.length;
  }
  const { user, system } = process.cpuUsage(before);
  return done / (user + system);
}

function cutText(): readonly Uint8Array[] {
  const lines = Array.from({ length: 20_000 }, (_, at) => [
    `2026-11-26T03:00:00.${at}Z info src/user-profile.ts:${at} GET https://api.example.org/v1/${at}?page=2 200 (cache: miss)`,
    `    at Object.<anonymous> (/srv/app/node_modules/some-package/lib/index.js:${at}:17)`,
    `npm warn deprecated package_name@1.2.${at}: use another-package instead -- see README`,
  ]);
  const text = Buffer.from(lines.flat().join('\n'));
  return Array.from({ length: Math.floor(text.length / takeBytesMax) }, (_, at) =>
    text.subarray(at * takeBytesMax, (at + 1) * takeBytesMax),
  );
}
