/*
 * The comparison: the same job (queued, delivered, nothing done, its outcome known) by every system
 * that can be had here, one after the other, round after round.
 *
 * Immediately before each cell the floor is measured, so that every ratio has its own floor. Ours
 * against theirs is the median of the rounds' own ratios. What cannot be had is said on stderr.
 */
import { type Budget, type Figure, makeFigure, summarize } from '../figure.ts';
import { type Floor, openFloor } from '../floor.ts';
import { measureFor, type Pace } from '../in-flight.ts';
import { cellMs, floorMs, rivalGoals, rivalLoads } from '../limits.ts';
import type { BenchPlan } from '../plan.ts';
import { formatNumber } from '../report.ts';
import { bullRivals } from './bullmq.ts';
import { mqttRivals } from './mqtt.ts';
import { natsRivals } from './nats.ts';
import { ownRivals } from './own.ts';
import type { OpenRival, Rival } from './rival.ts';
import { sshRivals } from './ssh.ts';
import { findTools, type Tools } from './tools.ts';

const rivals: readonly Rival[] = [
  ...ownRivals,
  ...bullRivals,
  ...natsRivals,
  ...mqttRivals,
  ...sshRivals,
];

/** What `--rival` may name. */
export const rivalIds: ReadonlySet<string> = new Set(rivals.map(({ id }) => id));

interface Cell {
  readonly pace: Pace;
  readonly floor: Pace;
}

/** One system, open, with a list of cells for each load. */
interface Entry {
  readonly rival: Rival;
  readonly open: OpenRival;
  readonly cells: ReadonlyMap<number, Cell[]>;
}

/** Jobs a second of every system that is here, and ours against theirs. */
export async function benchRivals(plan: BenchPlan): Promise<readonly Figure[]> {
  const wanted = plan.rivals.length > 0 ? plan.rivals : rivals.map(({ id }) => id);
  const chosen = rivals.filter(({ id }) => wanted.includes(id));
  const tools = findTools(chosen, plan.mayInstall);
  await using stack = new AsyncDisposableStack();
  const floor = stack.use(await openFloor());
  const entries: Entry[] = [];
  for (const rival of chosen) {
    const open = await openOrSay(rival, tools);
    if (open === undefined) continue;
    stack.use(open);
    const loads = rivalLoads.filter((inFlight) => inFlight <= rival.inFlightMax);
    entries.push({ rival, open, cells: new Map(loads.map((inFlight) => [inFlight, []])) });
  }
  const share = plan.isQuick ? 0.05 : 1;
  for (const entry of entries) await warm(entry, share);
  for (let count = 0; count < plan.rounds; count += 1) {
    for (const entry of entries) await measureEntry(entry, floor, share);
  }
  return [...entries.flatMap((entry) => describe(entry, tools)), ...compare(entries)];
}

async function openOrSay(rival: Rival, tools: Tools): Promise<OpenRival | undefined> {
  const lack = tools.findLack(rival);
  if (lack !== undefined) {
    console.error(`rivals: ${rival.title} is left out; ${lack}`);
    return undefined;
  }
  try {
    return await rival.open(tools);
  } catch (error) {
    console.error(`rivals: ${rival.title} is left out; it does not start: ${String(error)}`);
    return undefined;
  }
}

/** Code is compiled, connections are up, stores have made their files. */
async function warm({ open, cells }: Entry, share: number): Promise<void> {
  for (const inFlight of cells.keys()) {
    await measureFor({ ms: cellMs * share, inFlight }, () => open.perform());
  }
}

async function measureEntry({ open, cells }: Entry, floor: Floor, share: number): Promise<void> {
  for (const [inFlight, found] of cells) {
    const floorPace = await measureFor({ ms: floorMs * share, inFlight }, () => floor.echo());
    const pace = await measureFor({ ms: cellMs * share, inFlight }, () => open.perform());
    found.push({ pace, floor: floorPace });
  }
}

function describe({ rival, open, cells }: Entry, tools: Tools): readonly Figure[] {
  const versions = [...rival.programs, ...rival.clients].map((name) => tools.describe(name));
  const besides = [rival.promise, ...versions, ...(open.remark ? [open.remark] : [])].join('; ');
  return [...cells].map(([inFlight, found], index) => {
    const p50 = formatNumber(summarize(found.map(({ pace }) => pace.p50)).median);
    const p99 = formatNumber(summarize(found.map(({ pace }) => pace.p99)).median);
    return makeFigure({
      name: `${rival.title}, ${inFlight} in flight`,
      unit: '/s',
      rounds: found.map(({ pace }) => pace.perSecond),
      baseline: { name: 'floor', rounds: found.map((cell) => cell.floor.perSecond) },
      note: `p50 ${p50} ms, p99 ${p99} ms${index === 0 && besides ? `; ${besides}` : ''}`,
    });
  });
}

/** Ours at the desk against theirs, for each rival that is here. */
function compare(entries: readonly Entry[]): readonly Figure[] {
  const own = entries.find(({ rival }) => rival.id === 'wally');
  if (own === undefined) return [];
  const others = entries.filter(({ rival }) => !rival.id.startsWith('wally'));
  return others.flatMap((other) =>
    [...other.cells.keys()].flatMap((inFlight) => {
      const at = `, ${inFlight} in flight`;
      const figure = (name: string, pick: (pace: Pace) => number, budget?: Budget) =>
        makeFigure({
          name,
          unit: '×',
          rounds: divide(own.cells.get(inFlight), other.cells.get(inFlight), pick),
          ...(budget === undefined ? {} : { budget }),
        });
      const goals = rivalGoals.filter(
        (goal) => goal.id === other.rival.id && goal.inFlight === inFlight,
      );
      const speed = goals.find((goal) => goal.of === 'speed')?.budget;
      const delay = goals.find((goal) => goal.of === 'p50')?.budget;
      const title = `Wally : ${other.rival.title}`;
      return [
        figure(`${title}, jobs a second${at}`, (pace) => pace.perSecond, speed),
        ...(delay === undefined ? [] : [figure(`${title}, p50${at}`, (pace) => pace.p50, delay)]),
      ];
    }),
  );
}

function divide(
  own: readonly Cell[] = [],
  other: readonly Cell[] = [],
  pick: (pace: Pace) => number,
): readonly number[] {
  return own.map((cell, at) => pick(cell.pace) / pick(other[at]?.pace ?? cell.pace));
}
