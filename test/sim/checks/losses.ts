/*
 * What is lost is replaced only where that was allowed and is safe; all else is asked about.
 *
 * An attempt that the hub began by itself follows a lost or given-up one of a job that was declared
 * idempotent and replaceable, and no process of an earlier attempt lives when its own begins. A job
 * that stays lost, refused, or expired before it began has an open decision, unless somebody had asked
 * for its end or answered already; and nothing else is asked about. Source: reliability facts R12, R17.
 */
import type { JobDecision } from '../../../cockpit/manager/decision.ts';
import {
  type AttemptRecord,
  type CommandJob,
  findEnd,
  formatAttemptId,
  getCurrentAttempt,
} from '../../../cockpit/manager/job.ts';
import type { Check, Evidence, Finding } from './check.ts';

/** See the header. */
export const lossesCheck: Check = {
  title: 'what is lost is replaced safely or asked about',
  judge(evidence) {
    // A hub put back to an old copy has forgotten what it asked, and gives numbers twice.
    if (evidence.history.isHubRestored) return [];
    const commands = evidence.jobs.filter((job) => job.kind === 'command');
    return [
      ...commands.flatMap((job) => judgeReplacements(evidence, job)),
      ...commands.flatMap((job) => judgeAsked(evidence, job)),
      ...judgeDecisions(evidence, commands),
    ];
  },
};

function judgeReplacements({ history }: Evidence, job: CommandJob): readonly Finding[] {
  if (job.attempts.length < 2 || history.begunByPeople.has(job.id)) return [];
  const findings: Finding[] = [];
  const about = job.id;
  if (!job.spec.isIdempotent || job.spec.mayReplace !== true) {
    findings.push({ about, message: `${job.id} was started again, and nobody allowed that` });
  }
  const processes = history.processes.filter(({ attempt }) => attempt.startsWith(`${job.id}.`));
  for (const { attempt, startedAt, box } of processes) {
    const elder = processes.find(
      (other) =>
        other.attempt < attempt &&
        other.startedAt < startedAt &&
        (other.endedAt ?? Number.POSITIVE_INFINITY) > startedAt &&
        !history.stains.has(other.box),
    );
    const n = Number(attempt.split('.')[1]);
    const hasLease = job.spec.stopAfterMs !== undefined;
    // What had a lease is over by then: it may come back with a result, and never begin.
    const mayBegin = (job.spec.reconcile ?? 'keep-replacement') !== 'keep-replacement' && !hasLease;
    const younger = processes.find(
      (other) => Number(other.attempt.split('.')[1]) > n && other.startedAt < startedAt,
    );
    // A copy of its box may have said that it is lost, while the box itself has it and is not heard.
    const isCopied = history.stains.get(box)?.has('twin') === true;
    if (!mayBegin && !isCopied && younger !== undefined) {
      findings.push({ about, message: `${attempt} began after ${younger.attempt} had` });
    }
    if (elder === undefined || !hasLease) continue;
    findings.push({ about, message: `${elder.attempt} still ran when ${attempt} began` });
  }
  return findings;
}

/** A job that came to nothing is in the inbox. */
function judgeAsked({ history, decisions }: Evidence, job: CommandJob): readonly Finding[] {
  const wasAnswered = history.begunByPeople.has(job.id) || history.decided.has(job.id);
  const wasCancelled = job.attempts.some(({ state }) => state.cancelAskedAt !== undefined);
  const kind = findKind(job);
  if (kind === undefined || wasAnswered || wasCancelled) return [];
  if (decisions.some((decision) => decision.job === job.id && decision.kind === kind)) return [];
  return [{ about: job.id, message: `${job.id} is ${kind} and nobody is asked about it` }];
}

function judgeDecisions(
  { decisions, history }: Evidence,
  jobs: readonly CommandJob[],
): readonly Finding[] {
  return decisions.flatMap(({ id, kind, job: about, attempt }) => {
    if (history.begunByPeople.has(about)) return [];
    const job = jobs.find((known) => known.id === about);
    const asked = job?.attempts.find(({ n }) => formatAttemptId(about, n) === attempt);
    const isSo = asked?.state.is === 'finished' && findKindOf(asked.state) === kind;
    return isSo && job !== undefined && findKind(job) === kind
      ? []
      : [{ about, message: `${id} asks about ${attempt}, which is not ${kind}` }];
  });
}

/** What the M2 would be asked about the job as it ended. */
function findKind(job: CommandJob): JobDecision['kind'] | undefined {
  const { state } = getCurrentAttempt(job);
  return findEnd(job) === undefined || state.is !== 'finished' ? undefined : findKindOf(state);
}

/**
 * Lost, or ended by its worker because its lease was not renewed: nobody wanted that end. Refused, or
 * overtaken by its deadline before it began: it came to nothing without having run.
 */
function findKindOf(
  state: Extract<AttemptRecord['state'], { is: 'finished' }>,
): JobDecision['kind'] | undefined {
  const { outcome, code, startedAt } = state.end;
  if (outcome === 'lost' || code === 'LEASE_LAPSED') return 'lost';
  if (outcome === 'refused') return 'refused';
  const hasBegun = state.times.startedAt !== undefined || startedAt !== undefined;
  return outcome === 'expired' && !hasBegun ? 'expired' : undefined;
}
