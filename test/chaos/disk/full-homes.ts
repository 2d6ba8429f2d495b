/*
 * Hub and agent on small disks that are filled in turns and freed again, with jobs all the while.
 *
 * What is looked for, in each round: nobody's process ends; new work is refused with a code; a job that
 * runs lives on and its log is whole; an outcome is recorded while the disk is full, once a ballast
 * was there to be given up; and with the disk freed all goes on, with no hand.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../../../agent/agent-parts.ts';
import type { JobDetail, StatusShape } from '../../../cockpit/verbs/shapes.ts';
import { openSmallDisk, type SmallDisk } from '../../kit/small-disk.ts';
import { readLog } from './job-log.ts';
import { openStand, type Side, type Stand } from './stand.ts';

/** What came of it. */
export interface FullHomesResult {
  /** What was not as it must be, in words. */
  readonly faults: readonly string[];
  readonly jobCount: number;
  readonly refusedCount: number;
  /** Rounds in which an outcome was recorded while the disk was full. */
  readonly outcomesInFull: number;
}

const lineCount = 150;
const diskMib = 96;

/** Runs so many rounds; a sentence where there are no small disks. */
export async function runFullHomes(
  rounds: number,
  report: (line: string) => void,
): Promise<FullHomesResult | string> {
  await using stand = openStand();
  const disks = new Map<Side, SmallDisk>();
  try {
    for (const side of ['hub', 'agent'] as const) {
      const opening = await openSmallDisk(diskMib, stand.home(side));
      if (opening.kind === 'left-out') return opening.reason;
      disks.set(side, opening.disk);
    }
    await stand.start('hub');
    await stand.pair();
    await stand.start('agent');
    await stand.untilLinked();
    await stand.until(() => areBallastsReady(stand), 'both ballasts are there');
    return await runAll({ stand, disks, rounds, report });
  } finally {
    for (const side of ['hub', 'agent'] as const) await stand.kill(side);
    for (const disk of disks.values()) await disk.close();
  }
}

interface Scene {
  readonly stand: Stand;
  readonly disks: ReadonlyMap<Side, SmallDisk>;
  readonly rounds: number;
  readonly report: (line: string) => void;
}

interface Tally {
  readonly faults: string[];
  readonly jobs: string[];
  refusedCount: number;
  outcomesInFull: number;
}

async function runAll(scene: Scene): Promise<FullHomesResult> {
  const { stand, rounds, report } = scene;
  const tally: Tally = { faults: [], jobs: [], refusedCount: 0, outcomesInFull: 0 };
  for (let round = 0; round < rounds && tally.faults.length === 0; round += 1) {
    const side = round % 2 === 0 ? 'hub' : 'agent';
    // Some fillers take what is given up at once, too; then an outcome may have to wait.
    const filler = round % 4 < 2 ? 'content' : 'greedy';
    await runRound(scene, { side, filler }, tally);
    report(`round ${round + 1}, ${side}, ${filler} filler: ${tally.refusedCount} refused in all`);
  }
  await stand.stop('agent');
  await stand.stop('hub');
  await stand.start('hub');
  await stand.start('agent');
  for (const id of tally.jobs) {
    const job = await stand.ask<JobDetail>('job', { job: id }).catch(() => undefined);
    if (job?.state !== 'finished') tally.faults.push(`${id} was accepted and is ${job?.state}`);
  }
  const { faults, jobs, refusedCount, outcomesInFull } = tally;
  return { faults, jobCount: jobs.length, refusedCount, outcomesInFull };
}

interface Round {
  readonly side: Side;
  readonly filler: 'content' | 'greedy';
}

async function runRound(scene: Scene, { side, filler }: Round, tally: Tally): Promise<void> {
  const { stand, disks } = scene;
  const disk = disks.get(side);
  if (disk === undefined) throw new Error('both homes have a disk');
  const { faults, jobs } = tally;
  const loop = `i=0; while [ $i -lt ${lineCount} ]; do echo "line $i"; i=$((i+1)); sleep 0.03; done`;
  const long = await stand.dispatch(loop);
  const short = await stand.dispatch('sleep 1.5; echo done');
  jobs.push(long, short);
  await stand.until(() => hasStarted(stand, long), `${long} runs`);
  const hadBallast = await areBallastsReady(stand);
  await disk.fill();
  await stand.until(() => isRefused(stand, tally), `new work is refused with a full ${side}`);
  // The disk stays full: the first moment shows less than the tenth second.
  for (let look = 0; look < 12; look += 1) {
    if (filler === 'greedy') await disk.fill();
    await sleep(200);
    await stand.ask<StatusShape>('status').catch((thrown: unknown) => {
      faults.push(`status does not answer with a full ${side}: ${String(thrown)}`);
    });
  }
  const ended = await stand.ask<JobDetail>('job', { job: short }).catch(() => undefined);
  if (ended?.outcome === 'succeeded') tally.outcomesInFull += 1;
  else if (hadBallast && filler === 'content')
    faults.push(`${short} has no outcome with a full ${side}: ${ended?.state ?? 'no answer'}`);
  await disk.free();
  await stand.until(() => takesWork(stand, tally), `work is taken again by the ${side}`);
  for (const id of [long, short]) {
    await stand.until(async () => (await find(stand, id)).state === 'finished', `${id} ends`);
    const { outcome } = await find(stand, id);
    if (outcome !== 'succeeded') faults.push(`${id} ended as ${outcome} in a round of ${side}`);
  }
  const wanted = Array.from({ length: lineCount }, (_, n) => `line ${n}\n`).join('');
  await stand
    .until(async () => (await readLog(stand, long)) === wanted, `the log of ${long} is whole`)
    .catch((thrown: unknown) => faults.push(String(thrown)));
  for (const who of ['hub', 'agent'] as const) {
    if (!stand.isUp(who)) faults.push(`${who} ended: ${stand.lastWords(who)}`);
  }
}

/** Tries to give work: true once it is refused for the disk, by the hub or by the worker. */
async function isRefused(stand: Stand, tally: Tally): Promise<boolean> {
  const isOfDisk = (code: unknown) => code === 'DISK_LOW' || code === 'DISK_FULL';
  try {
    const id = await stand.dispatch('true');
    tally.jobs.push(id);
    await stand.until(async () => (await find(stand, id)).state === 'finished', id, 3000);
    const { outcome, attempts } = await find(stand, id);
    const reason = attempts.at(-1)?.reason ?? '';
    if (outcome !== 'refused' || !/disk/i.test(reason)) return false;
  } catch (thrown) {
    if (!isOfDisk((thrown as { code?: unknown }).code)) return false;
  }
  tally.refusedCount += 1;
  return true;
}

async function takesWork(stand: Stand, tally: Tally): Promise<boolean> {
  const id = await stand.dispatch('true');
  tally.jobs.push(id);
  await stand.until(async () => (await find(stand, id)).state === 'finished', id, 10_000);
  return (await find(stand, id)).outcome === 'succeeded';
}

async function hasStarted(stand: Stand, id: string): Promise<boolean> {
  return (await find(stand, id)).receipts.startedAt !== null;
}

function find(stand: Stand, id: string): Promise<JobDetail> {
  return stand.ask<JobDetail>('job', { job: id });
}

async function areBallastsReady(stand: Stand): Promise<boolean> {
  const { disk } = await stand.ask<StatusShape>('status');
  const agent = await stand.askAgent<AgentStatus>();
  return disk.ballast === 'ready' && agent.disk.room?.ballast === 'ready';
}
