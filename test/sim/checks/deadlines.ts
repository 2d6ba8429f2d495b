/*
 * No work starts after its deadline.
 *
 * A deadline is an instant of the hub's wall clock, and the agent knows that clock by the hub's last
 * answer alone: it may be wrong by as much as its own clock ran wrong since. Whoever sets the hub's clock meanwhile moves
 * the deadline, and whoever sets it after that answer moves it unheard, also for work that is dispatched later. A box that was paused on the way to a start could not know.
 */
import type { ProcessNote } from '../history.ts';
import type { Check, Evidence, Finding } from './check.ts';

/** A box's clock may be slow by a tenth. */
const rateError = 0.1;

/** From the last look at the clock to the process lies a start of one, and its timer. */
const slackMs = 250;

/** See the header. */
export const deadlinesCheck: Check = {
  title: 'no work starts after its deadline',
  judge(evidence) {
    const findings: Finding[] = [];
    // Numbers that were given twice: nobody can say whose deadline it was.
    if (evidence.history.isHubRestored) return findings;
    for (const note of evidence.history.processes) {
      const lateMs = findLateness(evidence, note);
      const about = note.attempt.split('.')[0] as `J${number}`;
      if (lateMs <= 0) continue;
      const message = `${note.attempt} started ${Math.round(lateMs)} ms after its deadline`;
      findings.push({ about, message });
    }
    return findings;
  },
};

/** By how much it surely came too late. */
function findLateness({ history, jobs, world }: Evidence, note: ProcessNote): number {
  const { attempt, box, startedAt } = note;
  const [id, n] = attempt.split('.');
  const job = jobs.find((known) => known.id === id);
  const expiresAt = job?.kind === 'command' ? job.attempts[Number(n) - 1]?.expiresAt : undefined;
  if (job === undefined || expiresAt === undefined || history.stains.has(box)) return 0;
  const { hub } = world;
  const isAsleep = history.idle.some(
    (idle) => idle.box === box && idle.at <= startedAt && idle.until >= startedAt - slackMs,
  );
  if (isAsleep) return 0;
  const answer = history.answered.get(box)?.findLast(({ at }) => at < startedAt - slackMs);
  const madeAt = hub.findTime(job.createdAt);
  const knownAt = Math.min(madeAt, answer?.sentAt ?? madeAt);
  if (hub.hasStepped(knownAt, startedAt)) return 0;
  const wrongMs = (startedAt - (answer?.sentAt ?? 0)) * (rateError / (1 - rateError));
  return startedAt - hub.findTime(expiresAt) - wrongMs - slackMs;
}
