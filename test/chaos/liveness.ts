/*
 * How soon silence is shown, and how soon a session works again after a kill.
 *
 * Real processes on a clean link, round after round. Judged are the medians, because a machine that
 * does other work makes any single round late; the largest are shown beside them.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type AgentPost, type Field, openField } from './field/field.ts';
import { TeamWatch } from './field/team-watch.ts';
import { describeTimes, quantile } from './figures.ts';
import { getOptions } from './options.ts';

/** The promises, milliseconds. A frame of the feed may take a moment, which is the 0.1 s. */
const promises = {
  'silent to stale': 3100,
  'silent to suspected': 6100,
  'hub started to job done': 3000,
  'agent started to job done': 3000,
} as const;

type Name = keyof typeof promises;

/** Longer than a link survives. */
const starvedSeconds = 12;

/** The check. */
export const check: ChaosCheck = {
  id: 'liveness',
  title: 'silence is shown in time, sessions are back in time, starvation is no death',
  run: runLiveness,
};

async function runLiveness(report: (line: string) => void): Promise<ChaosOutcome> {
  const rounds = getOptions().isShort ? 3 : 10;
  await using field = await openField({ agentCount: 1, seed: getOptions().seed ?? 1 });
  const team = new TeamWatch(field.voice);
  const times: Record<Name, number[]> = {
    'silent to stale': [],
    'silent to suspected': [],
    'hub started to job done': [],
    'agent started to job done': [],
  };
  const [agent] = field.agents;
  if (agent === undefined) throw new Error('a field has its agents');
  for (let round = 1; round <= rounds; round += 1) {
    await measureSilence(field, { agent, team, times });
    times['hub started to job done'].push(await measureHub(field, agent));
    times['agent started to job done'].push(await measureAgent(field, agent));
    report(`round ${round}: ${describeRound(times)}`);
  }
  const starved = await starve(field, agent);
  return conclude(times, starved);
}

interface Silence {
  readonly agent: AgentPost;
  readonly team: TeamWatch;
  readonly times: Record<Name, number[]>;
}

async function measureSilence(field: Field, { agent, team, times }: Silence): Promise<void> {
  await team.until(agent.name, ({ link, state }) => link === 'direct' && state !== 'stale');
  agent.box.pause();
  const since = performance.now();
  const staleAt = await team.until(agent.name, ({ state }) => state === 'stale');
  const goneAt = await team.until(agent.name, ({ link }) => link === 'none');
  agent.box.resume();
  times['silent to stale'].push(staleAt - since);
  times['silent to suspected'].push(goneAt - since);
  await field.untilLinked();
}

async function measureHub(field: Field, agent: AgentPost): Promise<number> {
  await field.hub.box.kill();
  await sleep(200);
  await field.startHub();
  return measureJob(field, agent);
}

async function measureAgent(field: Field, agent: AgentPost): Promise<number> {
  await agent.box.kill();
  await sleep(200);
  await agent.box.start();
  return measureJob(field, agent);
}

async function measureJob(field: Field, agent: AgentPost): Promise<number> {
  const since = performance.now();
  const args = { command: ['true'], on: [agent.name], wait: true, key: `live-${since}` };
  const { outcome } = await field.voice.ask<JobRow>('dispatch', args);
  if (outcome !== 'succeeded') throw new Error(`a job ended ${outcome}`);
  return performance.now() - since;
}

/** Four busy loops a core beside it, and it is told to be nice: its heartbeats come late or not at all. */
async function starve(field: Field, agent: AgentPost): Promise<JobRow> {
  const { pid } = agent.box;
  const command = [`sleep ${starvedSeconds + 2}`];
  const args = { command, on: [agent.name], wait: true, key: 'starved' };
  const running = field.voice.ask<JobRow>('dispatch', args);
  const hogs = Array.from({ length: availableParallelism() * 4 }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    if (pid !== undefined) spawn('renice', ['-n', '19', '-p', String(pid)], { stdio: 'ignore' });
    await sleep(starvedSeconds * 1000);
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
  }
  return running;
}

function describeRound(times: Readonly<Record<Name, number[]>>): string {
  return Object.entries(times)
    .map(([name, values]) => `${name} ${Math.round(values.at(-1) ?? 0)} ms`)
    .join(', ');
}

function conclude(times: Readonly<Record<Name, number[]>>, starved: JobRow): ChaosOutcome {
  const names = Object.keys(promises) as Name[];
  const figures = {
    rounds: times['silent to stale'].length,
    ...Object.assign({}, ...names.map((name) => describeTimes(name, times[name]))),
    'job of a starved agent': `${starved.outcome}, ${starved.attemptCount} attempt`,
  };
  const broken = names.filter((name) => quantile(times[name], 0.5) > promises[name]);
  if (starved.outcome !== 'succeeded' || starved.attemptCount !== 1) {
    return { verdict: 'failed', detail: 'a starved agent was taken for dead', figures };
  }
  if (broken.length > 0) {
    return { verdict: 'failed', detail: `too late: ${broken.join(', ')}`, figures };
  }
  return { verdict: 'passed', detail: 'all medians are in time', figures };
}
