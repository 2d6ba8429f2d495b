/*
 * What has ended never changes: a stale token, a late report, a restart change nothing.
 *
 * From the first sight of an attempt as finished, every later sight of it, by any hub, must be the
 * same to the byte; only a new attempt may be added. Attempts never vanish.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AttemptRecord, CommandJob } from '../../../cockpit/manager/job.ts';
import type { Check, Finding } from './check.ts';

/** See the header. */
export const finalRecordsCheck: Check = {
  title: 'an ended attempt never changes',
  judge({ history }) {
    const ended = new Map<string, AttemptRecord>();
    const counts = new Map<string, number>();
    const findings: Finding[] = [];
    for (const { job, at, life } of history.sights) {
      if (job.kind === 'group') continue;
      const where = `at ${(at / 1000).toFixed(3)} by hub#${life}`;
      if (job.attempts.length < (counts.get(job.id) ?? 0)) {
        findings.push({ about: job.id, message: `${job.id} lost an attempt ${where}` });
      }
      counts.set(job.id, job.attempts.length);
      findings.push(...judgeAttempts(job, ended, where));
    }
    return findings;
  },
};

function judgeAttempts(
  job: CommandJob,
  ended: Map<string, AttemptRecord>,
  where: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const attempt of job.attempts) {
    const id = `${job.id}.${attempt.n}`;
    const before = ended.get(id);
    if (before === undefined) {
      if (attempt.state.is === 'finished') ended.set(id, attempt);
    } else if (isReopened(attempt)) {
      ended.delete(id);
    } else if (!isSame(before, attempt)) {
      const [was, is] = [before, attempt].map((record) => JSON.stringify(record));
      findings.push({ about: job.id, message: `${id} changed ${where}: ${was} became ${is}` });
    }
  }
  return findings;
}

/** Lost, and open again for its coming back: a person started another in its place. */
function isReopened({ state }: AttemptRecord): boolean {
  return state.is !== 'finished' && state.replacedAt !== undefined;
}

/** The same record read from disk may have its fields in another order. */
function isSame(before: AttemptRecord, now: AttemptRecord): boolean {
  return before === now || isDeepStrictEqual(before, now);
}
