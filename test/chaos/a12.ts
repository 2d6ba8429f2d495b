/*
 * A12: the hub's store is put back to an older copy; workers notice, refuse, and nothing runs twice.
 *
 * The copy is taken from a hub that stands still, as a backup would be, and what happened since is
 * forgotten by it: it would mint numbers again that its workers know already. Every worker does jobs
 * in between, so that each knows more than the hub.
 */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow, TeamRow } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type Field, openField } from './field/field.ts';
import { getOptions } from './options.ts';
import { makeProofJob, readEffects } from './runs/proof-job.ts';

/** Jobs done before the copy, between copy and return, and asked for afterwards. */
const jobsEach = 20;

/** What a refused worker could do wrong, it would have done in this time. */
const watchedMs = 10_000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A12',
  title: 'hub store restored from an older copy: noticed, refused, nothing runs twice',
  run: runRestored,
};

async function runRestored(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1, seconds = isShort ? 5 : 60 } = getOptions();
  await using field = await openField({ agentCount: 2, seed });
  const directory = field.folder('effects');
  const [store, copy] = [join(field.hub.home, 'store'), join(field.homes.root, 'copy')];
  await runJobs(field, directory, 'before');
  await field.hub.box.kill();
  cpSync(store, copy, { recursive: true });
  await field.startHub();
  await runJobs(field, directory, 'between');
  await sleep(seconds * 1000);
  await field.hub.box.kill();
  rmSync(store, { recursive: true });
  cpSync(copy, store, { recursive: true });
  await field.startHub();
  report('the hub runs on the older copy');
  const asked = await ask(field, directory);
  await sleep(watchedMs);
  const words = readFileSync(field.hub.box.plan.logFile, 'utf8');
  const team = await field.voice.ask<readonly TeamRow[]>('team');
  const runs = ['before', 'between', 'after'].flatMap((name) =>
    Array.from({ length: jobsEach }, (_, n) => readEffects(directory, `${name}${n}`).length),
  );
  const doubles = runs.filter((count) => count > 1).length;
  const late = runs.slice(2 * jobsEach).filter((count) => count > 0).length;
  const said = words.split('\n').find((line) => line.includes('PEER_REGRESSED')) ?? '';
  const figures = {
    'age of the copy s': seconds,
    'double executions': doubles,
    'jobs run for a hub that forgot': late,
    'jobs asked of it': asked,
    'what the hub says': said.slice(0, 200),
    'links afterwards': team.map(({ name, state, link }) => `${name} ${state} ${link}`).join(', '),
  };
  if (doubles > 0) return { verdict: 'failed', detail: `${doubles} jobs ran twice`, figures };
  if (said === '') {
    return { verdict: 'failed', detail: 'the hub says nothing of PEER_REGRESSED', figures };
  }
  if (late > 0) return { verdict: 'failed', detail: 'a worker served it all the same', figures };
  return { verdict: 'passed', detail: 'noticed at the first hello and refused', figures };
}

async function runJobs(field: Field, directory: string, name: string): Promise<void> {
  for (let n = 0; n < jobsEach; n += 1) {
    const args = planJob(field, directory, `${name}${n}`);
    await field.voice.ask<JobRow>('dispatch', { ...args, wait: true });
  }
}

let turn = 0;

/** Arguments of the next dispatch; agents take turns. */
function planJob(field: Field, directory: string, key: string): Record<string, unknown> {
  turn += 1;
  const { command } = makeProofJob({ key, directory, lineCount: 1 });
  return { command: [command], key, on: [field.agents[turn % field.agents.length]?.name] };
}

/** New work for the hub that forgot; it may be taken, it must not run. */
async function ask(field: Field, directory: string): Promise<number> {
  let taken = 0;
  for (let n = 0; n < jobsEach; n += 1) {
    const args = planJob(field, directory, `after${n}`);
    const isTaken = await field.voice.askOnce('dispatch', args).then(
      () => true,
      () => false,
    );
    if (isTaken) taken += 1;
  }
  return taken;
}
