/*
 * `wally inbox`, `wally decide` and `wally dismiss`: what needs the M2, and what they say to it.
 *
 * Deciding and what it starts are one batch in the hub, so no answer is half taken; only a fix that is tried
 * again runs first and is written down with what came of it.
 * Errors: DECISION_UNKNOWN, DECISION_CLOSED, USAGE_ARGUMENT, JOB_*, WORKER_*, INVITE_EXPIRED, BOX_UNLANDED.
 */
import { z } from 'zod';
import type { DoctorReport } from '../../protocol/doctor.ts';
import { describeReport } from '../../protocol/doctor-text.ts';
import { AppError } from '../../protocol/errors.ts';
import {
  type Decision,
  type DecisionAnswer,
  type DecisionId,
  isAboutJob,
  type JobDecision,
} from '../manager/decision.ts';
import { chooseAgain } from './choose-again.ts';
import { mendAgain } from './doctor.ts';
import { presentDetail } from './present.ts';
import { presentInbox } from './present-inbox.ts';
import { decisionKinds, type InboxRow, type JobDetail } from './shapes.ts';
import { describeJob } from './text.ts';
import { defineVerb, type Style, type VerbContext } from './verb.ts';

/** Decisions that one `dismiss` closes: as many as may wait. */
const dismissedMax = 10_000;

/** `D3`, also written `d3` or `3`. */
const decisionArgument = z.string().transform((text, context): DecisionId => {
  const parts = /^[Dd]?([1-9]\d{0,11})$/.exec(text.trim());
  if (parts !== null) return `D${Number(parts[1])}`;
  context.addIssue({ code: 'custom', message: `"${text}" is not a decision id (say D3)` });
  return z.NEVER;
});

/** Everything that waits, what costs most by waiting first. */
export const inboxVerb = defineVerb({
  name: 'inbox',
  summary: 'what needs you, with evidence and the answers there are',
  operands: [],
  flags: { limit: { value: 'COUNT', help: 'at most so many; else as many as one answer holds' } },
  danger: 'looks',
  args: z.object({ limit: z.coerce.number().int().min(1).max(dismissedMax).optional() }),
  run: ({ hub }, { limit }) => presentInbox(hub, limit),
  show: showInbox,
  aside: tellRest,
});

/** What came of an answer: the job, the second diagnosis, or who was let in or turned away. */
export type DecideAnswer =
  | JobDetail
  | DoctorReport
  | { readonly decision: DecisionId; readonly did: string };

/** The M2's word. */
export const decideVerb = defineVerb({
  name: 'decide',
  summary: 'approve, reject or answer what the inbox asks',
  operands: ['decision', 'how', 'text…'],
  flags: {},
  danger: 'changes',
  args: z.object({
    decision: decisionArgument,
    how: z.enum(['approve', 'reject', 'answer']),
    text: z.array(z.string()).default([]),
  }),
  async run(context, { decision: id, how, text }): Promise<DecideAnswer> {
    const decision = context.hub.inbox.getOpen(id);
    const words = text.join(' ').trim();
    const answer = { as: how, ...(words === '' ? {} : { text: words }) };
    if (isAboutJob(decision)) return decideJob(context, decision, answer);
    if (how === 'answer') {
      throw new AppError('USAGE_ARGUMENT', `decide: ${id} is approved or rejected.`);
    }
    return decideOther(context, decision, answer);
  },
  show: showDecided,
});

/** Many noes at once. */
export const dismissVerb = defineVerb({
  name: 'dismiss',
  summary: 'reject what the inbox asks, many at once',
  operands: ['decisions…'],
  flags: {
    kind: { value: 'KIND', help: `all of this kind: ${decisionKinds.join(', ')}` },
    all: { help: 'all there is' },
  },
  danger: 'changes',
  args: z.object({
    decisions: z.array(decisionArgument).max(dismissedMax).default([]),
    kind: z.enum(decisionKinds).optional(),
    all: z.boolean().default(false),
  }),
  async run({ hub }, { decisions: ids, kind, all }) {
    if (ids.length === 0 && kind === undefined && !all) {
      throw new AppError('USAGE_ARGUMENT', 'dismiss: name decisions, a --kind, or --all.');
    }
    const named = ids.map((id) => hub.inbox.getOpen(id));
    const wide = hub.inbox.list().filter((one) => all || one.kind === kind);
    const chosen = [...new Set([...named, ...wide])];
    const answer = { as: 'reject' } as const;
    // A box that is turned away takes its invite along.
    const isKnocking = ({ kind: what }: Decision) => what === 'pairing';
    const isBox = ({ kind: what }: Decision) => what === 'spawn';
    const plain = chosen.filter((decision) => !isKnocking(decision) && !isBox(decision));
    await hub.inbox.close(plain.map((decision) => ({ decision, answer })));
    for (const decision of chosen.filter(isKnocking))
      await hub.invites.reject({ decision, answer });
    for (const decision of chosen.filter(isBox)) await hub.spawned.decide({ decision, answer });
    return { dismissed: chosen.map(({ id }) => id) };
  },
  show: ({ dismissed }) =>
    dismissed.length === 0 ? 'There was nothing to dismiss.' : `Dismissed ${dismissed.join(', ')}.`,
});

