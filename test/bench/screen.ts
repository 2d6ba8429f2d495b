/*
 * How long a person waits for the cockpit: for its first picture, and for what a key does.
 *
 * Measured at the far end of a PTY, after a terminal has taken the output in. The baselines are a
 * bare Node that prints one line, and one that answers each key with a line, in the same terminal.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { locateProgram } from '../kit/processes.ts';
import { type OpenTerminal, openTerminal, type ScreenTest } from '../kit/terminal.ts';
import { type Figure, findQuantile, makeFigure } from './figure.ts';
import { budgets, keyPauseMs, keysPerRound } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { openTeam, type Team } from './team.ts';

const size = { columns: 120, rows: 34, cwd: '/' } as const;

/** Prints once, then a number for each key. */
const bareScript = `
  process.stdin.setRawMode(true);
  let count = 0;
  process.stdin.on('data', () => process.stdout.write('\\r' + (count += 1) + ' keys'));
  console.log('ready');`;

/** From spawn to the first frame with the team in it; the hub is up before. */
export async function benchPaint({ rounds: roundCount }: BenchPlan): Promise<readonly Figure[]> {
  await using team = await openTeam();
  const rounds: number[] = [];
  const bareRounds: number[] = [];
  for (let count = 0; count < roundCount; count += 1) {
    bareRounds.push(await timeFirst(openBare, /ready/));
    rounds.push(await timeFirst(() => openCockpit(team), showsTeam(team)));
  }
  const baseline = { name: 'bare node in a PTY', rounds: bareRounds };
  const name = 'cockpit: first paint';
  return [makeFigure({ name, unit: 'ms', rounds, baseline, budget: budgets.paintMs })];
}

/** From a key to the frame in which the selection has moved. */
export async function benchKeys(plan: BenchPlan): Promise<readonly Figure[]> {
  const keyCount = shrink(plan, keysPerRound);
  await using team = await openTeam();
  // More jobs than fit, so that the list also scrolls.
  for (let count = 0; count < keyCount + 2; count += 1) {
    await team.client.call('dispatch', { command: ['true'], wait: true });
  }
  await using cockpit = openCockpit(team);
  await using bare = openBare();
  await cockpit.until(showsTeam(team));
  await bare.until(/ready/);
  const rounds: number[] = [];
  const lateRounds: number[] = [];
  const bareRounds: number[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    const bareTimes = await timeKeys(bare, keyCount, (key) => {
      const pattern = new RegExp(`^${count * keyCount + key} keys`);
      return (lines) => lines.some((line) => pattern.test(line));
    });
    cockpit.press('2g');
    const first = await findSelected(cockpit, keyCount + 2);
    const times = await timeKeys(cockpit, keyCount, (key) => selects(first - key));
    rounds.push(findQuantile(times, 0.5));
    lateRounds.push(findQuantile(times, 0.99));
    bareRounds.push(findQuantile(bareTimes, 0.5));
  }
  const baseline = { name: 'bare node that answers keys', rounds: bareRounds };
  const note = `${keyCount} keys a round, one every ${keyPauseMs} ms`;
  return [
    makeFigure({ name: 'cockpit: key to paint, p50', unit: 'ms', rounds, baseline, note }),
    makeFigure({ name: 'cockpit: key to paint, p99', unit: 'ms', rounds: lateRounds, note }),
  ];
}

async function timeFirst(open: () => OpenTerminal, test: ScreenTest): Promise<number> {
  const start = performance.now();
  await using terminal = open();
  await terminal.until(test);
  return performance.now() - start;
}

async function timeKeys(
  terminal: OpenTerminal,
  keyCount: number,
  plan: (key: number) => ScreenTest,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let key = 1; key <= keyCount; key += 1) {
    await sleep(keyPauseMs);
    const start = performance.now();
    terminal.press('j');
    await terminal.until(plan(key));
    times.push(performance.now() - start);
  }
  return times;
}

function openCockpit(team: Team): OpenTerminal {
  const args = [locateProgram('wally')];
  return openTerminal({ command: process.execPath, args, env: team.hubEnv, ...size });
}

function openBare(): OpenTerminal {
  return openTerminal({ command: process.execPath, args: ['-e', bareScript], env: {}, ...size });
}

/** The team pane with the worker in it, and not only its frame. */
function showsTeam(team: Team): ScreenTest {
  const row = new RegExp(`│.*\\b${team.agentName}\\b`);
  return (lines) =>
    lines.some((line) => line.includes('Team')) && lines.some((line) => row.test(line));
}

/** The selected job is the one with this number. */
function selects(job: number): ScreenTest {
  const row = new RegExp(`▸ J${job}\\b`);
  return (lines) => lines.some((line) => row.test(line));
}

async function findSelected(cockpit: OpenTerminal, job: number): Promise<number> {
  await cockpit.until(selects(job));
  return job;
}
