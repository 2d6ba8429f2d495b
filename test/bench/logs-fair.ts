/*
 * How evenly the hub takes the output of many workers that all print as fast as they can.
 *
 * Looked at from when something of every worker has come, so that who starts first is not counted, until
 * the first has sent all or half of all is there: in between every worker should have had as much as
 * every other. Jain's index is 1 where all shares are equal and 1/n where one worker has all. A round
 * ends when everything of it has come: what is on its way still would stand before the next one's.
 * Source: Jain, Chiu, Hawe, "A quantitative measure of fairness", DEC-TR-301 (1984).
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDetail } from '../../cockpit/verbs/shapes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { type FleetHub, openFleet } from './fleet.ts';
import { fairBytes, fairLookMs, fairWorkers } from './limits.ts';
import type { BenchPlan } from './plan.ts';

interface Round {
  readonly shares: readonly number[];
  readonly megabytesPerSecond: number;
}

/** Jain's index, the least share against the largest, and the speed of all together. */
export async function benchFairLogs(plan: BenchPlan): Promise<readonly Figure[]> {
  const form = plan.isQuick ? 'quick' : 'whole';
  const size = fairWorkers[form];
  await using fleet = await openFleet(size, fairBytes[form]);
  const hub = await fleet.startHub();
  fleet.startAgents();
  await fleet.until(({ linkedCount }) => linkedCount === size);
  const rounds: Round[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    rounds.push(await takeRound(hub, fleet.hubLogs, fairBytes[form]));
  }
  await hub.end('stop');
  const who = `${size} workers print at once`;
  return [
    makeFigure({ name: `${who}: Jain’s index`, unit: '', rounds: rounds.map(findJain) }),
    makeFigure({
      name: `${who}: least share of the largest`,
      unit: '',
      rounds: rounds.map(findLeast),
    }),
    makeFigure({
      ...{ name: `${who}: to the hub’s disk, together`, unit: 'MB/s' },
      rounds: rounds.map(({ megabytesPerSecond }) => megabytesPerSecond),
    }),
  ];
}

async function takeRound({ client }: FleetHub, directory: string, bytes: number): Promise<Round> {
  const start = performance.now();
  const { id, children } = (await client.call('dispatch', {
    command: ['print'],
    all: true,
  })) as JobDetail;
  const list = () => children.map((child) => measureCopy(join(directory, `${child.id}.1`)));
  const until = async (holds: (sizes: readonly number[]) => boolean) => {
    let sizes = list();
    for (; !holds(sizes); sizes = list()) await sleep(fairLookMs);
    return { sizes, at: performance.now() };
  };
  const isOver = (sizes: readonly number[]) =>
    Math.max(...sizes) >= bytes || sum(sizes) >= (bytes * children.length) / 2;
  const begun = await until((sizes) => Math.min(...sizes) > 0 || isOver(sizes));
  const ended = await until(isOver);
  await client.call('wait', { jobs: [id] });
  await until((sizes) => Math.min(...sizes) >= bytes);
  // Over before the last had begun: then all that came counts, and who waited has had nothing.
  const isEarly = isOver(begun.sizes);
  const shares = ended.sizes.map((size, index) => size - (isEarly ? 0 : (begun.sizes[index] ?? 0)));
  const ms = ended.at - (isEarly ? start : begun.at);
  return { shares, megabytesPerSecond: sum(shares) / 1e3 / ms };
}

/** Bytes of files in a folder that may not be there yet. */
function measureCopy(folder: string): number {
  try {
    return sum(readdirSync(folder).map((name) => statSync(join(folder, name)).size));
  } catch {
    return 0;
  }
}

function findJain({ shares }: Round): number {
  const squares = sum(shares.map((share) => share * share));
  return sum(shares) ** 2 / (shares.length * squares);
}

function findLeast({ shares }: Round): number {
  return Math.min(...shares) / Math.max(...shares);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
