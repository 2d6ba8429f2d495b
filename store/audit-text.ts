/*
 * The audit trail in words, for hub and agent alike. Pure.
 *
 * What a peer said is shown as it was said, but on one line and without control characters.
 */
import type { AuditRow } from './audit-list.ts';
import type { AuditProof } from './audit-read.ts';

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
export function showAuditProof({ isWhole, entries, first, tail, broken }: AuditProof): string {
  if (broken !== null) {
    return toOneLine(
      `The trail does not hold after entry ${broken.after} (${broken.place}): ${broken.why}.`,
    );
  }
  if (!isWhole || tail === null) return 'The trail is whole; it has no entries.';
  return [
    `The trail is whole: ${entries} entries, from ${first} to ${tail.n}.`,
    `To tell later that nobody wrote it anew, note its end: ${tail.n}:${tail.hash}`,
  ].join('\n');
}

function showArgs(args: unknown): string {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return text.length > argsLettersMax ? `${text.slice(0, argsLettersMax - 1)}…` : text;
}

/** Escapes are the terminal's business only where we made them ourselves. */
function toOneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001a\u001c-\u001f\u007f-\u009f]/g, ' ');
}
