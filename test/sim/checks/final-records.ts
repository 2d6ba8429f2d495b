/*
 * What has ended never changes: a stale token, a late report, a restart change nothing.
 *
 * From the first sight of an attempt as finished, every later sight of it, by any hub, must be the
 * same to the byte; only a new attempt may be added. Attempts never vanish.
 */
import type { AttemptRecord, CommandJob } from '../../../cockpit/manager/job.ts';
import type { Check, Finding } from './check.ts';

/** See the header. */
export const finalRecordsCheck: Check = {
  title: 'an ended attempt never changes',
  judge({ history }) {
    const ended = new Map<string, string>();
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
  ended: Map<string, string>,
  where: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const attempt of job.attempts) {
    const id = `${job.id}.${attempt.n}`;
    const before = ended.get(id);
    const now = JSON.stringify(sortKeys(attempt));
    if (before === undefined) {
      if (attempt.state.is === 'finished') ended.set(id, now);
    } else if (isReopened(attempt)) {
      ended.delete(id);
    } else if (before !== now) {
      findings.push({ about: job.id, message: `${id} changed ${where}: ${before} became ${now}` });
    }
  }
  return findings;
}

/** Lost, and open again for its coming back: a person started another in its place. */
function isReopened({ state }: AttemptRecord): boolean {
  return state.is !== 'finished' && state.replacedAt !== undefined;
}

/** The same record read from disk may have its fields in another order. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, sortKeys(field)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
