/*
 * A revoked worker is out: it gets nothing, and nothing of it counts.
 *
 * From the moment at which the revoke was acknowledged no frame of the hub's leaves for it but the one that says so, no new
 * attempt names it, and what it held has ended by then. (That it stays as it ended is another check.)
 */
import { epochMs } from '../incarnation.ts';
import type { Check, Finding } from './check.ts';

/** See the header. */
export const revokedCheck: Check = {
  title: 'a revoked worker does nothing',
  judge({ history, jobs, world }) {
    const findings: Finding[] = [];
    if (history.isHubRestored) return findings;
    for (const [key, at] of history.revokedAt) {
      const frameAt = history.sentTo.get(key);
      const box = world.findBox(key)?.name;
      if (frameAt !== undefined && frameAt > at) {
        findings.push({ message: `the hub sent ${box} a frame at ${frameAt}, revoked at ${at}` });
      }
      for (const job of jobs) {
        if (job.kind === 'group') continue;
        for (const { n, worker, state } of job.attempts) {
          if (worker !== key) continue;
          const id = `${job.id}.${n}`;
          const queuedAt = world.hub.findTime(state.times.queuedAt);
          if (queuedAt > at + 1) {
            findings.push({ about: job.id, message: `${id} was given to ${box} after its revoke` });
          }
          const endedAt = state.is === 'finished' ? world.hub.findTime(state.end.at) : epochMs;
          // Reopened for a coming back that cannot be, and settled by the attempt in its place.
          const isSettled = state.is === 'finished' && /ended first/.test(state.end.reason ?? '');
          if (isSettled) continue;
          const isByHub = state.is !== 'finished' || state.end.logBytes === undefined;
          if (isByHub && endedAt > at + 1) {
            findings.push({ about: job.id, message: `${id} of ${box} ended after its revoke` });
          }
        }
      }
    }
    return findings;
  },
};