type Answer = Omit<DecisionAnswer, 'at'>;

async function decideJob(
  { hub }: VerbContext,
  decision: JobDecision,
  answer: Answer,
): Promise<JobDetail> {
  const { as, text } = answer;
  if (as === 'answer' && text === undefined) {
    throw new AppError('USAGE_ARGUMENT', 'decide: answer with the name of a worker.');
  }
  const job = await hub.desk.get(decision.job);
  if (job.kind === 'group') throw new AppError('JOB_GROUP');
  if (as === 'reject') {
    // Somebody else may have decided while we read.
    hub.inbox.getOpen(decision.id);
    await hub.inbox.close([{ decision, answer }]);
    return presentDetail(hub, await hub.desk.get(decision.job));
  }
  const on = as === 'answer' ? text : undefined;
  // Who refused it would refuse it again.
  const besides = decision.kind === 'refused' ? decision.worker : undefined;
  const worker = chooseAgain(hub, job, { on, besides });
  return presentDetail(hub, await hub.desk.retry(job, worker, { decision, answer }));
}

async function decideOther(
  context: VerbContext,
  decision: Exclude<Decision, JobDecision>,
  answer: Answer,
): Promise<DecideAnswer> {
  const { hub } = context;
  const { id } = decision;
  if (answer.as === 'approve' && decision.kind === 'fix-failed') {
    return mendAgain(context, { decision, answer });
  }
  if (decision.kind === 'spawn') {
    await hub.spawned.decide({ decision, answer });
    return {
      decision: id,
      did: answer.as === 'approve' ? 'It is tried again.' : 'It is given up.',
    };
  }
  if (answer.as === 'approve') {
    const { name } = await hub.approvePairing({ decision, answer });
    return { decision: id, did: `It is in, as ${name}.` };
  }
  if (decision.kind === 'pairing') await hub.invites.reject({ decision, answer });
  else await hub.inbox.close([{ decision, answer }]);
  return { decision: id, did: 'It was dismissed.' };
}

function showDecided(answer: DecideAnswer, style: Style): string {
  if ('did' in answer) return `${style.strong(answer.decision)} ${answer.did}`;
  if ('findings' in answer) return describeReport(answer, 'it');
  return `${style.strong(answer.id)} ${describeJob(answer, style)}`;
}

/** What was left out is said, in JSON too. */
function tellRest(rows: readonly InboxRow[]): string | undefined {
  // Of several hubs each has an inbox of its own.
  const hubs = new Map(
    rows.map(({ id, waitingCount }) => [id.replace(/[^:]*$/, ''), waitingCount]),
  );
  const waiting = [...hubs.values()].reduce<number>((sum, count) => sum + (count ?? 0), 0);
  if (waiting <= rows.length) return undefined;
  return `${rows.length} of ${waiting} are listed, the most urgent; what is decided makes room.`;
}

function showInbox(rows: readonly InboxRow[], style: Style): string {
  if (rows.length === 0) return 'Nothing needs you.';
  return rows.map((row) => showDecision(row, style)).join('\n\n');
}

function showDecision(row: InboxRow, style: Style): string {
  const { evidence } = row;
  const late = evidence.lateOutcome === null ? [] : [`It reported ${evidence.lateOutcome} later.`];
  const back = evidence.statementText === null ? [] : [evidence.statementText];
  const ends = row.endsAt === null ? [] : [`It can be answered until ${row.endsAt}.`];
  return [
    `${style.strong(row.id)} ${row.question}  ${style.dim(row.title)}`,
    ...(row.reason === '' ? [] : [`   ${row.reason}`]),
    ...evidence.facts.map(({ label, text }) => `   ${label}: ${text}`),
    ...[...back, ...late, ...ends].map((line) => `   ${line}`),
    ...row.answers.map(({ how, does }) => `   wally decide ${row.id} ${how}`.padEnd(34) + does),
  ].join('\n');
}
