/*
 * A8: syncs of the disk that fail, one after the other, and what is acknowledged meanwhile.
 *
 * Every placement of one failure under a writer of the store; then a hub and an agent whose every
 * ninth sync fails, with jobs. They must live on: the store mends itself. The facts behind this check
 * wanted the process to end and begin anew; ours opens the store anew without ending.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneFileThread, whyNoStrace, withInjection } from '../kit/strace.ts';
import type { ChaosCheck } from './check.ts';
import { giveJobs, judgeJobs, openReadyStand, restartUnder } from './disk/faulty-syncs.ts';
import { findMissingKeys, runWriter } from './disk/writer-run.ts';

const placements = 50;
const jobsPerSide = 40;

/** See the header. */
export const check: ChaosCheck = {
  id: 'A8',
  title:
    'a sync that fails loses nothing acknowledged, and nothing is acknowledged on its strength',
  async run(report) {
    const reason = whyNoStrace();
    if (reason !== undefined) return { verdict: 'unavailable', detail: reason, figures: {} };
    const faults: string[] = [];
    let ackedCount = 0;
    let mendedCount = 0;
    for (let when = 1; when <= placements; when += 1) {
      const life = await writeOnce(when);
      ackedCount += life.ackedCount;
      mendedCount += life.failureCount;
      faults.push(...life.faults);
    }
    report(`${placements} placements, ${mendedCount} failures mended, ${ackedCount} acknowledged`);
    const jobs = await runSides(report);
    faults.push(...jobs.faults);
    const figures = {
      placements,
      'failures mended': mendedCount,
      'records acknowledged': ackedCount,
      'jobs with every ninth sync failing': jobs.jobCount,
    };
    return faults.length === 0
      ? { verdict: 'passed', detail: 'nothing acknowledged is missing; nobody ended', figures }
      : { verdict: 'failed', detail: faults.slice(0, 5).join('; '), figures };
  },
};

async function writeOnce(when: number) {
  const place = await mkdtemp(join(tmpdir(), 'wally-a8-'));
  try {
    const store = join(place, 'store');
    const injection = { calls: 'fdatasync', fault: 'error=EIO', when } as const;
    const life = await runWriter({
      store,
      durability: 'synced',
      kind: 'mending',
      firstKey: 0,
      lifeMs: 250,
      wrap: (command) => withInjection(injection, command),
      env: oneFileThread,
    });
    const faults: string[] = [];
    // Where the very opening fails there is no store yet, and it is the program that says so.
    if (life.hasOpened && life.hasEnded) faults.push(`the writer ended at sync ${when}`);
    const missing = await findMissingKeys(store, life.acked);
    if (typeof missing === 'string') faults.push(`sync ${when}: ${missing}`);
    else if (missing.length > 0) faults.push(`sync ${when}: ${missing.length} are missing`);
    return { faults, ackedCount: life.acked.length, failureCount: life.failureCount };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function runSides(report: (line: string) => void) {
  const faults: string[] = [];
  await using stand = await openReadyStand();
  const ids: string[] = [];
  for (const side of ['hub', 'agent'] as const) {
    await restartUnder(stand, side, { calls: 'fdatasync', fault: 'error=EIO', when: '12+9' });
    await stand.untilLinked();
    ids.push(...(await giveJobs(stand, side, jobsPerSide)));
    faults.push(...(await judgeJobs(stand, ids)));
    if (!stand.isUp(side)) faults.push(`the ${side} ended: ${stand.lastWords(side)}`);
    await stand.kill(side);
    await stand.start(side);
    await stand.untilLinked();
    faults.push(...(await judgeJobs(stand, ids)));
    report(`${side}: ${ids.length} jobs in all, ${faults.length} faults`);
  }
  return { faults, jobCount: ids.length };
}
