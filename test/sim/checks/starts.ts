/*
 * No attempt starts twice, and none starts that was ended before it could.
 *
 * An attempt that ended without ever having been started (cancelled, expired or refused, with no
 * start in its record) must have no process, before or after: the hub has told the M2 that it did
 * not run. A lost attempt may well have run, or run yet: that is what lost means. Where a disk was
 * copied under a running agent, nobody can say what the copy starts; where the hub was put back to an
 * old copy, it gives numbers twice.
 * Source: DESIGN section 4, reliability facts R9, R15.
 */
import type { AttemptRecord } from '../../../cockpit/manager/job.ts';
import type { Check, Finding } from './check.ts';
import { isSuperseded } from './superseded.ts';

/** Ends of an agent after which its box remembers less than it did. */
const forgets = new Set(['restored', 'wiped']);

/** See the header. */
export const startsCheck: Check = {
  title: 'no attempt starts twice, or after its end',
  judge({ history, jobs, world }) {
    const findings: Finding[] = [];
    const startCounts = new Map<string, number>();
    const started = new Set<string>();
    for (const { attempt, box, startedAt } of history.processes) {
      const stains = history.stains.get(box);
      // Put back to a copy from before it began, with nobody told meanwhile: nothing could show it.
      const isPutBack = stains?.has('restored') === true;
      const isCopied = history.isHubRestored || stains?.has('twin') === true || isPutBack;
      // A person has put new stores in place: what an old copy has queued runs anew.
      const backs = history.agentEnds.filter((end) => end.how === 'restored' && end.box === box);
      const backCount = backs.filter(({ at }) => at < startedAt).length;
      const healed = startedAt < history.healedAt ? '' : ' when all was healed';
      const when = `${healed}${backCount === 0 ? '' : `, put back ${backCount} times`}`;
      // Hub and worker both forgot: the number was given anew, to another job.
      const isForgotten = history.agentEnds.some(
        ({ how, box: of }) => of === box && forgets.has(how),
      );
      if (history.isHubRestored && isForgotten) continue;
      const start = isCopied ? `${attempt} on ${box}${when}` : attempt;
      startCounts.set(start, (startCounts.get(start) ?? 0) + 1);
      started.add(attempt);
    }
    for (const [start, count] of startCounts) {
      const about = start.split('.')[0] as `J${number}`;
      if (count > 1) findings.push({ about, message: `${start} was started ${count} times` });
    }
    if (history.isHubRestored) return findings;
    for (const job of jobs) {
      if (job.kind === 'group') continue;
      for (const attempt of job.attempts) {
        const id = `${job.id}.${attempt.n}` as const;
        const box = world.findBox(attempt.worker)?.name ?? '';
        const stains = history.stains.get(box);
        const isCopied = stains?.has('twin') === true || stains?.has('restored') === true;
        if (isCopied || !started.has(id)) continue;
        if (!isUnstarted(attempt)) continue;
        findings.push({ about: job.id, message: `${id} ended before it could start, and started` });
      }
    }
    return findings;
  },
};

function isUnstarted({ state }: AttemptRecord): boolean {
  if (state.is !== 'finished' || state.end.outcome === 'lost' || isSuperseded(state.end)) {
    return false;
  }
  return state.end.startedAt === undefined && state.times.startedAt === undefined;
}
