/*
 * A9: workers cut off from the hub, one way, the other and both, with work that is started elsewhere.
 *
 * The class that stops: the worker ends the work when its lease runs out, by its own clock, which runs
 * a fifth too slow or too fast here; the hub starts it elsewhere when the lease is over on any clock.
 * Every attempt appends to the job's file while it works, so that two at once would show.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type Field, openField } from './field/field.ts';
import { cleanLine } from './link/line.ts';
import type { LinkShape } from './link/message.ts';
import { getOptions } from './options.ts';
import { readEffects } from './runs/proof-job.ts';

const leaseSeconds = 12;
/** The shortest that may be given up and started elsewhere with that lease. */
const lostSeconds = 33;
/** Longer than the lease, so that a cut worker cannot just finish. */
const workSeconds = 40;

const cutLine = { ...cleanLine, isCut: true };

/** One way, the other way, both ways; the fourth worker stays. */
const cuts: readonly LinkShape[] = [
  { up: cutLine, down: cleanLine },
  { up: cleanLine, down: cutLine },
  { up: cutLine, down: cutLine },
];
const rates = [0.8, 1.2, 0.8, 1];

/** The check. */
export const check: ChaosCheck = {
  id: 'A9',
  title:
    'partitions with leases and skewed clocks: an old attempt never acts after the new one began',
  run: runCutOff,
};

async function runCutOff(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1, jobs: jobCount = isShort ? 24 : 200 } = getOptions();
  const cutSeconds = isShort ? 60 : 90;
  await using field = await openField({ agentCount: rates.length, seed, slots: 256, rates });
  const directory = field.folder('effects');
  const ids = await dispatchAll(field, directory, jobCount);
  await sleep(5000);
  await shape(field, cuts);
  report(`three of four workers are cut off for ${cutSeconds} s`);
  await sleep(cutSeconds * 1000);
  const before = await readAll(field, ids);
  await shape(field, []);
  await field.untilLinked();
  report('all are back');
  await field.voice.ask('wait', { jobs: ids });
  await sleep(3000);
  const after = await readAll(field, ids);
  return judge({ field, directory, before, after });
}

async function dispatchAll(
  field: Field,
  directory: string,
  jobCount: number,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < jobCount; n += 1) {
    const file = join(directory, `p${n}`);
    const work = `echo "$WALLY_ATTEMPT" >> ${file}; sleep 1; i=$((i+1))`;
    const command = [`i=0; while [ $i -lt ${workSeconds} ]; do ${work}; done`];
    const policy = {
      idempotent: true,
      replace: true,
      'stop-after': `${leaseSeconds}s`,
      'lost-after': `${lostSeconds}s`,
    };
    const row = await field.voice.ask<JobRow>('dispatch', { command, key: `p${n}`, ...policy });
    ids.push(row.id);
  }
  return ids;
}

async function shape(field: Field, shapes: readonly LinkShape[]): Promise<void> {
  const whole = { up: cleanLine, down: cleanLine };
  for (const [at, { link }] of field.agents.entries()) {
    await field.relay.shape(link, shapes[at] ?? whole);
  }
}

function readAll(field: Field, ids: readonly string[]): Promise<readonly JobRow[]> {
  return Promise.all(ids.map((job) => field.voice.ask<JobRow>('job', { job })));
}

interface CutOff {
  readonly field: Field;
  readonly directory: string;
  readonly before: readonly JobRow[];
  readonly after: readonly JobRow[];
}

function judge({ field, directory, before, after }: CutOff): ChaosOutcome {
  const overlapping = after.filter((_, n) => isOverlapping(readEffects(directory, `p${n}`)));
  const changed = after.filter((row, n) => {
    const was = before[n]?.outcome ?? null;
    return was !== null && was !== row.outcome;
  });
  const replaced = after.filter(({ attemptCount }) => attemptCount > 1);
  const failed = after.filter(({ outcome }) => outcome !== 'succeeded');
  const figures = {
    jobs: after.length,
    'started elsewhere': replaced.length,
    'old attempt acted after the new one began': overlapping.length,
    'outcomes changed by late reports': changed.length,
    'not succeeded': failed.length,
    ...(field.missing.size === 0 ? {} : { unavailable: [...field.missing].join('; ') }),
  };
  const faults = [
    ...overlapping.slice(0, 3).map(({ id }) => `${id}: two attempts acted at once`),
    ...changed.slice(0, 3).map(({ id }) => `${id}: a late report changed its outcome`),
    ...failed.slice(0, 3).map(({ id, outcome, reason }) => `${id} ended ${outcome}: ${reason}`),
    ...(replaced.length === 0 ? ['nothing was started elsewhere, so nothing is proven'] : []),
  ];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join('; '), figures };
  if (field.missing.size > 0) {
    const detail = `no overlap, but ${[...field.missing].join('; ')}`;
    return { verdict: 'unavailable', detail, figures };
  }
  return { verdict: 'passed', detail: 'no attempt acted after its successor had begun', figures };
}

/** Attempts as they acted, in order; an older one after a newer one is an overlap. */
function isOverlapping(acts: readonly string[]): boolean {
  const numbers = acts.map((attempt) => Number(attempt.split('.').at(-1)));
  return numbers.some((n, at) => at > 0 && n < (numbers[at - 1] ?? 0));
}
