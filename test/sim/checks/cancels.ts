/*
 * A cancel that was written down has left for its worker.
 *
 * Once the world is at rest nothing waits in a stream any more, so the command must have passed by. A
 * stream ends with its store: who was wiped, revoked or put back is not told, and needs not be.
 */
import type { AttemptRecord } from '../../../cockpit/manager/job.ts';
import type { Check, Evidence, Finding } from './check.ts';

/** See the header. */
export const cancelsCheck: Check = {
  title: 'a cancel reaches its worker',
  judge(evidence) {
    const { history, jobs } = evidence;
    // Numbers that were given twice.
    if (history.isHubRestored) return [];
    const findings: Finding[] = [];
    for (const job of jobs) {
      if (job.kind === 'group') continue;
      for (const attempt of job.attempts) {
        const id = `${job.id}.${attempt.n}` as const;
        if (attempt.state.cancelAskedAt === undefined || history.cancelled.has(id)) continue;
        // Cancelled again once there was no link: it ended here, and nobody ever had it.
        if (!history.leftAt.has(id) || mayBeUntold(evidence, attempt)) continue;
        findings.push({ about: job.id, message: `the cancel of ${id} never left the hub` });
      }
    }
    return findings;
  },
};

function mayBeUntold({ history, world }: Evidence, { worker }: AttemptRecord): boolean {
  const box = world.findBox(worker)?.name;
  return (
    box === undefined ||
    history.stains.has(box) ||
    history.revokes.has(worker) ||
    history.agentEnds.some((end) => end.box === box && end.how === 'wiped')
  );
}
