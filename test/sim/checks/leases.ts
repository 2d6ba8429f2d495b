/*
 * Work with a lease ends when the hub has not answered for its term.
 *
 * Judged from outside: when a ping left that was answered, all that the hub had queued by then being
 * acknowledged. A process that was asked to end, or ended, later than its term after the newest of
 * these was acting without a right. Where its agent was dead, asleep or on a stalled disk meanwhile,
 * its guard is who ends it, a little later; only where that died too was nobody there. Source: reliability facts R14-R16.
 */
import type { ProcessNote } from '../history.ts';
import type { Check, Evidence, Finding } from './check.ts';

/** A box's clock may be slow by a tenth. */
const rateError = 0.1;

/** A look each second, an uptime in whole seconds, and a row that has to be on the disk. */
const slackMs = 3000;

/** A guard lets an agent go first, and its ticks are a second apart. */
const guardSlackMs = 2000;

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

/** A guard stands in for an agent that cannot act, and for no other. */
export const guardsCheck: Check = {
  title: 'a guard acts only where its agent cannot',
  judge({ history }) {
    const { guardActs, stains, fullBoxes, idle } = history;
    const acts = guardActs.filter(({ box, at }) => {
      const wasIdle = idle.some(
        (time) => time.box === box && time.at <= at && time.until >= at - slackMs,
      );
      return !wasIdle && !stains.has(box) && !fullBoxes.has(box);
    });
    return acts.map(({ attempt, at }) => ({
      about: attempt.split('.')[0] as `J${number}`,
      message: `${attempt} was ended by its guard at ${Math.round(at)} while its agent could`,
    }));
  },
};

function findTerm({ jobs }: Evidence, { attempt }: ProcessNote): number | undefined {
  const job = jobs.find(({ id }) => attempt.startsWith(`${id}.`));
  return job?.spec.stopAfterMs;
}

/** Was its agent not to be trusted, or was there nobody who could act when it had to end? */
function isUnwatched(evidence: Evidence, note: ProcessNote, termMs: number): boolean {
  const { history } = evidence;
  const { box, startedAt } = note;
  const to = note.asked?.at ?? note.endedAt ?? Number.POSITIVE_INFINITY;
  const wasGuardKilled = history.guardEnds.some(
    (end) => end.box === box && end.at >= startedAt - termMs && end.at <= to,
  );
  return (
    history.stains.has(box) ||
    history.fullBoxes.has(box) ||
    (wasGuardKilled && wasIdle(evidence, note, termMs))
  );
}

/** Was there a time in its life when its agent could not act? */
function wasIdle({ history }: Evidence, note: ProcessNote, termMs: number): boolean {
  const { box, startedAt } = note;
  const from = startedAt - termMs;
  const to = (note.asked?.at ?? note.endedAt ?? Number.POSITIVE_INFINITY) + slackMs;
  return history.idle.some((idle) => idle.box === box && idle.at <= to && idle.until >= from);
}

/** The longest time for which it went on after its term was over. */
function findLateness(evidence: Evidence, note: ProcessNote, termMs: number): number {
  const { history } = evidence;
  const { box, startedAt } = note;
  const endedAt = note.asked?.at ?? note.endedAt ?? history.healedAt;
  const guardMs = wasIdle(evidence, note, termMs) ? guardSlackMs : 0;
  const allowedMs = termMs / (1 - rateError) + slackMs + guardMs;
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
