/*
 * Work with a lease ends when the hub has not answered for its term.
 *
 * Judged from outside: when a ping left that was answered, all that the hub had queued by then being
 * acknowledged. A process that was asked to end, or ended, later than its term after the newest of
 * these was acting without a right. Where its agent was dead, asleep or on a stalled disk meanwhile,
 * nobody was there to end it. Source: reliability facts R14-R16.
 */
import type { ProcessNote } from '../history.ts';
import type { Check, Evidence, Finding } from './check.ts';

/** A box's clock may be slow by a tenth. */
const rateError = 0.1;

/** A look each second, an uptime in whole seconds, and a row that has to be on the disk. */
const slackMs = 3000;

/** See the header. */
export const leasesCheck: Check = {
  title: 'work with a lease ends with it',
  judge(evidence) {
    const findings: Finding[] = [];
    if (evidence.history.isHubRestored) return findings;
    for (const note of evidence.history.processes) {
      const termMs = findTerm(evidence, note);
      if (termMs === undefined || isUnwatched(evidence, note, termMs)) continue;
      const lateMs = findLateness(evidence, note, termMs);
      const about = note.attempt.split('.')[0] as `J${number}`;
      if (lateMs <= 0) continue;
      const message = `${note.attempt} went on for ${Math.round(lateMs)} ms without its lease`;
      findings.push({ about, message });
    }
    return findings;
  },
};

function findTerm({ jobs }: Evidence, { attempt }: ProcessNote): number | undefined {
  const job = jobs.find(({ id }) => attempt.startsWith(`${id}.`));
  return job?.spec.stopAfterMs;
}

/** Was there a time in its life when its agent could not act, or was not to be trusted? */
function isUnwatched({ history }: Evidence, note: ProcessNote, termMs: number): boolean {
  const { box, startedAt } = note;
  const from = startedAt - termMs;
  const to = (note.asked?.at ?? note.endedAt ?? Number.POSITIVE_INFINITY) + slackMs;
  return (
    history.stains.has(box) ||
    history.fullBoxes.has(box) ||
    history.idle.some((idle) => idle.box === box && idle.at <= to && idle.until >= from)
  );
}

/** The longest time for which it went on after its term was over. */
function findLateness({ history }: Evidence, note: ProcessNote, termMs: number): number {
  const { box, startedAt } = note;
  const endedAt = note.asked?.at ?? note.endedAt ?? history.healedAt;
  const allowedMs = termMs / (1 - rateError) + slackMs;
  let sentAt = 0;
  let lateMs = 0;
  for (const answer of [...(history.answered.get(box) ?? []), { at: endedAt, sentAt: endedAt }]) {
    const until = Math.min(answer.at, endedAt);
    // What it was begun by may be acknowledged a moment later.
    if (until > startedAt + slackMs) lateMs = Math.max(lateMs, until - sentAt - allowedMs);
    sentAt = Math.max(sentAt, answer.sentAt);
    if (answer.at >= endedAt) break;
  }
  return lateMs;
}
