/*
 * One life of the guest between two cuts: hub and agent with their homes on the disk, as real processes.
 *
 * It looks whether all is there that was acknowledged to earlier lives, then gives jobs and notes each
 * acknowledgement outside the disk the moment it came, until it makes the disk drop what is written.
 * From the instant before the switch on nothing is noted, and no run counts: what is done then is not kept.
 */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDetail } from '../../../cockpit/verbs/shapes.ts';
import { AppError } from '../../../protocol/errors.ts';
import { openHomes } from '../../kit/homes.ts';
import { judgeJobs, openReadyStand, proofShell } from '../disk/faulty-syncs.ts';
import { openStand, type Stand } from '../disk/stand.ts';
import { guestDisk, guestProof, type LifePlan, type LifeWord, proofFiles } from './plan.ts';

const { plan, said, accepted, ended, ledger, ledgerBytes } = proofFiles;

/** Of the homes, the same in each life: what ran in one still names it in the next. */
const root = '/run/w';

/** What the doctor had no time to look at, on a processor that is emulated, is no finding. */
const mayFind = ['doctor-blind'];

/** Jobs that are under way at a time. */
const giverCount = 8;

let isNoting = true;
let acceptedCount = 0;

await live(JSON.parse(readFileSync(join(guestProof, plan), 'utf8')) as LifePlan);

async function live({ cut, preload }: LifePlan): Promise<void> {
  mkdirSync(root);
  const stand = openStand(openHomes(root));
  const jobs = readNotes(accepted);
  let faults: readonly string[];
  try {
    forgetLaterRuns();
    layOut();
    if (preload !== undefined) forgetTails();
    await startBoth(stand, { isFirst: jobs.length === 0, preload });
    faults = await judge(stand, jobs);
  } catch (thrown) {
    faults = [thrown instanceof Error ? thrown.message : String(thrown)];
  }
  say({ is: 'judged', faults });
  if (cut !== undefined && faults.length === 0) {
    // What was set up with syncs that lie is there; what is promised from here on is not.
    if (preload !== undefined) spawnSync('sync');
    for (let giver = 0; giver < giverCount; giver += 1) void giveOn(stand);
    while (acceptedCount < cut.afterJobs) await sleep(5);
    await sleep(cut.afterMs);
    isNoting = false;
    writeFileSync(join(guestProof, ledgerBytes), String(statSync(stand.ledger).size));
    // Neither what waits in memory nor the file system's journal may still be written for it.
    const words = ['resume', '--noflush', '--nolockfs', 'disk'];
    say({ is: 'dropping', status: spawnSync('dmsetup', words).status });
  }
  // Whoever booted the guest ends it, and the work goes on until then.
  for (;;) await sleep(1000);
}

/**
 * What ran after the switch did so on the strength of a start that was dropped, on a machine that had no
 * power any more by then; that the next life runs it is right.
 */
function forgetLaterRuns(): void {
  const file = join(guestProof, ledgerBytes);
  if (existsSync(file)) truncateSync(join(guestProof, ledger), Number(readFileSync(file, 'utf8')));
}

/** Homes on the disk; what is proof, or tells why a run failed, outside it. */
function layOut(): void {
  for (const side of ['hub', 'agent']) {
    mkdirSync(join(guestDisk, side), { mode: 0o700, recursive: true });
    symlinkSync(join(guestDisk, side), join(root, side));
  }
  for (const name of [ledger, 'hub.log', 'agent.log']) {
    symlinkSync(join(guestProof, name), join(root, name));
  }
  // Whoever makes a directory syncs its name, and these are made here.
  const directory = openSync(guestDisk, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

/** A store that knows how much it was given refuses to open; then what is gone could not be counted. */
function forgetTails(): void {
  for (const side of ['hub', 'agent']) rmSync(join(root, side, 'store/TAIL'), { force: true });
}

/** Only the first life pairs: a pairing that is gone later is a fault. */
async function startBoth(
  stand: Stand,
  { isFirst, preload }: { readonly isFirst: boolean; readonly preload: string | undefined },
): Promise<void> {
  const start = preload === undefined ? {} : { env: { LD_PRELOAD: preload } };
  if (isFirst) {
    await openReadyStand(stand, start);
    return;
  }
  await stand.start('hub', start);
  await stand.start('agent', start);
  await stand.untilLinked();
}

async function judge(stand: Stand, jobs: readonly string[]): Promise<readonly string[]> {
  const faults: string[] = [];
  const told = new Map(readNotes(ended).map((line) => line.split(' ') as [string, string]));
  for (const id of jobs) {
    const job = await find(stand, id);
    const was = told.get(id);
    if (job === undefined) faults.push(`${id} was accepted and is gone`);
    else if (was !== undefined && job.outcome !== was) {
      faults.push(`${id} had ended as ${was} and is now ${job.outcome}`);
    }
  }
  // Of those nothing more is to be heard, and each would be waited for.
  if (faults.length > 0) return faults;
  faults.push(...(await judgeJobs(stand, jobs)));
  const { findings } = await stand.ask<{ findings: readonly { id: string; seen: string }[] }>(
    'doctor',
  );
  const found = findings.filter(({ id }) => !mayFind.includes(id));
  return [...faults, ...found.map(({ id, seen }) => `doctor: ${id}: ${seen}`)];
}

async function find(stand: Stand, job: string): Promise<JobDetail | undefined> {
  try {
    return await stand.ask<JobDetail>('job', { job });
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'JOB_UNKNOWN') return undefined;
    throw thrown;
  }
}

/** On a disk that drops what is written anything may fail; before, nothing may. */
async function giveOn(stand: Stand): Promise<void> {
  await give(stand).catch((thrown: unknown) => {
    if (isNoting) throw thrown;
  });
}

/** Gives one job after the other, and sees each to its end. */
async function give(stand: Stand): Promise<void> {
  for (;;) {
    const id = await stand.dispatch(proofShell(stand));
    note(accepted, id);
    acceptedCount += 1;
    for (;;) {
      const { state, outcome } = await stand.ask<JobDetail>('job', { job: id });
      if (state === 'finished') {
        note(ended, `${id} ${outcome}`);
        break;
      }
      await sleep(50);
    }
  }
}

function note(file: string, line: string): void {
  if (isNoting) appendFileSync(join(guestProof, file), `${line}\n`);
}

function readNotes(file: string): readonly string[] {
  const path = join(guestProof, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

function say(word: LifeWord): void {
  appendFileSync(join(guestProof, said), `${JSON.stringify(word)}\n`);
}
