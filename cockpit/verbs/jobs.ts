/*
 * The verbs that look at jobs and steer them: jobs, job, cancel, retry, wait.
 *
 * Errors: DISK_FULL, STORE_REOPENING, JOB_UNKNOWN, JOB_FINISHED, JOB_UNFINISHED, JOB_GROUP, WORKER_*, WAIT_TIMEOUT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import type { Outcome } from '../../protocol/model.ts';
import { type NewestJobs, pickNewest } from '../hub/newest-jobs.ts';
import type { JobRecord } from '../manager/job.ts';
import { durationArgument, jobArgument } from './arguments.ts';
import { awaitJob } from './await-job.ts';
import { chooseAgain } from './choose-again.ts';
import { makeFittingRows } from './fitting-rows.ts';
import { presentDetail, presentJob } from './present.ts';
import type { AttemptRow, JobDetail, JobRow } from './shapes.ts';
import {
  describeJob,
  describeKept,
  formatDuration,
  showArtifacts,
  showJobs,
  showTable,
} from './text.ts';
import { defineVerb, type Style } from './verb.ts';

/** Jobs that one listing gives; the next one goes on before its last. */
export const jobsListedMax = 1000;

/** Jobs that one `wait` waits for. */
export const jobsAwaitedMax = 256;

const oneJob = z.object({ job: jobArgument });

/** One row of `wally jobs`. `hasOlder`: it is the last of a list before which there are others. */
export type ListedJob = JobRow & { readonly hasOlder?: true };

/** Newest first. */
export const jobsVerb = defineVerb({
  name: 'jobs',
  summary: 'list jobs, newest first',
  operands: [],
  flags: {
    active: { help: 'only those that have not ended' },
    limit: { value: 'COUNT', help: `at most so many (100, or up to ${jobsListedMax})` },
    before: { value: 'JOB', help: 'only older ones than this: where an earlier list ended' },
  },
  danger: 'looks',
  args: z.object({
    active: z.boolean().default(false),
    limit: z.coerce.number().int().min(1).max(jobsListedMax).default(100),
    before: jobArgument.optional(),
  }),
  async run({ hub }, { active, limit, before }): Promise<readonly ListedJob[]> {
    const { desk } = hub;
    // One that is not listed shows that there are more.
    const wish = { countMax: limit + 1, before };
    const { jobs, unread }: NewestJobs = active
      ? { jobs: pickNewest(desk.listActive(), wish) }
      : await desk.listNewest(wish);
    // Nothing would look as if there were no job.
    if (unread !== undefined && jobs.length === 0) throw unread;
    const left = unread === undefined ? {} : { endedUnread: unread.code };
    const listed: readonly ListedJob[] = await makeFittingRows(
      jobs.slice(0, limit),
      async (job) => ({ ...(await presentJob(hub, job)), ...left }),
    );
    if (jobs.length <= listed.length) return listed;
    return listed.map((row, at) => (at < listed.length - 1 ? row : { ...row, hasOlder: true }));
  },
  show: showJobs,
  aside: (rows) => {
    const words = [tellUnread(rows), tellOlder(rows)].filter((some) => some !== undefined);
    return words.length === 0 ? undefined : words.join('\n');
  },
});

/** A list that ends before the jobs do says so; of several hubs each has an end of its own. */
function tellOlder(rows: readonly ListedJob[]): string | undefined {
  const ends = rows.filter(({ hasOlder }) => hasOlder === true).map(({ id }) => `--before ${id}`);
  if (ends.length === 0) return undefined;
  const goOn = `${ends.join(' or ')} goes on there, --limit lists up to ${jobsListedMax}`;
  return `There are older jobs than these: ${goOn}.`;
}

/** What could not be read is said, in JSON too; of several hubs each may lack some. */
function tellUnread(rows: readonly JobRow[]): string | undefined {
  const lacking = rows.filter(({ endedUnread }) => endedUnread !== undefined);
  const [first] = lacking;
  if (first === undefined) return undefined;
  const hubs = new Set(lacking.map(({ id }) => id.replace(/:?[^:]*$/, '')));
  const of = [...hubs].filter((name) => name !== '').join(', ');
  const where = of === '' ? '' : ` of ${of}`;
  return `Only jobs${where} that have not ended are listed: the others cannot be read just now (${first.endedUnread}).`;
}

/** One job with its attempts. */
export const jobVerb = defineVerb({
  name: 'job',
  summary: 'show one job, its attempts and receipts',
  operands: ['job'],
  flags: {},
  danger: 'looks',
  args: oneJob,
  run: async ({ hub }, { job }) => presentDetail(hub, await hub.desk.get(job)),
  show: showDetail,
});

/** The end of a job before its time. */
export const cancelVerb = defineVerb({
  name: 'cancel',
  summary: 'end a job; the worker confirms how it ended',
  operands: ['job'],
  flags: {},
  danger: 'destroys',
  args: oneJob,
  run: async ({ hub }, { job }) =>
    presentDetail(hub, await hub.desk.cancel(await hub.desk.get(job))),
  show: (job, style) =>
    job.outcome === null
      ? `${job.id}: the cancel is on its way to ${job.worker ?? 'its workers'}.`
      : `${job.id} ${describeJob(job, style)}`,
});

