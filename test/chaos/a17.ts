/*
 * A17: poison. A message whose handler throws and one whose handler kills the process, on either side,
 * each in front of many good ones; and a trusted peer that says thousands of hostile frames.
 *
 * Good jobs must end as they would have, the poisoned ones in a recorded outcome, with three restarts
 * at most, and nobody but the hostile peer may notice the hostile peer.
 */
import type { JobDetail, JobRow } from '../../cockpit/verbs/shapes.ts';
import { encodeValue } from '../../protocol/codec.ts';
import { encodeFrame } from '../../protocol/frames.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { openCorpus } from '../fuzz/corpus.ts';
import { mutate } from '../fuzz/mutate.ts';
import { createChance } from '../sim/chance.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { readMemory } from './field/box.ts';
import { getOptions } from './options.ts';
import { type BentField, openBentField } from './poison/bent-field.ts';
import { type HostileLink, type HostilePeer, openHostilePeer } from './poison/hostile-peer.ts';
import { type EndedJob, JobFlow } from './runs/job-flow.ts';
import { makeProofJob, readEffects } from './runs/proof-job.ts';

/** Restarts that each of the two may need for all its poison. */
const restartsMax = 3;

/** By how much hostile frames may let the hub grow. */
const growthBytesMax = 100 * 1024 * 1024;

const standMsMax = 60_000;

/** The check. */
export const check: ChaosCheck = {
  id: 'A17',
  title: 'poison: handlers that throw or kill, and a trusted peer that says hostile frames',
  run: runPoison,
};

interface Faults {
  readonly list: string[];
  readonly figures: Record<string, number | string>;
}

async function runPoison(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1, jobs = isShort ? 20 : 100 } = getOptions();
  const frames = isShort ? 1000 : 10_000;
  // The first two reports are struck in the hub; behind the good jobs two assignments in the agent.
  const after = jobs + 3;
  const plan = {
    hub: { WALLY_POISON: 'throw:J1.1,kill:J2.1' },
    agent: { WALLY_POISON: `throw:J${after}.1,kill:J${after + 1}.1` },
  };
  await using field = await openBentField(plan);
  const faults: Faults = { list: [], figures: {} };
  await strikeHub(field, faults, jobs);
  report(`the hub ended ${field.hub.ownEnds.length} times by itself at its poison`);
  await strikeAgent(field, faults, { jobs, after });
  report(`the agent ended ${field.agents.get('struck')?.ownEnds.length} times at its poison`);
  await beHostile(field, faults, { frames, jobs, seed });
  report(`${frames} hostile frames were said`);
  await countLeftovers(field, faults);
  const { list, figures } = faults;
  if (list.length > 0) return { verdict: 'failed', detail: list.join('; '), figures };
  return { verdict: 'passed', detail: 'good jobs are untouched, poisoned ones are told', figures };
}

async function strikeHub(field: BentField, faults: Faults, jobs: number): Promise<void> {
  const thrown = await dispatchStruck(field, faults, { key: 'hub-throws', wanted: 'J1' });
  const killed = await dispatchStruck(field, faults, { key: 'hub-dies', wanted: 'J2' });
  await runGood(field, faults, { name: 'behind-hub', jobs, on: 'struck' });
  for (const id of [thrown, killed]) {
    const { outcome, reason } = await ended(field, id);
    if (outcome !== 'lost') faults.list.push(`${id} ended ${outcome} (${reason}), not lost`);
  }
  const ends = field.hub.ownEnds.length;
  faults.figures['ends of the hub'] = ends;
  if (ends > restartsMax) faults.list.push(`the hub ended ${ends} times`);
  if (ends === 0) faults.list.push('the hub was never killed: nothing was planted');
}

async function strikeAgent(
  field: BentField,
  faults: Faults,
  { jobs, after }: { readonly jobs: number; readonly after: number },
): Promise<void> {
  const thrown = await dispatchStruck(field, faults, { key: 'agent-throws', wanted: `J${after}` });
  const killed = await dispatchStruck(field, faults, {
    key: 'agent-dies',
    wanted: `J${after + 1}`,
  });
  await runGood(field, faults, { name: 'behind-agent', jobs, on: 'struck' });
  for (const id of [thrown, killed]) {
    const { outcome, reason } = await ended(field, id);
    if (outcome !== 'refused') faults.list.push(`${id} ended ${outcome} (${reason}), not refused`);
  }
  for (const key of ['agent-throws', 'agent-dies']) {
    const runs = readEffects(field.homes.folder('effects'), key).length;
    if (runs > 0) faults.list.push(`${key} was refused and ran ${runs} times`);
  }
  const ends = field.agents.get('struck')?.ownEnds.length ?? 0;
  faults.figures['ends of the agent'] = ends;
  if (ends > restartsMax) faults.list.push(`the agent ended ${ends} times`);
  if (ends === 0) faults.list.push('the agent was never killed: nothing was planted');
}

