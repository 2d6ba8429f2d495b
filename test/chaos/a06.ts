/*
 * A6: a crash point at each sync: the process is killed at exactly its Nth, N from 1 up.
 *
 * Hub and agent in turn, with jobs all the while; after each kill the process is started again, for
 * the next crash point. Every ten points it runs undisturbed until all that was accepted has ended:
 * one outcome each, none ran twice, and what succeeded has its whole log.
 */
import { whyNoStrace } from '../kit/strace.ts';
import type { ChaosCheck } from './check.ts';
import { giveJobs, judgeJobs, openReadyStand, restartUnder } from './disk/faulty-syncs.ts';
import type { Side, Stand } from './disk/stand.ts';

const pointsPerSide = 50;
const pointsPerLook = 10;
const jobsPerPoint = 8;

/** A process that is not linked in this time was killed before it could be. */
const linkMsMax = 2500;

/** See the header. */
export const check: ChaosCheck = {
  id: 'A6',
  title: 'killed at any sync, hub and agent come back with all that was accepted',
  async run(report) {
    const reason = whyNoStrace();
    if (reason !== undefined) return { verdict: 'unavailable', detail: reason, figures: {} };
    await using stand = await openReadyStand();
    const tally: Tally = { killCount: 0, jobCount: 0, faults: [] };
    for (const side of ['hub', 'agent'] as const) {
      for (let first = 1; first <= pointsPerSide; first += pointsPerLook) {
        await sweep(stand, { side, first, tally });
        report(`${side}: ${first + pointsPerLook - 1} points, ${tally.jobCount} jobs in all`);
        if (tally.faults.length > 0) break;
      }
    }
    const { killCount, jobCount, faults } = tally;
    const figures = { 'crash points': 2 * pointsPerSide, kills: killCount, jobs: jobCount };
    return faults.length === 0
      ? { verdict: 'passed', detail: 'one outcome each, none ran twice, no log line lost', figures }
      : { verdict: 'failed', detail: faults.slice(0, 5).join('; '), figures };
  },
};

interface Tally {
  killCount: number;
  jobCount: number;
  readonly faults: string[];
}

interface Sweep {
  readonly side: Side;
  readonly first: number;
  readonly tally: Tally;
}

async function sweep(stand: Stand, { side, first, tally }: Sweep): Promise<void> {
  const ids: string[] = [];
  for (let when = first; when < first + pointsPerLook; when += 1) {
    const injection = { calls: 'fdatasync', fault: 'signal=KILL', when } as const;
    // Killed before it serves: that is a crash point too.
    await restartUnder(stand, side, injection).catch(() => undefined);
    if (stand.isUp(side)) await stand.untilLinked(linkMsMax).catch(() => undefined);
    ids.push(...(await giveJobs(stand, side, jobsPerPoint)));
    // What was given is worked on, and that syncs too.
    const isDown = async () => !stand.isUp(side);
    await stand.until(isDown, 'its end', linkMsMax).catch(() => undefined);
    if (!stand.isUp(side)) tally.killCount += 1;
  }
  await stand.kill(side);
  await stand.start(side);
  await stand.untilLinked();
  tally.faults.push(...(await judgeJobs(stand, ids)));
  tally.jobCount += ids.length;
}
