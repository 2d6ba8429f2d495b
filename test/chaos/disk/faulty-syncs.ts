/*
 * Syncs that fail, or kill, under a hub and an agent that run jobs; and what is true afterwards.
 *
 * Each job appends a line of its own to a file outside both homes, so work that ran twice is seen.
 * What was accepted must have one outcome and, where it succeeded, its whole log.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { JobDetail } from '../../../cockpit/verbs/shapes.ts';
import { type Injection, oneFileThread, withInjection } from '../../kit/strace.ts';
import { readLog } from './job-log.ts';
import { openStand, type Side, type Stand, type StartPlan } from './stand.ts';

/** What was not as it must be, in words, and how much there was. */
export interface FaultyResult {
  readonly faults: readonly string[];
  readonly jobCount: number;
  /** Processes that ended before they were asked to. */
  readonly endCount: number;
}

/** A stand on which both run and jobs can be given. */
export async function openReadyStand(
  stand: Stand = openStand(),
  start: StartPlan = {},
): Promise<Stand> {
  try {
    appendFileSync(stand.ledger, '');
    stand.configure('agent', 'slots = 4\n');
    await stand.start('hub', start);
    await stand.pair();
    await stand.start('agent', start);
    await stand.untilLinked();
    return stand;
  } catch (thrown) {
    await stand.close();
    throw thrown;
  }
}

/** Starts one side again under a fault. */
export async function restartUnder(stand: Stand, side: Side, injection: Injection): Promise<void> {
  await stand.kill(side);
  await stand.start(side, {
    wrap: (command) => withInjection(injection, command),
    env: oneFileThread,
  });
}

/** What a job runs whose run and log can be judged. */
export function proofShell({ ledger }: Stand): string {
  return `echo "$WALLY_ATTEMPT" >> ${ledger}; echo out; echo "of $WALLY_ATTEMPT"`;
}

/** Gives jobs until `count` were accepted or the side is gone; resolves with the accepted ids. */
export async function giveJobs(
  stand: Stand,
  side: Side,
  count: number,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let tries = 0; ids.length < count && tries < count && stand.isUp(side); tries += 1) {
    const given = Array.from({ length: 4 }, () => stand.dispatch(proofShell(stand)));
    for (const result of await Promise.allSettled(given)) {
      if (result.status === 'fulfilled') ids.push(result.value);
    }
  }
  return ids;
}

/** Resolves with what is wrong about these jobs, once each has ended. */
export async function judgeJobs(stand: Stand, ids: readonly string[]): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const id of ids) {
    const isEnded = async () =>
      (await stand.ask<JobDetail>('job', { job: id })).state === 'finished';
    try {
      await stand.until(isEnded, `${id} has an outcome`, 30_000);
      faults.push(...(await judgeJob(stand, id)));
    } catch (thrown) {
      faults.push(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  const lines = existsSync(stand.ledger) ? readFileSync(stand.ledger, 'utf8').trim() : '';
  const runs = lines === '' ? [] : lines.split('\n');
  const twice = runs.filter((attempt, at) => runs.indexOf(attempt) !== at);
  return [...faults, ...twice.map((attempt) => `${attempt} ran twice`)];
}

async function judgeJob(stand: Stand, id: string): Promise<readonly string[]> {
  const { outcome, attempts } = await stand.ask<JobDetail>('job', { job: id });
  if (outcome === 'lost') return [];
  if (outcome !== 'succeeded') return [`${id} is ${outcome}: ${attempts.at(-1)?.reason}`];
  const wanted = `out\nof ${attempts.at(-1)?.id}\n`;
  try {
    await stand.until(async () => (await readLog(stand, id)) === wanted, 'its log', 10_000);
    return [];
  } catch {
    return [`the log of ${id} is ${JSON.stringify(await readLog(stand, id))}`];
  }
}
