/*
 * An outcome says what happened.
 *
 * Good and bad follow the exit code of the one process, which is over by then. The other outcomes
 * need their cause: somebody cancelled, a deadline passed, a start was refused, a worker was really
 * silent, wiped, revoked or killed. Without a cause the hub or an agent made it up.
 */
import { guardStateMs } from '../../../agent/guard/limits.ts';
import { deadlineGraceMs } from '../../../cockpit/hub/watch-leases.ts';
import type { AttemptEnd } from '../../../cockpit/manager/attempt-machine.ts';
import type { AttemptRecord, CommandJob } from '../../../cockpit/manager/job.ts';
import type { ProcessNote, Sight } from '../history.ts';
import type { Check, Evidence, Finding } from './check.ts';
import { isSuperseded } from './superseded.ts';

/** Silence is measured between looks and frames; shorter than promised by this much is no lie. */
const slackMs = 250;

/** From the decision to end work to the asking lies a row that has to be on the disk. */
const decidingMs = 6000;

/** What the hub's clock is known by may have come so long before the work; a link without more has ended. */
const clockReadMs = 10_000;

/** Uptimes count whole seconds. */
const uptimeErrorMs = 1000;

interface Case {
  readonly evidence: Evidence;
  readonly job: CommandJob;
  readonly attempt: AttemptRecord;
  readonly end: AttemptEnd;
  readonly process: ProcessNote | undefined;
  /** The first sight of the outcome; one that was lost may have been opened again. */
  readonly seen: Sight;
  readonly box: string;
}

/** See the header. */
export const truthCheck: Check = {
  title: 'an outcome says what happened',
  judge(evidence) {
    const findings: Finding[] = [];
    // Numbers that were given twice: nobody can say which job a process was of.
    if (evidence.history.isHubRestored) return findings;
    for (const job of evidence.jobs) {
      if (job.kind === 'group') continue;
      for (const attempt of job.attempts) {
        const known = makeCase(evidence, job, attempt);
        const lie = known === undefined ? undefined : findLie(known);
        if (lie !== undefined) {
          findings.push({ about: job.id, message: `${job.id}.${attempt.n}: ${lie}` });
        }
      }
    }
    return findings;
  },
};

function makeCase(evidence: Evidence, job: CommandJob, attempt: AttemptRecord): Case | undefined {
  if (attempt.state.is !== 'finished') return undefined;
  const { history, world } = evidence;
  const seen = findEndSight(history.sights, job, attempt);
  const process = history.processes.find((note) => note.attempt === `${job.id}.${attempt.n}`);
  if (seen === undefined) return undefined;
  const box = world.findBox(attempt.worker)?.name ?? '?';
  if (history.stains.has(box)) return undefined;
  return { evidence, job, attempt, end: attempt.state.end, process, seen, box };
}

function findEndSight(
  sights: readonly Sight[],
  { id }: CommandJob,
  { n }: AttemptRecord,
): Sight | undefined {
  let seen: Sight | undefined;
  for (let index = sights.length - 1; index >= 0; index -= 1) {
    const sight = sights[index];
    if (sight?.job.id !== id || sight.job.kind !== 'command') continue;
    if (sight.job.attempts[n - 1]?.state.is !== 'finished') return seen;
    seen = sight;
  }
  return seen;
}

/** The workshop refused it, or the agent on a disk that was full, or because its guard was killed as it began. */
function isRefusal({ evidence: { history }, job, attempt, end, seen, box }: Case): boolean {
  if (history.refusals.has(`${job.id}.${attempt.n}`)) return true;
  const isGuardGone = history.guardEnds.some((gone) => gone.box === box && gone.at <= seen.at);
  if (end.code === 'JOB_UNGUARDED' && isGuardGone) return true;
  const isOfDisk = end.code === 'DISK_LOW' || end.code === 'DISK_FULL';
  return isOfDisk && history.fullBoxes.has(box);
}

function findLie(known: Case): string | undefined {
  const { end, process, seen } = known;
  if (end.outcome !== 'lost' && !isSuperseded(end) && process !== undefined) {
    if (process.isAlive || (process.endedAt ?? 0) > seen.at) return 'told while the process ran';
  }
  switch (end.outcome) {
    case 'succeeded':
      return process?.exitCode === 0 ? undefined : `succeeded, exit code ${process?.exitCode}`;
    case 'failed':
      if (process?.exitCode !== undefined && process.exitCode === end.usage.exitCode) {
        return process.exitCode === 0 ? 'failed with exit code 0' : undefined;
      }
      return `failed with ${end.usage.exitCode}, exit code was ${process?.exitCode}`;
    case 'refused':
      return isRefusal(known) ? undefined : `refused (${end.reason}), and nobody did`;
    case 'cancelled':
      return findCancelLie(known);
    case 'expired':
      return findExpiryLie(known);
    case 'lost':
      return findLossLie(known);
  }
}

