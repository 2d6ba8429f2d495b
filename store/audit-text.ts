/*
 * The audit trail in words, for hub and agent alike. Pure.
 *
 * What a peer said is shown as it was said, but on one line and without control characters.
 */
import type { AuditRow } from './audit-list.ts';
import type { AuditProof, ProvenGap } from './audit-read.ts';

/** Letters of arguments in a line. */
const argsLettersMax = 160;

/** One line: when, who, from where, what, of whom, and what came of it. */
export function showAuditRow(row: AuditRow, dim: (text: string) => string): string {
  const { at, who, surface, verb, worker, about, args, result } = row;
  const words = [
    `${dim(at)}  ${who}, ${surface}: ${verb}`,
    about === undefined ? '' : ` ${about}`,
    worker === undefined ? '' : ` (${worker})`,
    `  ${result ?? 'nothing came of it yet'}`,
    args === undefined ? '' : `  ${dim(showArgs(args))}`,
  ];
  return toOneLine(words.join(''));
}

/** What a verification found, with the end that may be noted elsewhere. */
export function showAuditProof(proof: AuditProof): string {
  const { entries, first, tail, broken, gaps } = proof;
  if (broken !== null) {
    return toOneLine(
      `The trail does not hold after entry ${broken.after} (${broken.place}): ${broken.why}.`,
    );
  }
  if (tail === null) return 'The trail is whole; it has no entries.';
  const missing = gaps.map(showGap);
  return [
    missing.length === 0
      ? `The trail is whole: ${entries} entries, from ${first} to ${tail.n}.`
      : `The trail holds, but a damaged store lost of it ${missing.join(', ')}: ${entries} entries, from ${first} to ${tail.n}.`,
    `To tell later that nobody wrote it anew, note its end: ${tail.n}:${tail.hash}`,
  ].join('\n');
}

function showGap({ after, before, isCountKnown }: ProvenGap): string {
  if (!isCountKnown) {
    return `what may have followed on entry ${after}, nobody knows how much (it goes on with entry ${before})`;
  }
  const [first, last] = [after + 1, before - 1];
  return first === last ? `entry ${first}` : `entries ${first} to ${last}`;
}

function showArgs(args: unknown): string {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return text.length > argsLettersMax ? `${text.slice(0, argsLettersMax - 1)}…` : text;
}

/** Escapes are the terminal's business only where we made them ourselves. */
function toOneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001a\u001c-\u001f\u007f-\u009f]/g, ' ');
}
