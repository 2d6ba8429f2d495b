/*
 * A20, the soak: nine minutes on bad links with a kill a second; nothing may grow.
 *
 * One agent and the hub are never killed, because memory that starts over cannot show a slope; the
 * other agents are killed in turns. Kills of the hub are the main run's. What the stores hold when all
 * is acknowledged is measured too: an agent keeps nothing of what the hub has.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { levelRoomStepBytes, levelWriteBufferBytes } from '../../store/limits.ts';
import { createChance } from '../sim/chance.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type Box, readMemory } from './field/box.ts';
import { openCollector } from './field/collector.ts';
import { type AgentPost, type Field, openField } from './field/field.ts';
import { findSlope } from './figures.ts';
import { badLine } from './link/line.ts';
import { getOptions } from './options.ts';
import { JobFlow } from './runs/job-flow.ts';
import { makeProofJob } from './runs/proof-job.ts';
import { judge, type Verdict } from './runs/verdict.ts';

const agentCount = 8;
const slopeMibPerMinuteMax = 1;

/** Of an agent's store, all but LevelDB's log. */
const agentRestBytesMax = 5 * 1024 * 1024;

/** LevelDB begins another log when its table in memory is full; room for it is made ahead. */
const levelLogBytesMax = levelWriteBufferBytes + levelRoomStepBytes;

/** A hub of eight workers that come and go is never larger: it took 195 at most with a load of its own size beside it. */
const hubMibMax = 256;

/**
 * Until then it counts for no slope: code is compiled, V8 and malloc come to the room that they need, and caches with a
 * bound fill, which takes three minutes where there is more work than cores. A third of a short run.
 */
const warmSecondsMax = 240;

/**
 * Jobs that are sent to the watched agent before all else. Each costs it and the hub 30 KiB of rows or more, so LevelDB's
 * table in memory (16 MiB) was full at both, and rooms of its size are malloc's: one that still fills is a slope of its own.
 */
const fillJobs = { count: 1000, commentLetters: 8192 } as const;

/** What each job of the soak brings, as a prompt would: the hub's table in memory comes and goes several times. */
const promptLetters = 4096;

/** Between two whole collections. */
const collectSeconds = 15;

/** The check. */
export const check: ChaosCheck = {
  id: 'A20',
  title: 'soak: 8 agents, bad links, a kill a second; memory and stores do not grow',
  run: runSoak,
};

interface Point {
  readonly x: number;
  readonly y: number;
}

/** MiB by minutes: as it stands each second, and what is left after whole collections, once all is warm. */
interface Samples {
  readonly standing: Point[];
  readonly left: Point[];
}

interface Watched {
  readonly hub: Samples;
  readonly agent: Samples;
}

async function runSoak(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1 } = getOptions();
  const seconds = getOptions().seconds ?? (isShort ? 60 : 540);
  await using field = await openField({ agentCount, seed, slots: 2 });
  const [kept, ...others] = field.agents;
  if (kept === undefined) throw new Error('a field has its agents');
  const filled = await fillTables(field, kept.name);
  report(`${filled.jobCount} jobs have filled what fills once`);
  await field.shapeLinks({ up: badLine, down: badLine });
  const since = performance.now();
  const isOver = () => performance.now() > since + seconds * 1000;
  const watch = (box: Box) => watchMemory(box, { since, isOver, warmSeconds: warmOf(seconds) });
  // Together, so that one that fails ends the check, and the field with all its processes.
  const [kills, soaked, hub, agent] = await Promise.all([
    killAll(others, seed, { since, isOver, report, warmSeconds: warmOf(seconds) }),
    runFlows(field, isOver),
    watch(field.hub.box),
    watch(kept.box),
  ]);
  await field.untilLinked();
  await sleep(3000);
  const verdicts = [...filled.verdicts, ...soaked.verdicts];
  const { jobCount } = soaked;
  return conclude({ field, watched: { hub, agent }, verdicts, jobCount, kills, seconds });
}

interface Flows {
  readonly verdicts: readonly Verdict[];
  readonly jobCount: number;
}

/** Jobs for one agent on a good line, with long commands. */
async function fillTables(field: Field, agent: string): Promise<Flows> {
  const directory = field.folder('filling');
  const { voice } = field;
  const { count, commentLetters } = fillJobs;
  const jobs = Array.from({ length: count }, (_, n) =>
    makeProofJob({ key: `f${n}`, directory, lineCount: 1, commentLetters }),
  );
  const args = { on: [agent] };
  const flow = new JobFlow({ voice, jobs, inFlightMax: 30, args, standMsMax: 30_000 });
  const ended = await flow.run();
  const verdict = await judge({ voice, ended, directory, allowed: ['succeeded'] });
  return { verdicts: [verdict], jobCount: ended.length };
}

/** As many as there is time for: a flow of jobs after the other, each of a fixed size. */
async function runFlows(field: Field, isOver: () => boolean): Promise<Flows> {
  const directory = field.folder('effects');
  const { voice } = field;
  const verdicts: Verdict[] = [];
  let jobCount = 0;
  for (let part = 0; !isOver(); part += 1) {
    const jobs = Array.from({ length: 100 }, (_, n) =>
      makeProofJob({
        key: `s${part}-${n}`,
        directory,
        lineCount: 20,
        pauseSeconds: 0.1,
        commentLetters: promptLetters,
      }),
    );
    const flow = new JobFlow({ voice, jobs, inFlightMax: 30, standMsMax: 120_000 });
    const ended = await flow.run();
    jobCount += ended.length;
    const allowed = ['succeeded', 'lost'];
    // A link a second breaks, now and then before it has opened, and a program a second starts, which is all that two
    // cores can: the doctor says all three.
    const mayFind = ['link-flaps', 'session-half-open', 'doctor-blind'];
    verdicts.push(await judge({ voice, ended, directory, allowed, mayFind }));
  }
  return { verdicts, jobCount };
}

