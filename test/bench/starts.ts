/*
 * How long the programs take to start and answer, against a Node that does nothing.
 *
 * From spawn to the end of the process, as a person or a script waits for it. Program and baseline
 * take turns, so that a slow moment of the machine meets both.
 */
import { spawnSync } from 'node:child_process';
import { locateProgram } from '../kit/processes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { budgets, startsPerRound } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { openTeam } from './team.ts';

type Environment = Readonly<Record<string, string>>;

/** `wally --version`: nothing is asked of anyone. */
export async function benchVersion(plan: BenchPlan): Promise<readonly Figure[]> {
  const times = timeInTurns(plan, { args: ['--version'], env: {} });
  return [makeFigure({ name: '`wally --version`', ...times, budget: budgets.versionMs })];
}

/** `wally team --json`: one question to a running hub. */
export async function benchTeam(plan: BenchPlan): Promise<readonly Figure[]> {
  await using team = await openTeam();
  const times = timeInTurns(plan, { args: ['team', '--json'], env: team.hubEnv });
  return [makeFigure({ name: '`wally team --json`', ...times, budget: budgets.teamMs })];
}

function timeInTurns(plan: BenchPlan, verb: { args: readonly string[]; env: Environment }) {
  const own = [locateProgram('wally'), ...verb.args];
  const bare = ['-e', '0'];
  // Once without counting: the files come from the disk the first time.
  timeNode(own, verb.env);
  timeNode(bare, {});
  const rounds: number[] = [];
  const bareRounds: number[] = [];
  for (let count = 0; count < plan.rounds * shrink(plan, startsPerRound); count += 1) {
    bareRounds.push(timeNode(bare, verb.env));
    rounds.push(timeNode(own, verb.env));
  }
  return { unit: 'ms', rounds, baseline: { name: '`node -e 0`', rounds: bareRounds } };
}

function timeNode(args: readonly string[], env: Environment): number {
  const start = performance.now();
  const ended = spawnSync(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: 'pipe',
  });
  const ms = performance.now() - start;
  if (ended.status !== 0) throw new Error(`${args.join(' ')}: ${ended.stderr}`);
  return ms;
}
