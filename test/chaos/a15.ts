/*
 * A15: artifacts over a line that is cut again and again, with kills at both ends.
 *
 * Twenty jobs leave a file of 50 MB each; agents are killed once their jobs have ended. In the end each
 * file must be at the hub with the hash that its job wrote down, and little may have been sent twice.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow } from '../../cockpit/verbs/shapes.ts';
import { AppError } from '../../protocol/errors.ts';
import { createChance } from '../sim/chance.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type Field, openField } from './field/field.ts';
import { cleanLine } from './link/line.ts';
import { getOptions } from './options.ts';
import { Nemesis } from './runs/nemesis.ts';

const agentCount = 2;

/**
 * Bytes that cross the line for each byte of an artifact: a twentieth sent twice, and what datagrams,
 * encryption and frames add to each (some 6 % of 1,200 bytes).
 */
const overheadMax = 1.12;

/** Slow enough that the copy lasts through the faults. */
const line = { ...cleanLine, bytesPerSecond: 6_000_000 };
const cutLine = { ...line, isCut: true };

/** All must be there so long after the last fault. */
const restMsMax = 300_000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A15',
  title: 'artifacts over a line cut 200 times, 20 kills: hashes equal, little sent twice',
  run: runArtifacts,
};

interface Brought {
  readonly path: string;
  readonly state: string;
}

async function runArtifacts(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1 } = getOptions();
  const [count, bytes] = isShort ? [6, 5_000_000] : [20, 50_000_000];
  await using field = await openField({ agentCount, seed });
  if (!(await canGet(field))) {
    const detail = 'this hub has no verb `get`, so there are no artifacts';
    return { verdict: 'unavailable', detail, figures: {} };
  }
  const link = { up: line, down: line };
  await field.shapeLinks(link);
  const directory = field.folder('effects');
  const ids = await makeFiles(field, { directory, count, bytes });
  report(`${count} files of ${bytes / 1e6} MB are made; they are on their way`);
  const kills = isShort ? 2 : 10;
  const counts = { 'kill hub': kills, 'kill agent': kills };
  const chance = createChance(seed);
  const nemesis = new Nemesis({ field, chance, counts, link, pauseSecondsMax: 1, report });
  const cuts = isShort ? 20 : 200;
  for (let cut = 1; cut <= cuts; cut += 1) {
    await sleep(chance.between(0, 400));
    const { link: name } = chance.pick(field.agents);
    await field.relay.shape(name, { up: cutLine, down: cutLine });
    await sleep(chance.between(20, 250));
    await field.relay.shape(name, link);
    if (cut % (cuts / kills / 2) === 0) await nemesis.next();
  }
  await nemesis.rest();
  await field.shapeLinks({ up: cleanLine, down: cleanLine });
  report('the last fault is over');
  // Awaited here, because the field is closed on the way out.
  return await judge(field, { directory, ids, count, bytes, cuts });
}

async function canGet(field: Field): Promise<boolean> {
  try {
    await field.voice.ask('get', { job: 'J1' });
    return true;
  } catch (thrown) {
    return !(thrown instanceof AppError && thrown.code === 'USAGE_VERB');
  }
}

interface Files {
  readonly directory: string;
  readonly count: number;
  readonly bytes: number;
}

/** Jobs that leave one file each and write its hash beside the proofs. */
async function makeFiles(field: Field, plan: Files): Promise<readonly string[]> {
  const rows = Array.from({ length: plan.count }, async (_, n) => {
    const hash = join(plan.directory, `f${n}.sha`);
    const command = `head -c ${plan.bytes} /dev/urandom > f${n}.bin; sha256sum f${n}.bin > ${hash}`;
    const on = [field.agents[n % agentCount]?.name];
    const args = { command: [command], key: `f${n}`, artifact: ['*.bin'], on, wait: true };
    return field.voice.ask<JobRow>('dispatch', args);
  });
  const ended = await Promise.all(rows);
  const failed = ended.find(({ outcome }) => outcome !== 'succeeded');
  if (failed !== undefined) throw new Error(`${failed.id} ended ${failed.outcome}`);
  return ended.map(({ id }) => id);
}

async function judge(
  field: Field,
  run: Files & { readonly ids: readonly string[]; readonly cuts: number },
): Promise<ChaosOutcome> {
  const faults: string[] = [];
  for (const [n, id] of run.ids.entries()) {
    const wanted = readFileSync(join(run.directory, `f${n}.sha`), 'utf8').split(' ')[0];
    const got = await fetchHash(field, id, `f${n}.bin`);
    if (got !== wanted) faults.push(`${id}: f${n}.bin has the hash ${got}, not ${wanted}`);
  }
  const lines = await Promise.all(field.agents.map((agent) => field.relay.count(agent.link)));
  const crossed = lines.reduce((sum, { up }) => sum + up.bytes, 0);
  const overhead = crossed / (run.count * run.bytes);
  const figures = {
    files: run.count,
    'MB each': run.bytes / 1e6,
    cuts: run.cuts,
    'wrong or missing': faults.length,
    'bytes on the line for each of a file': overhead.toFixed(3),
    'hub memory peak MiB': field.hub.box.memoryBytesPeak >> 20,
  };
  if (overhead > overheadMax) faults.push(`${overhead.toFixed(3)} bytes crossed for each`);
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join('; '), figures };
  return { verdict: 'passed', detail: 'every file came whole, hardly any of it twice', figures };
}

/** The hash of what the hub gives; waits for what is still coming. */
async function fetchHash(field: Field, job: string, path: string): Promise<string> {
  const giveUpAt = performance.now() + restMsMax;
  for (;;) {
    const { artifacts } = await field.voice.ask<{ artifacts: readonly Brought[] }>('get', { job });
    const state = artifacts.find((file) => file.path === path)?.state;
    if (state === 'here') break;
    if (state !== 'coming' || performance.now() > giveUpAt) return `none: it is ${state}`;
    await sleep(200);
  }
  const hash = createHash('sha256');
  await field.voice.stream<{ base64: string }>('get', { job, path }, ({ base64 }) => {
    hash.update(Buffer.from(base64, 'base64'));
  });
  return hash.digest('hex');
}
