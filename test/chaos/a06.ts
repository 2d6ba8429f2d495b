/*
 * A6: a crash point at each sync: the process is killed at exactly its Nth, N from 1 up.
 *
 * Hub and agent in turn, with jobs all the while; after each kill the process is started again, for
 * the next crash point. At the end every accepted job has one outcome, none ran twice, and what
 * succeeded has its whole log.
 */
import { whyNoStrace } from '../kit/strace.ts';
import type { ChaosCheck } from './check.ts';
import { giveJobs, judgeJobs, openReadyStand, restartUnder } from './disk/faulty-syncs.ts';

const pointsPerSide = 60;
const jobsPerPoint = 12;

/** See the header. */
export const check: ChaosCheck = {
  id: 'A6',
  title: 'killed at any sync, hub and agent come back with all that was accepted',
  async run(report) {
    const reason = whyNoStrace();
    if (reason !== undefined) return { verdict: 'unavailable', detail: reason, figures: {} };
    await using stand = await openReadyStand();
    const ids: string[] = [];
    let killCount = 0;
    for (const side of ['hub', 'agent'] as const) {
      for (let when = 1; when <= pointsPerSide; when += 1) {
        const injection = { calls: 'fdatasync', fault: 'signal=KILL', when } as const;
        // Killed before it serves: that is a crash point too.
        await restartUnder(stand, side, injection).catch(() => undefined);
        ids.push(...(await giveJobs(stand, side, jobsPerPoint)));
        if (!stand.isUp(side)) killCount += 1;
        // A killed hub takes nothing; a killed agent is waited for by what it was given.
        if (side === 'agent')
          await stand.until(async () => !stand.isUp(side), 'its end', 3000).catch(() => undefined);
        if (when % 15 === 0) report(`${side}: ${when} points, ${ids.length} jobs accepted`);
      }
      await stand.kill(side);
      await stand.start(side);
      await stand.untilLinked();
    }
    const faults = await judgeJobs(stand, ids);
    const figures = { 'crash points': 2 * pointsPerSide, kills: killCount, jobs: ids.length };
    return faults.length === 0
      ? { verdict: 'passed', detail: 'one outcome each, none ran twice, no log line lost', figures }
      : { verdict: 'failed', detail: faults.slice(0, 5).join('; '), figures };
  },
};
