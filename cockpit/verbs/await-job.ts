/*
 * Waiting for a job's one outcome, without asking again and again.
 *
 * It follows the feed and resolves with the ended record; it gives up when the asker does or the
 * time is over. The job goes on either way. Errors: WAIT_TIMEOUT.
 */
import { AppError } from '../../protocol/errors.ts';
import type { JobId } from '../../protocol/model.ts';
import { isEnded, type JobRecord } from '../manager/job.ts';
import type { VerbContext } from './verb.ts';

/** Resolves with the job once it has ended. `timeoutMs` undefined waits for ever. */
export async function awaitJob(
  context: Pick<VerbContext, 'hub' | 'onDrop'>,
  id: JobId,
  timeoutMs: number | undefined,
): Promise<JobRecord> {
  const { hub } = context;
  let settle: (job: JobRecord | undefined) => void = () => undefined;
  const ended = new Promise<JobRecord | undefined>((resolve) => {
    settle = resolve;
  });
  const unfollow = hub.feed.follow((event) => {
    if (event.type === 'job' && event.job.id === id && isEnded(event.job)) settle(event.job);
  });
  context.onDrop(() => settle(undefined));
  const cancel =
    timeoutMs === undefined
      ? undefined
      : hub.ports.timers.after(timeoutMs, () => settle(undefined));
  try {
    const now = await hub.desk.get(id);
    const job = isEnded(now) ? now : await ended;
    if (job === undefined)
      throw new AppError('WAIT_TIMEOUT', `${id} has not ended yet; it goes on.`);
    return job;
  } finally {
    unfollow();
    cancel?.();
  }
}