interface Watching {
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly isOver: () => boolean;
  readonly warmSeconds: number;
}

interface Killing extends Watching {
  readonly report: (line: string) => void;
}

/** A kill a second among these agents, and as fast as they start while it warms up: rooms that fill with links are full then. */
async function killAll(
  agents: readonly AgentPost[],
  seed: number,
  { since, isOver, report, warmSeconds }: Killing,
): Promise<number> {
  const chance = createChance(seed);
  const isWarm = () => performance.now() > since + warmSeconds * 1000;
  let kills = 0;
  while (!isOver()) {
    const next = sleep(isWarm() ? 1000 : 0);
    const { box } = chance.pick(agents);
    await box.kill();
    await box.start();
    kills += 1;
    const minutes = (performance.now() - since) / 60_000;
    if (kills % 30 === 0) report(`${kills} kills in ${minutes.toFixed(1)} minutes`);
    await next;
  }
  return kills;
}

/** Looks each second, and collects now and then from when it is warm. */
async function watchMemory(box: Box, { since, isOver, warmSeconds }: Watching): Promise<Samples> {
  const samples: Samples = { standing: [], left: [] };
  const minutes = () => (performance.now() - since) / 60_000;
  const look = async (seconds: number) => {
    for (let n = 0; n < seconds && !isOver(); n += 1) {
      await sleep(1000);
      samples.standing.push({ x: minutes(), y: readMemory(box.pid ?? 0, 'RssAnon') / 2 ** 20 });
    }
  };
  await look(warmSeconds);
  const collector = await openCollector(box);
  while (!isOver()) {
    samples.left.push({ x: minutes(), y: await collector.read() });
    await look(collectSeconds);
  }
  collector.close();
  return samples;
}

interface Soaked {
  readonly field: Field;
  readonly watched: Watched;
  readonly verdicts: readonly Verdict[];
  readonly jobCount: number;
  readonly kills: number;
  readonly seconds: number;
}

function conclude(soaked: Soaked): ChaosOutcome {
  const { field, watched, verdicts, seconds } = soaked;
  const { hub, agent } = watched;
  const slope = Math.max(findSlope(hub.left), findSlope(agent.left));
  const hubMib = field.hub.box.memoryBytesPeak / 2 ** 20;
  const stores = field.agents.map(({ home }) => measureStore(join(home, 'store')));
  const agentRestMax = Math.max(...stores.map(({ rest }) => rest));
  const agentLogMax = Math.max(...stores.map(({ log }) => log));
  const hubStore = measureStore(join(field.hub.home, 'store'));
  const figures = {
    minutes: (seconds / 60).toFixed(1),
    jobs: soaked.jobCount,
    kills: soaked.kills,
    'double executions': verdicts.reduce((sum, { doubleRuns }) => sum + doubleRuns, 0),
    'lost log lines': verdicts.reduce((sum, { lostLines }) => sum + lostLines, 0),
    ...describeMemory('hub', hub),
    ...describeMemory('agent', agent),
    'hub memory peak MiB': Math.round(hubMib),
    'largest agent store, without its log, KiB': agentRestMax >> 10,
    'largest log of an agent store KiB': agentLogMax >> 10,
    'hub store, without its log, KiB': hubStore.rest >> 10,
  };
  const faults = [
    ...verdicts.flatMap((verdict) => verdict.faults),
    // A short run is all warming up: its slope is shown and proves nothing.
    ...(slope > slopeMibPerMinuteMax && seconds >= 300
      ? ['memory grows by over a mebibyte a minute']
      : []),
    ...(hubMib > hubMibMax ? [`the hub takes over ${hubMibMax} MiB`] : []),
    ...(agentRestMax > agentRestBytesMax ? ['an agent keeps over 5 MiB'] : []),
    ...(agentLogMax > levelLogBytesMax ? ['the log of an agent’s store is never done'] : []),
  ];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join(' | '), figures };
  return { verdict: 'passed', detail: 'nothing grew, ran twice or was lost', figures };
}

function warmOf(seconds: number): number {
  return Math.min(warmSecondsMax, seconds / 3);
}

/** Slopes in MiB a minute. As it stands it says how the collector felt, and is no verdict. */
function describeMemory(who: string, { standing, left }: Samples): Record<string, string> {
  const warm = left[0]?.x ?? 0;
  const ends = [left[0], left.at(-1)].map((point) => (point?.y ?? 0).toFixed(1));
  return {
    [`${who}, left after collections, MiB`]: `${ends.join(' to ')} in ${left.length}`,
    [`${who}, slope of that MiB/min`]: findSlope(left).toFixed(2),
    [`${who}, slope as it stands MiB/min`]: findSlope(standing.filter(({ x }) => x > warm)).toFixed(
      2,
    ),
  };
}

/** Bytes of LevelDB's logs, and of all else. */
function measureStore(directory: string): { readonly log: number; readonly rest: number } {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ name, bytes: statSync(join(parentPath, name)).size }));
  const sum = (isLog: boolean) =>
    files
      .filter(({ name }) => /^\d+\.log$/.test(name) === isLog)
      .reduce((total, { bytes }) => total + bytes, 0);
  return { log: sum(true), rest: sum(false) };
}
