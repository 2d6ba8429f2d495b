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
import { createChance } from '../sim/chance.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { readMemory } from './field/box.ts';
import { type Field, openField } from './field/field.ts';
import { findSlope } from './figures.ts';
import { badLine } from './link/line.ts';
import { getOptions } from './options.ts';
import { JobFlow } from './runs/job-flow.ts';
import { makeProofJob } from './runs/proof-job.ts';
import { judge, type Verdict } from './runs/verdict.ts';

const agentCount = 8;
const slopeMibPerMinuteMax = 1;
const agentStoreBytesMax = 5 * 1024 * 1024;

/**
 * Until then it counts for no slope: code is compiled, V8 and malloc come to the room that they need, and caches with a
 * bound fill, which takes three minutes where there is more work than cores. A third of a short run.
 */
const warmSecondsMax = 240;

/** The check. */
export const check: ChaosCheck = {
  id: 'A20',
  title: 'soak: 8 agents, bad links, a kill a second; memory and stores do not grow',
  run: runSoak,
};

interface Samples {
  readonly hub: { x: number; y: number }[];
  readonly agent: { x: number; y: number }[];
}

async function runSoak(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1 } = getOptions();
  const seconds = getOptions().seconds ?? (isShort ? 60 : 540);
  await using field = await openField({ agentCount, seed, slots: 2 });
  await field.shapeLinks({ up: badLine, down: badLine });
  const samples: Samples = { hub: [], agent: [] };
  const endAt = performance.now() + seconds * 1000;
  const isOver = () => performance.now() > endAt;
  // Together, so that one that fails ends the check, and the field with all its processes.
  const [kills, { verdicts, jobCount }] = await Promise.all([
    killAll(field, seed, { isOver, samples, report }),
    runFlows(field, isOver),
  ]);
  await field.untilLinked();
  await sleep(3000);
  return conclude({ field, samples, verdicts, jobCount, kills, seconds });
}

interface Flows {
  readonly verdicts: readonly Verdict[];
  readonly jobCount: number;
}

/** As many as there is time for: a flow of jobs after the other, each of a fixed size. */
async function runFlows(field: Field, isOver: () => boolean): Promise<Flows> {
  const directory = field.folder('effects');
  const { voice } = field;
  const verdicts: Verdict[] = [];
  let jobCount = 0;
  for (let part = 0; !isOver(); part += 1) {
    const jobs = Array.from({ length: 100 }, (_, n) =>
      makeProofJob({ key: `s${part}-${n}`, directory, lineCount: 20, pauseSeconds: 0.1 }),
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

interface Killing {
  readonly isOver: () => boolean;
  readonly samples: Samples;
  readonly report: (line: string) => void;
}

/** A kill a second among all agents but the first, and a sample of memory each time. */
async function killAll(field: Field, seed: number, scene: Killing): Promise<number> {
  const chance = createChance(seed);
  const [kept, ...others] = field.agents;
  if (kept === undefined) throw new Error('a field has its agents');
  const since = performance.now();
  let kills = 0;
  while (!scene.isOver()) {
    const next = sleep(1000);
    const { box } = chance.pick(others);
    await box.kill();
    await box.start();
    kills += 1;
    const x = (performance.now() - since) / 60_000;
    // Without files that are mapped: tables of the store, which the kernel takes back whenever it wants.
    scene.samples.hub.push({ x, y: readMemory(field.hub.box.pid ?? 0, 'RssAnon') / 2 ** 20 });
    scene.samples.agent.push({ x, y: readMemory(kept.box.pid ?? 0, 'RssAnon') / 2 ** 20 });
    if (kills % 30 === 0) scene.report(`${kills} kills in ${x.toFixed(1)} minutes`);
    await next;
  }
  return kills;
}

interface Soaked {
  readonly field: Field;
  readonly samples: Samples;
  readonly verdicts: readonly Verdict[];
  readonly jobCount: number;
  readonly kills: number;
  readonly seconds: number;
}

function conclude(soaked: Soaked): ChaosOutcome {
  const { field, samples, verdicts, seconds } = soaked;
  const warm = Math.min(warmSecondsMax, seconds / 3) / 60;
  const hub = findSlopes(samples.hub, warm);
  const agent = findSlopes(samples.agent, warm);
  const stores = field.agents.map(({ home }) => measureFolder(join(home, 'store')));
  const hubStore = measureFolder(join(field.hub.home, 'store'));
  const figures = {
    minutes: (seconds / 60).toFixed(1),
    jobs: soaked.jobCount,
    kills: soaked.kills,
    'double executions': verdicts.reduce((sum, { doubleRuns }) => sum + doubleRuns, 0),
    'lost log lines': verdicts.reduce((sum, { lostLines }) => sum + lostLines, 0),
    'hub memory slope MiB/min': hub.whole.toFixed(2),
    'hub, calmer half': hub.calmer.toFixed(2),
    'agent memory slope MiB/min': agent.whole.toFixed(2),
    'agent, calmer half': agent.calmer.toFixed(2),
    'hub memory peak MiB': field.hub.box.memoryBytesPeak >> 20,
    'largest agent store KiB': Math.max(...stores) >> 10,
    'hub store KiB': hubStore >> 10,
  };
  const isSteep = Math.max(hub.calmer, agent.calmer) > slopeMibPerMinuteMax;
  const faults = [
    ...verdicts.flatMap((verdict) => verdict.faults),
    // A short run is all warming up: its slope is shown and proves nothing.
    ...(isSteep && seconds >= 300 ? ['memory grows by over a mebibyte a minute'] : []),
    ...(Math.max(...stores) > agentStoreBytesMax ? ['an agent keeps over 5 MiB'] : []),
  ];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join(' | '), figures };
  return { verdict: 'passed', detail: 'nothing grew, ran twice or was lost', figures };
}

/**
 * MiB a minute after the warm-up, and in that half of it where it is less. What grows with jobs or links grows in both;
 * a step in one is the room for its worst moment, which V8 and malloc keep: all workers at once after a stall, say.
 */
function findSlopes(samples: Samples['hub'], warm: number) {
  const points = samples.filter(({ x }) => x > warm);
  const middle = points.length >> 1;
  const halves = [points.slice(0, middle), points.slice(middle)];
  return { whole: findSlope(points), calmer: Math.min(...halves.map(findSlope)) };
}

function measureFolder(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
