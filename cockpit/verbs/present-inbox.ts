/*
 * The inbox as it is shown: each decision with its question, its evidence, and what each answer does.
 *
 * The words are the hub's, so that every surface asks the same. The order is the manager's: what costs
 * most by waiting comes first.
 */
import { formatFingerprint } from '../../protocol/fingerprint.ts';
import type { Hub } from '../hub/hub.ts';
import {
  type Decision,
  describeStatement,
  type FixDecision,
  type JobDecision,
  type PairingDecision,
  type SpawnDecision,
} from '../manager/decision.ts';
import { describeCost, rankDecisions } from '../manager/rank-decisions.ts';
import { makeFittingRows } from './fitting-rows.ts';
import { formatInstant } from './present.ts';
import type { InboxRow } from './shapes.ts';
import { formatDuration } from './text.ts';

type Answers = InboxRow['answers'];

/** What waits for the M2, as it is shown, the most urgent first: so many of it, or all that one answer holds. */
export async function presentInbox(
  hub: Hub,
  countMax = Number.POSITIVE_INFINITY,
): Promise<InboxRow[]> {
  const ranked = rankDecisions(hub.inbox.list());
  const wanted = ranked.slice(0, countMax);
  const rows = await makeFittingRows(wanted, (one) => presentDecision(hub, one));
  return rows.map((row) => ({ ...row, waitingCount: ranked.length }));
}

async function presentDecision(hub: Hub, decision: Decision): Promise<InboxRow> {
  const { id, kind, openedAt, reason } = decision;
  const cost = describeCost(decision);
  const common = { id, kind, openedAt: formatInstant(openedAt), reason, cost };
  switch (decision.kind) {
    case 'pairing':
      return { ...common, ...presentPairing(hub, decision) };
    case 'fix-failed':
      return { ...common, ...presentFix(decision) };
    case 'spawn':
      return { ...common, ...presentSpawn(decision) };
    default:
      return { ...common, ...(await presentJobDecision(hub, decision)) };
  }
}

type Rest = Omit<InboxRow, 'id' | 'kind' | 'openedAt' | 'reason' | 'cost'>;

const noJob = { job: null, attempt: null, endsAt: null } as const;

const noStatement = {
  isIdempotent: null,
  statement: null,
  statementText: null,
  lateOutcome: null,
} as const;

async function presentJobDecision(hub: Hub, decision: JobDecision): Promise<Rest> {
  const { attempt, job: id, statement, kind } = decision;
  const job = await hub.desk.find(id);
  const late = await hub.desk.findLateReport(attempt);
  const worker = hub.workers.find(decision.worker);
  const isIdempotent = job?.spec.isIdempotent ?? false;
  const name = worker?.name ?? '?';
  const facts = [
    { label: 'attempt', text: `${attempt} on ${name} (${worker?.host ?? '?'})` },
    ...(job?.kind === 'command' ? describeAttempts(job.attempts.length) : []),
    ...(kind === 'lost' ? [describeSafety(isIdempotent)] : []),
    ...describeDeadline(job?.spec.deadlineMs),
  ];
  return {
    job: id,
    title: job?.title ?? '',
    attempt,
    worker: worker?.name ?? null,
    host: worker?.host ?? null,
    endsAt: null,
    question: questions[kind](id, name),
    evidence: {
      isIdempotent,
      statement: statement ?? null,
      statementText: statement === undefined ? null : describeStatement(statement),
      lateOutcome: late ?? null,
      facts,
    },
    answers: jobAnswers[kind],
  };
}

function describeAttempts(count: number) {
  return count < 2 ? [] : [{ label: 'tried', text: `${count} times` }];
}

function describeSafety(isIdempotent: boolean) {
  return { label: 'safe', text: isIdempotent ? 'it may run twice' : 'it must not run twice' };
}

function describeDeadline(deadlineMs: number | undefined) {
  if (deadlineMs === undefined) return [];
  return [{ label: 'deadline', text: `${formatDuration(deadlineMs)} from its dispatch` }];
}

const questions: Readonly<Record<JobDecision['kind'], (job: string, worker: string) => string>> = {
  lost: (job) => `Start another attempt at ${job}?`,
  refused: (job, worker) => `${worker} refused ${job}. Try it on another worker?`,
  expired: (job, worker) => `${job} did not begin on ${worker} in time. Dispatch it again?`,
};

const onThat = { how: 'answer NAME', does: 'start another attempt on that worker' } as const;

const jobAnswers: Readonly<Record<JobDecision['kind'], Answers>> = {
  lost: [
    { how: 'approve', does: 'start another attempt, on the worker that fits best' },
    onThat,
    { how: 'reject', does: 'leave it lost' },
  ],
  refused: [
    { how: 'approve', does: 'start another attempt, on another worker that fits' },
    onThat,
    { how: 'reject', does: 'leave it refused' },
  ],
  expired: [
    { how: 'approve', does: 'dispatch it again, with its deadline counted anew' },
    onThat,
    { how: 'reject', does: 'leave it expired' },
  ],
};

function presentFix({ check, subject, on, seen, wanted, plan, severity }: FixDecision): Rest {
  return {
    ...noJob,
    title: seen,
    worker: on ?? null,
    host: null,
    question: `A fix of ${check} did not help${on === undefined ? '' : ` on ${on}`}. Try it again?`,
    evidence: {
      ...noStatement,
      facts: [
        { label: severity, text: `${check} ${subject}`.trim() },
        { label: 'seen', text: seen },
        { label: 'wanted', text: wanted },
        { label: 'its plan', text: plan },
      ],
    },
    answers: [
      { how: 'approve', does: 'apply the fix again, then look again' },
      { how: 'reject', does: 'leave it; the doctor goes on finding it' },
    ],
  };
}

function presentSpawn({ provider, box, boxId }: SpawnDecision): Rest {
  const facts = [
    { label: 'provider', text: provider },
    ...(boxId === undefined
      ? []
      : [{ label: 'there', text: `it is ${boxId} there, and may cost money` }]),
  ];
  const common = { ...noJob, title: provider, worker: null, host: null };
  if (box === undefined) {
    return {
      ...common,
      question: `Boxes for the pool of ${provider} come to nothing. Go on making them?`,
      evidence: { ...noStatement, facts },
      answers: [
        { how: 'approve', does: 'go on filling the pool' },
        { how: 'reject', does: 'make no more for it' },
      ],
    };
  }
  const isThere = boxId !== undefined;
  return {
    ...common,
    title: `${box} of ${provider}`,
    question: `The box ${box} of ${provider} is stuck. Try again?`,
    evidence: { ...noStatement, facts },
    answers: [
      { how: 'approve', does: 'try again what failed' },
      { how: 'reject', does: isThere ? 'let it go; once that fails: forget it' : 'forget it' },
    ],
  };
}

function presentPairing(hub: Hub, { peer, host, expiresAt }: PairingDecision): Rest {
  const known = hub.workers.find(peer);
  return {
    ...noJob,
    title: host,
    worker: known?.name ?? null,
    host,
    endsAt: formatInstant(expiresAt),
    question: `Let the box ${host} in?`,
    evidence: {
      ...noStatement,
      facts: [
        { label: 'key', text: `${formatFingerprint(peer)} (the box shows the same)` },
        ...(known === undefined ? [] : [{ label: 'known', text: `it was ${known.name} before` }]),
      ],
    },
    answers: [
      { how: 'approve', does: 'trust it from now on' },
      { how: 'reject', does: 'turn it away; its invite is used up' },
    ],
  };
}
