/*
 * A18: versions. Hub and agent are replaced by newer and older ones while jobs are in flight, and meet
 * one that shares no version with them.
 *
 * Only one version of the protocol exists, so the others are this build told to speak other ranges: a
 * version more on one side, then on both, then back. Without a shared version nothing may be lost: what
 * waits on either side goes through when a sound peer is back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDetail, JobRow } from '../../cockpit/verbs/shapes.ts';
import { protocolMax } from '../../protocol/frames.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { getOptions } from './options.ts';
import { type BentField, openBentField } from './poison/bent-field.ts';
import { JobFlow } from './runs/job-flow.ts';
import { makeProofJob, readEffects } from './runs/proof-job.ts';

/** Without a shared version both sides are watched for so long: several dials. */
const watchedMs = 8000;

const standMsMax = 60_000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A18',
  title: 'versions: upgrade and downgrade with jobs in flight; no shared version, nothing lost',
  run: runVersions,
};

const present = speak(protocolMax, protocolMax);
const newer = speak(protocolMax, protocolMax + 1);
const strange = speak(protocolMax + 2, protocolMax + 2);

function speak(min: number, max: number): Readonly<Record<string, string>> {
  return { WALLY_VERSIONS: `${min}-${max}` };
}

async function runVersions(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, jobs = isShort ? 60 : 400 } = getOptions();
  await using field = await openBentField({ hub: present, agent: present });
  const faults: string[] = [];
  const figures = {
    ...(await replaceBoth(field, faults, jobs)),
    ...(await meetStrangeAgent(field, faults)),
    ...(await meetStrangeHub(field, faults)),
    'versions that exist': `1 to ${protocolMax}; others are this build told to speak them`,
  };
  report('all versions have met');
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join('; '), figures };
  return { verdict: 'passed', detail: 'every job has its outcome, no spool was touched', figures };
}

/** Newer and older ones take over one after the other, with jobs in flight all the time. */
async function replaceBoth(field: BentField, faults: string[], count: number) {
  const directory = field.homes.folder('effects');
  const jobs = Array.from({ length: count }, (_, n) =>
    makeProofJob({ key: `flow-${n}`, directory, lineCount: 2, pauseSeconds: 0.2 }),
  );
  const args = { on: [field.nameOf('struck')] };
  const flow = new JobFlow({ voice: field.voice, jobs, inFlightMax: 8, args, standMsMax });
  const done = flow.run();
  // Handled below; a stand while the processes change must not end this one.
  done.catch(() => undefined);
  const changes = [
    ['hub', newer],
    ['struck', newer],
    ['hub', present],
    ['struck', present],
  ] as const;
  for (const [which, versions] of changes) {
    await sleep(1500);
    await field.become(which, versions);
    await field.untilLinked(field.nameOf('struck'));
  }
  const rows = await done;
  const odd = rows.filter(({ row }) => row.outcome !== 'succeeded' && row.outcome !== 'lost');
  const lost = rows.filter(({ row }) => row.outcome === 'lost').length;
  const doubles = jobs.filter(({ key }) => readEffects(directory, key).length > 1);
  for (const { row } of odd.slice(0, 3)) faults.push(`${row.id} ended ${row.outcome}`);
  if (rows.length !== count) faults.push(`${rows.length} of ${count} jobs have an outcome`);
  if (doubles.length > 0) faults.push(`${doubles.length} jobs ran twice`);
  return {
    'jobs over four replacements': rows.length,
    'of them lost with the agent that was killed': lost,
  };
}

/** The agent speaks what the hub does not: what waits for it waits on, and goes through afterwards. */
async function meetStrangeAgent(field: BentField, faults: string[]) {
  await field.become('struck', strange);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await dispatch(field, `waits-${n}`));
  await sleep(watchedMs);
  const untouched = await countWaiting(field, ids);
  if (untouched !== ids.length) faults.push(`${ids.length - untouched} of 5 jobs did not wait`);
  for (const which of ['hub', 'struck'] as const) {
    if (!isRefusalTold(field, which)) faults.push(`${which} says nothing of the version`);
  }
  await field.become('struck', present);
  const outcomes = await waitFor(field, ids);
  if (outcomes.some((outcome) => outcome !== 'succeeded')) {
    faults.push(`after a strange agent: ${outcomes.join(' ')}`);
  }
  return { 'jobs that waited for an agent': untouched };
}

/** The hub speaks what the agent does not: the agent keeps its report, and says it afterwards. */
async function meetStrangeHub(field: BentField, faults: string[]) {
  const gate = 3;
  const id = await dispatch(field, 'reported-later', `sleep ${gate}`);
  const giveUpAt = performance.now() + standMsMax;
  for (;;) {
    const job = await field.voice.ask<JobDetail>('job', { job: id });
    if (job.state === 'started') break;
    if (performance.now() > giveUpAt) throw new Error(`${id} does not start`);
    await sleep(50);
  }
  await field.become('hub', strange);
  await sleep(gate * 1000 + watchedMs);
  const during = await field.voice.ask<JobDetail>('job', { job: id });
  if (during.outcome !== null) faults.push(`${id} ended ${during.outcome} at a strange hub`);
  await field.become('hub', present);
  const [outcome] = await waitFor(field, [id]);
  if (outcome !== 'succeeded') faults.push(`${id} ended ${outcome} after a strange hub`);
  return { 'report kept for a hub': outcome ?? 'none' };
}

async function dispatch(field: BentField, key: string, before = 'true'): Promise<string> {
  const directory = field.homes.folder('effects');
  const { command } = makeProofJob({ key, directory, lineCount: 1 });
  const args = { command: [`${before}; ${command}`], key, on: [field.nameOf('struck')] };
  return (await field.voice.ask<JobRow>('dispatch', args)).id;
}

async function countWaiting(field: BentField, ids: readonly string[]): Promise<number> {
  const details = await Promise.all(ids.map((job) => field.voice.ask<JobDetail>('job', { job })));
  // One may have been handed to the link of the agent that was killed; nobody has proved more.
  const early = ['queued', 'sent'];
  return details.filter(({ state, outcome }) => early.includes(state) && outcome === null).length;
}

async function waitFor(field: BentField, ids: readonly string[]) {
  const details = await Promise.all(
    ids.map((id) => field.voice.ask<JobDetail>('wait', { jobs: [id] })),
  );
  return details.map(({ outcome }) => outcome);
}

function isRefusalTold(field: BentField, which: 'hub' | 'struck'): boolean {
  return field.readWords(which).includes('PEER_VERSION');
}
