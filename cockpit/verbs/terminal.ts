/*
 * `wally terminal`: a shell on a worker's box, in a job's directory, over the connection that is there.
 *
 * It streams what the shell writes, after one item that says where it is, and takes what the asker
 * types and how large their terminal is. Leaving the stream closes the terminal. What passes is
 * written nowhere. Errors: WORKER_UNKNOWN, WORKER_AWAY, WORKER_REVOKED, JOB_UNKNOWN, JOB_GROUP, TERMINAL_*.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { terminalColumnsMax } from '../../protocol/limits.ts';
import type { JobId } from '../../protocol/model.ts';
import type { Hub } from '../hub/hub.ts';
import type { TerminalPlan } from '../hub/open-terminal.ts';
import { type CommandJob, formatAttemptId, getLastAttempt } from '../manager/job.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { jobArgument } from './arguments.ts';
import { getWorker } from './team.ts';
import type { TerminalAnswer, TerminalItem } from './terminal-shapes.ts';
import { defineVerb } from './verb.ts';

const side = z.coerce.number().int().min(1).max(terminalColumnsMax);

/** What the asker gives: what was typed, or a new size. */
const givenSchema = z.union([
  z.object({ base64: z.string() }),
  z.object({ columns: side, rows: side }),
]);

/** A terminal until its shell ends or the asker leaves. */
export const terminalVerb = defineVerb({
  name: 'terminal',
  summary: 'open a shell on a worker’s box, or where a job runs',
  operands: ['target'],
  flags: {
    job: { value: 'J', help: 'in the directory of this job' },
    leave: { value: 'KEY', help: 'the key that leaves it, such as ctrl-^; else ctrl-]' },
    columns: { value: 'N', help: 'its width, where no terminal of yours has one' },
    rows: { value: 'N', help: 'its height, the same' },
    term: { value: 'NAME', help: 'what it is, the same' },
  },
  danger: 'changes',
  args: z.object({
    /** A worker's name, or a job. */
    target: z.string().min(1),
    job: jobArgument.optional(),
    /** For the asker's side alone. */
    leave: z.string().optional(),
    columns: side.default(80),
    rows: side.default(24),
    term: z.string().max(64).default('xterm-256color'),
  }),
  async run({ hub, item, onDrop, onGive }, args): Promise<TerminalAnswer> {
    const { worker, order } = await findPlace(hub, args.target, args.job);
    const { columns, rows, term } = args;
    const say = (value: TerminalItem) => item(value);
    const terminal = hub.terminals.open({
      worker,
      order: { ...order, columns, rows, term },
      output: (bytes) => say({ base64: Buffer.from(bytes).toString('base64') }),
      seen: (as) => void say({ worker: worker.name, is: as }),
    });
    onDrop(() => terminal.close());
    const directory = await terminal.opened;
    await say({ worker: worker.name, host: worker.host, directory });
    onGive(async (value) => {
      const given = givenSchema.safeParse(value);
      if (!given.success) throw new AppError('USAGE_ARGUMENT', 'terminal: that is no input.');
      if ('columns' in given.data) terminal.resize(given.data.columns, given.data.rows);
      else await terminal.give(Buffer.from(given.data.base64, 'base64'));
    });
    return { worker: worker.name, ...(await terminal.ended) };
  },
  show: ({ worker, exitCode, signal }) =>
    `The terminal on ${worker} ended: ${signal ?? `exit ${exitCode}`}.`,
  exit: ({ exitCode }) => exitCode ?? 1,
});

interface Place {
  readonly worker: WorkerRecord;
  readonly order: Pick<TerminalPlan['order'], 'attempt' | 'directory'>;
}

/** Names are lower-case, so a `J` and a number are a job. */
async function findPlace(hub: Hub, target: string, job: JobId | undefined): Promise<Place> {
  const isJob = /^J[1-9]\d*$/.test(target);
  if (!isJob && job === undefined) return { worker: getTrusted(hub, target), order: {} };
  const record = await getCommandJob(hub, isJob ? (target as JobId) : (job as JobId));
  const attempt = getLastAttempt(record);
  const { cwd, repo } = record.spec;
  // A checkout is found by its attempt.
  const directory = cwd ?? (typeof repo === 'string' ? repo : undefined);
  const named = hub.workers.find(attempt.worker)?.name ?? '';
  const worker = getTrusted(hub, isJob ? named : target);
  // Another box than the job's has no directory of the attempt's, but maybe the one that is named.
  const isThere = worker.key === attempt.worker;
  return {
    worker,
    order: {
      ...(isThere ? { attempt: formatAttemptId(record.id, attempt.n) } : {}),
      ...(directory === undefined ? {} : { directory }),
    },
  };
}

async function getCommandJob(hub: Hub, id: JobId): Promise<CommandJob> {
  const job = await hub.desk.get(id);
  if (job.kind !== 'group') return job;
  throw new AppError('JOB_GROUP', `${id} is a group; open a terminal for one of its parts.`);
}

function getTrusted(hub: Hub, name: string): WorkerRecord {
  const worker = getWorker(hub, name);
  if (worker.revokedAt === null) return worker;
  throw new AppError('WORKER_REVOKED', `${name} is no longer trusted.`);
}