/** A trusted peer: undecodable frames, messages that fit no schema, and mutants, beside good work. */
async function beHostile(
  field: BentField,
  faults: Faults,
  plan: { readonly frames: number; readonly jobs: number; readonly seed: number },
): Promise<void> {
  const endsBefore = field.hub.ownEnds.length;
  const sizeBefore = readMemory(field.hub.pid ?? 0, 'VmRSS');
  const pair = async () => openHostilePeer(await field.invite());
  await using eve = await pair();
  const work = runGood(field, faults, { name: 'beside-eve', jobs: plan.jobs, on: 'sound' });
  const store = 'e'.repeat(32);
  const spoken = await eve.join({ store });
  if (!(await sayUnreadable(spoken))) {
    faults.list.push('a message without a schema held its stream up');
  }
  spoken.say(Uint8Array.of(0xc1));
  await spoken.ended;
  await sayMutants(plan, { pair, store });
  await work;
  const grown = readMemory(field.hub.pid ?? 0, 'VmRSS') - sizeBefore;
  faults.figures['hostile frames'] = plan.frames;
  faults.figures['hub grew by MiB'] = Math.round(grown / 2 ** 20);
  if (grown > growthBytesMax) faults.list.push(`hostile frames let the hub grow by ${grown} bytes`);
  if (field.hub.ownEnds.length > endsBefore) faults.list.push('hostile frames ended the hub');
}

/** A message that fits no schema and a sound one behind it, until both are acknowledged. */
async function sayUnreadable(link: HostileLink): Promise<boolean> {
  const bodies = [
    encodeValue({ kind: 'finished', attempt: 7 }),
    encodeMessage({ kind: 'accepted', attempt: 'J1.1', at: 1 }),
  ];
  for (let tries = 0; tries < 20; tries += 1) {
    for (const [at, body] of bodies.entries()) {
      link.say(encodeFrame({ t: 'data', seq: at + 1, body }));
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
    const isAcked = link.heard.some((frame) => frame.t === 'ack' && frame.received === 2);
    if (isAcked) return true;
  }
  return false;
}

/** From a peer of its own: a mutant may say that its box leaves, and the hub trusts its key no more. Then it pairs anew. */
async function sayMutants(
  { frames, seed }: { readonly frames: number; readonly seed: number },
  { pair, store }: { readonly pair: () => Promise<HostilePeer>; readonly store: string },
): Promise<void> {
  const chance = createChance(seed);
  let peer = await pair();
  const corpus = openCorpus(seed).filter(({ family }) => family === 'frame');
  let link: HostileLink | undefined;
  for (let said = 0; said < frames; ) {
    if (link === undefined || link.closedBecause() !== undefined) {
      link = await peer.join({ store }).catch(() => undefined);
    }
    if (link === undefined) {
      await peer.close();
      peer = await pair();
      continue;
    }
    // Many at a time: after the first fault the rest of them meet a closing link.
    for (let count = 0; count < 50 && said < frames; count += 1) {
      const mutant = mutate(chance.pick(corpus).bytes, chance.pick(corpus).bytes, chance);
      if (mutant.length === 0 || mutant.length > 1024 * 1024) continue;
      said += 1;
      if (link.say(mutant) === 'full') break;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  link?.close();
  await peer.close();
}

async function countLeftovers(field: BentField, faults: Faults): Promise<void> {
  await field.hub.kill();
  await field.agents.get('struck')?.kill();
  const [atHub, atAgent] = [
    await field.countQuarantined('hub'),
    await field.countQuarantined('struck'),
  ];
  faults.figures['kept in quarantine by the hub'] = atHub;
  faults.figures['kept in quarantine by the agent'] = atAgent;
  if (atHub < 3) faults.list.push(`the hub kept ${atHub} messages, not all three`);
  if (atAgent !== 2) faults.list.push(`the agent kept ${atAgent} messages, not two`);
}

/** A job whose message will be struck; its number must be the planted one. */
async function dispatchStruck(
  field: BentField,
  faults: Faults,
  { key, wanted }: { readonly key: string; readonly wanted: string },
): Promise<string> {
  const directory = field.homes.folder('effects');
  const { command } = makeProofJob({ key, directory, lineCount: 1 });
  const args = { command: [command], key, on: [field.nameOf('struck')] };
  const { id } = await field.voice.ask<JobRow>('dispatch', args);
  if (id !== wanted) faults.list.push(`${key} is ${id}, the fault is planted at ${wanted}`);
  return id;
}

async function runGood(
  field: BentField,
  faults: Faults,
  plan: { readonly name: string; readonly jobs: number; readonly on: 'struck' | 'sound' },
): Promise<void> {
  const directory = field.homes.folder('effects');
  const jobs = Array.from({ length: plan.jobs }, (_, n) =>
    makeProofJob({ key: `${plan.name}-${n}`, directory, lineCount: 1 }),
  );
  const args = { on: [field.nameOf(plan.on)] };
  const flow = new JobFlow({ voice: field.voice, jobs, inFlightMax: 16, args, standMsMax });
  const rows: readonly EndedJob[] = await flow.run();
  const bad = rows.filter(({ row }) => row.outcome !== 'succeeded');
  const doubles = jobs.filter(({ key }) => readEffects(directory, key).length !== 1);
  faults.figures[`good jobs ${plan.name}`] = rows.length - bad.length;
  for (const { row } of bad.slice(0, 3)) {
    faults.list.push(`${row.id}, a good one, ended ${row.outcome} (${row.reason})`);
  }
  if (doubles.length > 0) faults.list.push(`${doubles.length} good jobs did not run just once`);
}

async function ended(field: BentField, id: string): Promise<JobDetail> {
  return field.voice.ask<JobDetail>('wait', { jobs: [id] });
}
