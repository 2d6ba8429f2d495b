/*
 * `wally tidy`: the checkouts that a job left on its workers, because they hold what is nowhere else, go.
 *
 * Without more it removes what has been taken meanwhile: committed to a branch, pushed. `--discard` says
 * that the rest may go with it. The worker looks, decides and removes; what it keeps is said again.
 * Errors: JOB_UNKNOWN, JOB_GROUP, TREE_NONE, TREE_HELD, WORKER_*.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import type { Hub } from '../hub/hub.ts';
import { type CommandJob, formatAttemptId } from '../manager/job.ts';
import { jobArgument } from './arguments.ts';
import { presentDetail } from './present.ts';
import { describeKept } from './text.ts';
import { defineVerb } from './verb.ts';

/** What a job left goes. */
export const tidyVerb = defineVerb({
  name: 'tidy',
  summary: 'remove the checkout that a job left, once its work is elsewhere',
  operands: ['job'],
  flags: { discard: { help: 'with all that is in it, though it is nowhere else' } },
  danger: 'destroys',
  refusesGroups: true,
  args: z.object({ job: jobArgument, discard: z.boolean().default(false) }),
  async run({ hub }, { job: id, discard }) {
    const job = await hub.desk.get(id);
    if (job.kind === 'group') throw new AppError('JOB_GROUP');
    const left = job.attempts.flatMap(({ n, state }) =>
      state.is === 'finished' && state.end.kept !== undefined ? [n] : [],
    );
    if (left.length === 0) throw new AppError('TREE_NONE', `${id} left no checkout.`);
    for (const n of left) await clear(hub, { job, n, discard });
    return presentDetail(hub, await hub.desk.get(id));
  },
  show: ({ id }) => `${id}: what it left is removed.`,
});

async function clear(
  hub: Hub,
  { job, n, discard }: { readonly job: CommandJob; readonly n: number; readonly discard: boolean },
): Promise<void> {
  const { id } = job;
  const key = job.attempts[n - 1]?.worker ?? '';
  const name = hub.workers.find(key)?.name ?? key.slice(0, 8);
  const session = hub.session(key);
  if (session?.isLinked !== true) throw new AppError('WORKER_AWAY', `${name} is not connected.`);
  const send = session.session.sendFrame.bind(session.session);
  const attempt = formatAttemptId(id, n);
  const kept = await hub.treeLine.ask({ key, name, send }, { attempt, discard });
  await hub.desk.noteTree({ id, n }, kept);
  if (kept === undefined) return;
  throw new AppError('TREE_HELD', `${name} keeps ${describeKept(kept)}.`);
}