/** A new attempt. */
export const retryVerb = defineVerb({
  name: 'retry',
  summary: 'try an ended job again, as a new attempt',
  operands: ['job'],
  flags: { on: { value: 'NAME', help: 'on this worker' } },
  danger: 'changes',
  refusesGroups: true,
  args: z.object({ job: jobArgument, on: z.string().optional() }),
  async run({ hub }, { job: id, on }) {
    const job = await hub.desk.get(id);
    if (job.kind === 'group') throw new AppError('JOB_GROUP');
    const worker = chooseAgain(hub, job, { on });
    return presentDetail(hub, await hub.desk.retry(job, worker));
  },
  show: (job, style) => `${job.id} attempt ${job.attemptCount}: ${describeJob(job, style)}`,
});

/** Until they have ended. */
export const waitVerb = defineVerb({
  name: 'wait',
  summary: 'wait until jobs have ended',
  operands: ['jobs…'],
  flags: { timeout: { value: 'DURATION', help: 'exit 5 after so long; the jobs go on' } },
  danger: 'looks',
  args: z.object({
    jobs: z.array(jobArgument).min(1, 'name a job').max(jobsAwaitedMax),
    timeout: durationArgument.optional(),
  }),
  async run(context, { jobs, timeout }): Promise<JobDetail | readonly JobDetail[]> {
    const { hub } = context;
    for (const id of jobs) await hub.desk.get(id);
    const ended: JobRecord[] = await Promise.all(jobs.map((id) => awaitJob(context, id, timeout)));
    const details = await Promise.all(ended.map((job) => presentDetail(hub, job)));
    const [only] = details;
    return details.length === 1 && only !== undefined ? only : details;
  },
  show: (answer, style) =>
    [answer]
      .flat()
      .map((job) => `${style.strong(job.id)} ${describeJob(job, style)}`)
      .join('\n'),
  exit: (answer) => exitOf([answer].flat().map((job) => job.outcome)),
});

function exitOf(outcomes: readonly (Outcome | null)[]): number {
  return outcomes.every((outcome) => outcome === 'succeeded') ? 0 : 1;
}

function showDetail(job: JobDetail, style: Style): string {
  const lines = [
    `${style.strong(job.id)} ${job.title}`,
    `state    ${describeJob(job, style)}`,
    ...showAsked(job),
  ];
  if (job.worker !== null) lines.push(`worker   ${job.worker} on ${job.host ?? '?'}`);
  if (job.cwd !== null) lines.push(`cwd      ${job.cwd}`);
  if (job.repo !== null) lines.push(`repo     ${job.repo}${showBase(job)}`);
  if (job.deadlineMs !== null)
    lines.push(`deadline ${formatDuration(job.deadlineMs)} after dispatch`);
  if (job.needs !== undefined && job.needs.length > 0)
    lines.push(`needs    ${job.needs.join(' ')}`);
  if (job.labels !== undefined && job.labels.length > 0)
    lines.push(`labels   ${job.labels.join(' ')}`);
  lines.push(`policy   ${describePolicy(job)}`);
  if (job.attempts.length > 0) lines.push('', showAttempts(job.attempts, style));
  lines.push(...job.attempts.flatMap(showKept));
  if (job.artifacts.length > 0) lines.push('', showArtifacts(job.artifacts, style));
  if (job.children.length > 0) lines.push('', showJobs(job.children, style));
  return lines.join('\n');
}

function showAsked({ prompt, harness, command }: JobDetail): readonly string[] {
  if (prompt == null) return [`command  ${command.join(' ')}`];
  return [`harness  ${harness ?? '?'}`, `prompt   ${prompt.replaceAll('\n', '\n         ')}`];
}

function showBase({ base }: JobDetail): string {
  return base == null ? '' : ` at ${base}`;
}

/** What a worker keeps because it is nowhere else. */
function showKept({ id, worker, kept }: AttemptRow): readonly string[] {
  return kept == null ? [] : [`kept     ${id} on ${worker}: ${describeKept(kept)}`];
}

/** What both ends do when they lose each other, in words. */
function describePolicy(job: JobDetail): string {
  const parts = [`lost after ${formatDuration(job.lostAfterMs)} unheard`];
  if (job.stopAfterMs !== null) parts.push(`stops itself after ${formatDuration(job.stopAfterMs)}`);
  parts.push(job.replace ? `then started elsewhere, ${job.reconcile}` : 'then you are asked');
  if (job.isIdempotent) parts.push('may run twice');
  return parts.join(', ');
}

function showAttempts(attempts: readonly AttemptRow[], style: Style): string {
  const clock = (instant: string | null) => (instant === null ? '-' : instant.slice(11, 23));
  const rows = attempts.map(({ id, worker, receipts, outcome, exitCode, ...rest }) => [
    id,
    worker,
    ...[
      receipts.queuedAt,
      receipts.sentAt,
      receipts.acceptedAt,
      receipts.startedAt,
      receipts.finishedAt,
    ].map(clock),
    outcome ?? '-',
    exitCode === null ? (rest.signal ?? '-') : String(exitCode),
    rest.cpuMs === null ? '-' : formatDuration(rest.cpuMs),
    rest.memoryBytesPeak === null ? '-' : `${Math.ceil(rest.memoryBytesPeak / 2 ** 20)} MiB`,
  ]);
  const head = ['ATTEMPT', 'WORKER', 'QUEUED', 'SENT', 'ACCEPTED', 'STARTED', 'FINISHED'];
  return showTable([...head, 'OUTCOME', 'EXIT', 'CPU', 'MEMORY'], rows, style);
}