function findCancelLie({ evidence, job, end, process, box }: Case): string | undefined {
  const { history } = evidence;
  if (end.code === 'LEASE_LAPSED') {
    // Decided, and then it ended by itself before it was asked.
    if (process?.asked === undefined) return undefined;
    const { at } = process.asked;
    const answers = history.confirmed.get(box) ?? [];
    // A disk that fails keeps that row waiting for as long as it does.
    const stalledAt = history.idle
      .filter((idle) => idle.box === box && idle.at <= at && idle.until >= at - decidingMs)
      .map((idle) => idle.at);
    const decidedAt =
      findGuardKnowledge(evidence, process) ?? Math.min(at, ...stalledAt) - decidingMs;
    const sentAt = answers.findLast((answer) => answer.at < decidedAt)?.sentAt ?? 0;
    // The agent's clock may be fast by a tenth, and an uptime may be a second ahead.
    const termMs = job.spec.stopAfterMs ?? Number.POSITIVE_INFINITY;
    if (at - sentAt >= termMs * 0.9 - slackMs - uptimeErrorMs) return undefined;
    return `stopped ${Math.round(at - sentAt)} ms after a ping that was answered`;
  }
  if (end.reason?.includes('agent was stopped') === true) {
    const wasStopped = history.agentEnds.some((note) => note.box === box);
    return wasStopped ? undefined : 'its agent was not stopped';
  }
  if (isSuperseded(end)) {
    return job.attempts.length > 1 ? undefined : `superseded (${end.reason}), and it is alone`;
  }
  const isAsked =
    history.cancels.has(job.id) || (job.parent !== null && history.cancels.has(job.parent));
  return isAsked ? undefined : `cancelled (${end.reason}), and nobody asked`;
}

/** A guard that ended it knew what its agent had heard when that stopped, a moment to tell it before. */
function findGuardKnowledge(
  { history }: Evidence,
  { attempt, box }: ProcessNote,
): number | undefined {
  const act = history.guardActs.find((known) => known.attempt === attempt);
  if (act === undefined) return undefined;
  const idle = history.idle.findLast((time) => time.box === box && time.at <= act.at);
  return (idle?.at ?? act.at) - guardStateMs - slackMs;
}

/**
 * A box knows the hub's clock by an answer, and counts all the time that passed since it had asked: where
 * the hub was slow to answer, by so much it takes the clock for later than it is.
 */
function findClockErrorMs({ evidence: { history }, job, attempt, seen, box }: Case): number {
  const reads = (history.clockReads.get(box) ?? []).filter(({ at }) => at <= seen.at);
  const leftAt = history.leftAt.get(`${job.id}.${attempt.n}`) ?? seen.at;
  const recent = reads.filter(({ at }) => at >= leftAt - clockReadMs);
  const known = recent.length > 0 ? recent : reads.slice(-1);
  return Math.max(0, ...known.map(({ tookMs }) => tookMs));
}

function findExpiryLie(known: Case): string | undefined {
  const { evidence, job, attempt, seen } = known;
  const { deadlineMs } = job.spec;
  if (deadlineMs === undefined || attempt.expiresAt === undefined) return 'no deadline';
  const { hub } = evidence.world;
  const queuedAt = hub.findTime(job.createdAt);
  // The deadline is an instant of the hub's clock; whoever sets that moves the deadline too.
  if (hub.hasStepped(queuedAt, seen.at)) return undefined;
  // A clock that is fast by a tenth makes the deadline come early by so much of the run.
  const earlyMs = hub.findTime(attempt.expiresAt ?? 0) - seen.at;
  return earlyMs > seen.at * 0.15 + findClockErrorMs(known) + slackMs
    ? `expired ${earlyMs} ms early`
    : undefined;
}

function findLossLie({ evidence, job, attempt, end, seen, box }: Case): string | undefined {
  const { history } = evidence;
  const ends = history.agentEnds.filter((note) => note.box === box && note.at <= seen.at);
  const reason = end.reason ?? '';
  if (reason.includes('was revoked')) {
    return history.revokes.has(attempt.worker) ? undefined : 'its worker was not revoked';
  }
  // Given up after its silence for another one, which then settled the job.
  if (isSuperseded(end)) {
    return job.attempts.length > 1 ? undefined : 'superseded, and it is alone';
  }
  const isOverdue = reason.startsWith('Its deadline passed');
  if (reason.includes('not heard of for') || isOverdue) {
    // Decided then, told once it was on the disk; what came in between came too late.
    const decidedAt = evidence.world.hub.findTime(end.at);
    const heardAt = history.arrivals.get(box)?.findLast((at) => at < decidedAt) ?? 0;
    // Seen first by a later start of the hub, which says nothing of the one that decided.
    const awakeSince = seen.awakeSince > decidedAt ? 0 : seen.awakeSince;
    const silentMs = decidedAt - Math.max(heardAt, awakeSince);
    const neededMs = isOverdue ? deadlineGraceMs : job.spec.lostAfterMs;
    if (isOverdue && attempt.expiresAt === undefined) return 'overdue without a deadline';
    if (silentMs >= neededMs - slackMs) return undefined;
    return `lost after only ${Math.round(silentMs)} ms of silence`;
  }
  if (reason.includes('with another store') || reason.includes('does not know this job')) {
    // One that was open to its coming back, after its end had been told and settled.
    if (job.attempts.length > attempt.n && job.spec.reconcile !== undefined) return undefined;
    return ends.some(({ how }) => how === 'wiped') ? undefined : `lost (${reason}), not wiped`;
  }
  if (reason.includes('agent was killed')) {
    return ends.length > 0 ? undefined : 'its agent was not killed';
  }
  return `lost for an unknown reason: ${reason}`;
}
