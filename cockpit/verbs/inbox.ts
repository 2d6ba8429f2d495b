/*
 * `wally inbox` and `wally decide`: what needs the M2, and what they say to it.
 *
 * Today the inbox asks about lost attempts only: whether to start another in their place. Deciding and
 * what it starts are one batch in the hub, so no answer is half taken.
 * Errors: DECISION_UNKNOWN, DECISION_CLOSED, USAGE_ARGUMENT, JOB_*, WORKER_*.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import type { Hub } from '../hub/hub.ts';
import { type Decision, type DecisionId, describeStatement } from '../manager/decision.ts';
import { chooseAgain } from './choose-again.ts';
import { formatInstant, presentDetail } from './present.ts';
import type { InboxRow, JobDetail } from './shapes.ts';
import { describeJob } from './text.ts';
import { defineVerb, type Style } from './verb.ts';

/** `D3`, also written `d3` or `3`. */
const decisionArgument = z.string().transform((text, context): DecisionId => {
  const parts = /^[Dd]?([1-9]\d{0,11})$/.exec(text.trim());
  if (parts !== null) return `D${Number(parts[1])}`;
  context.addIssue({ code: 'custom', message: `"${text}" is not a decision id (say D3)` });
  return z.NEVER;
});

/** Everything that waits, what has waited longest first. */
export const inboxVerb = defineVerb({
  name: 'inbox',
  summary: 'what needs you, with evidence and the answers there are',
  operands: [],
  flags: {},
  danger: 'looks',
  args: z.object({}),
  run: ({ hub }) => presentInbox(hub),
  show: showInbox,
});

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
  async run({ hub }, { decision: id, how, text }): Promise<JobDetail> {
    const decision = hub.desk.getOpenDecision(id);
    const words = text.join(' ').trim();
    if (how === 'answer' && words === '') {
      throw new AppError('USAGE_ARGUMENT', 'decide: answer with the name of a worker.');
    }
    const job = await hub.desk.get(decision.job);
    if (job.kind === 'group') throw new AppError('JOB_GROUP');
    const answer = { as: how, ...(words === '' ? {} : { text: words }) };
    if (how === 'reject') {
      await hub.desk.decide(decision, answer);
      return presentDetail(hub, await hub.desk.get(decision.job));
    }
    const worker = chooseAgain(hub, job, how === 'answer' ? words : undefined);
    return presentDetail(hub, await hub.desk.retry(job, worker, { decision, answer }));
  },
  show: (job, style) => `${style.strong(job.id)} ${describeJob(job, style)}`,
});

/** Everything that waits for the M2, as it is shown; what has waited longest comes first. */
export function presentInbox(hub: Hub): Promise<InboxRow[]> {
  return Promise.all(hub.desk.listDecisions().map((decision) => presentDecision(hub, decision)));
}

async function presentDecision(hub: Hub, decision: Decision): Promise<InboxRow> {
  const { id, kind, attempt, openedAt, reason, statement } = decision;
  const job = await hub.desk.get(decision.job);
  const late = await hub.desk.findLateReport(attempt);
  const worker = hub.workers.find(decision.worker);
  return {
    id,
    kind,
    job: decision.job,
    title: job.title,
    attempt,
    worker: worker?.name ?? null,
    host: worker?.host ?? null,
    openedAt: formatInstant(openedAt),
    question: `Start another attempt at ${decision.job}?`,
    reason,
    evidence: {
      isIdempotent: job.spec.isIdempotent,
      statement: statement ?? null,
      statementText: statement === undefined ? null : describeStatement(statement),
      lateOutcome: late ?? null,
    },
    answers: [
      { how: 'approve', does: 'start another attempt, on the worker that fits best' },
      { how: 'answer NAME', does: 'start another attempt on that worker' },
      { how: 'reject', does: 'leave it lost' },
    ],
  };
}

function showInbox(rows: readonly InboxRow[], style: Style): string {
  if (rows.length === 0) return 'Nothing needs you.';
  return rows.map((row) => showDecision(row, style)).join('\n\n');
}

function showDecision(row: InboxRow, style: Style): string {
  const { evidence } = row;
  const late = evidence.lateOutcome === null ? [] : [`It reported ${evidence.lateOutcome} later.`];
  const back = evidence.statementText === null ? [] : [evidence.statementText];
  return [
    `${style.strong(row.id)} ${row.question}  ${style.dim(row.title)}`,
    `   ${row.attempt} on ${row.worker ?? '?'}: ${row.reason}`,
    ...[...back, ...late].map((line) => `   ${line}`),
    ...row.answers.map(({ how, does }) => `   wally decide ${row.id} ${how}`.padEnd(34) + does),
  ].join('\n');
}
