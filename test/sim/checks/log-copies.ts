/*
 * The hub's copy of a log is what the process wrote.
 *
 * Every byte must be the byte that the process wrote at that offset, from the first one on without
 * a hole, and never more than it wrote. Where the agent saw the end, nothing may be missing. Where it
 * was killed, the copy reaches at least as far as what the worker said it had. A wiped box loses what
 * it had not sent.
 */
import type { AttemptEnd } from '../../../cockpit/manager/attempt-machine.ts';
import type { ProcessNote } from '../history.ts';
import { makeOutput } from '../output.ts';
import type { Check, Evidence, Finding, LogCopy } from './check.ts';

/** See the header. */
export const logCopiesCheck: Check = {
  title: 'the copy of a log is what was written',
  judge(evidence) {
    const findings: Finding[] = [];
    // Numbers that were given twice: two logs under one name.
    if (evidence.history.isHubRestored) return findings;
    for (const note of evidence.history.processes) {
      // Two agents with one key write one log.
      if (evidence.history.stains.get(note.box)?.has('twin')) continue;
      const copy = evidence.copies.get(note.attempt);
      const about = note.attempt.split('.')[0] as `J${number}`;
      const flaw = copy === undefined ? 'there is none' : findFlaw(evidence, note, copy);
      if (flaw !== undefined && isOfTwin(evidence, note)) continue;
      if (flaw !== undefined) findings.push({ about, message: `log of ${note.attempt}: ${flaw}` });
    }
    return findings;
  },
};

/** One of two with the same store ran it too, and the copy is what that one wrote. */
function isOfTwin(evidence: Evidence, note: ProcessNote): boolean {
  const { stains, processes } = evidence.history;
  const copy = evidence.copies.get(note.attempt);
  return processes.some(
    (other) =>
      other !== note &&
      other.attempt === note.attempt &&
      (stains.get(other.box)?.has('twin') ?? stains.get(note.box)?.has('twin')) === true &&
      copy !== undefined &&
      findFlaw(evidence, other, copy) === undefined,
  );
}

function findFlaw(evidence: Evidence, note: ProcessNote, copy: LogCopy): string | undefined {
  const { attempt, takenBytes } = note;
  let next = 0;
  for (const { offset, bytes } of copy.records) {
    if (offset !== next) return `a hole from ${next} to ${offset}`;
    const written = makeOutput(attempt, offset, bytes.length);
    if (Buffer.compare(bytes, written) !== 0) {
      const wrong = bytes.findIndex((byte, at) => byte !== written[at]);
      return `another byte at ${offset + wrong}`;
    }
    next = offset + bytes.length;
  }
  if (copy.end !== next) return `a hole from ${next} to its end at ${copy.end}`;
  const most = findMost(evidence, note);
  if (next > most) return `${next} bytes of ${most}`;
  const end = findReport(evidence, note);
  if (end === undefined) return undefined;
  if (next < (end.logBytes ?? 0)) return `${next} bytes, ${end.logBytes} were promised`;
  if (end.outcome !== 'lost' && next !== takenBytes) return `${next} bytes of ${takenBytes}`;
  return undefined;
}

/** What was taken of this attempt at most: a twin of its box may have run it too, and been killed. */
function findMost({ history }: Evidence, { attempt }: ProcessNote): number {
  const same = history.processes.filter((note) => note.attempt === attempt);
  return Math.max(...same.map(({ takenBytes }) => takenBytes));
}

/** The end that the worker reported, where the hub took it and the worker kept its word. */
export function findReport(
  { jobs, history, world }: Evidence,
  note: ProcessNote,
): AttemptEnd | undefined {
  const [id, n] = note.attempt.split('.');
  const job = jobs.find((known) => known.id === id);
  const attempt = job?.kind === 'command' ? job.attempts[Number(n) - 1] : undefined;
  if (attempt?.state.is !== 'finished' || attempt.state.end.logBytes === undefined)
    return undefined;
  // Reported and then wiped or revoked: the rest of the log was never sent.
  const box = world.findBox(attempt.worker)?.name;
  const isWiped = history.agentEnds.some((end) => end.box === box && end.how === 'wiped');
  const isStained = box !== undefined && history.stains.has(box);
  return isWiped || isStained || history.revokes.has(attempt.worker)
    ? undefined
    : attempt.state.end;
}
