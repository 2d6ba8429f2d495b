/*
 * What the screen costs and how soon it answers, with a large team and a log that streams.
 *
 * The hub only talks (`peers/screen-hub.ts`), so the figures are the screen's. Beside each is that of
 * a bare Ink program on a terminal of the same size, in which one row changes thirty times a second.
 * Both take turns, but at rest, where both are watched at once. Linux only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScreenTest } from '../kit/terminal.ts';
import { type Figure, findQuantile, type Measured, makeFigure } from './figure.ts';
import {
  budgets,
  idleWindowMs,
  keyPauseMs,
  keysPerRound,
  screenFeed,
  screenSettleMs,
  soakLookMs,
} from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { canReadUsage, readCpuMs, readMemory, watchUsage } from './proc.ts';
import { openScene, type ScreenScene, type Seen } from './screen-scene.ts';

/** One round of a program. */
interface Round {
  readonly startMs: number;
  readonly restPercent: number;
  readonly keyMs: readonly number[];
  readonly feedPercent: number;
  readonly frames: number;
  readonly kilobytes: number;
  readonly clears: number;
  /** Moments at which a terminal that shows a frame as it comes had half of one, and had a hole in it. */
  readonly torn: number;
  readonly flashes: number;
}

/** A key, and what shows that it was done. */
interface Stroke {
  readonly key: string;
  readonly test: ScreenTest;
}

/** The cockpit under a feed. */
export async function benchScreen(plan: BenchPlan): Promise<readonly Figure[]> {
  if (!canReadUsage()) return [];
  await using scene = await openScene();
  const own: Round[] = [];
  const base: Round[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    const bareStart = await timeFirst(scene.openBare, /row 9 of a bare/);
    const start = await timeFirst(scene.openCockpit, /w0001/);
    await using bare = bareStart.seen.terminal;
    await using cockpit = start.seen.terminal;
    // The first frames are behind both; from here on nothing may clear the screen.
    const marks = [start.seen, bareStart.seen].map(({ output }) => output.sum.clears);
    const seenBefore = [start.seen, bareStart.seen].map(({ frames }) => frames.count);
    await sleep(shrink(plan, screenSettleMs));
    const [rest, bareRest] = await Promise.all(
      [cockpit, bare].map(({ pid }) => watchUsage(pid, shrink(plan, idleWindowMs))),
    );
    const feedBare = async () => bare.press('f');
    const strokes = planStrokes(plan);
    const bareStrokes = strokes.map((_, at) => ({ key: 'j', test: new RegExp(`^${at + 1} keys`) }));
    await feedBare();
    const bareFed = await measureFed(plan, bareStart.seen, bareStrokes);
    await feedBare();
    await scene.feed({ isOn: true });
    const fed = await measureFed(plan, start.seen, strokes);
    await scene.feed({ isOn: false });
    const clears = (seen: Seen, at: number) => seen.output.sum.clears - (marks[at] ?? 0);
    own.push({
      ...{ startMs: start.ms, restPercent: rest?.percent ?? Number.NaN },
      ...{ ...fed, clears: clears(start.seen, 0) },
      ...(await start.seen.frames.judge(seenBefore[0])),
      frames: fed.frames,
    });
    base.push({
      ...{ startMs: bareStart.ms, restPercent: bareRest?.percent ?? Number.NaN },
      ...{ ...bareFed, clears: clears(bareStart.seen, 1) },
      ...(await bareStart.seen.frames.judge(seenBefore[1])),
      frames: bareFed.frames,
    });
  }
  return [...describeRounds(own, base), ...(await soak(plan, scene))];
}

async function timeFirst(open: () => Seen, test: ScreenTest) {
  const start = performance.now();
  const seen = open();
  await seen.terminal.until(test);
  return { seen, ms: performance.now() - start };
}

/** Down the team, and every fifth time to another pane and back. */
function planStrokes(plan: BenchPlan): readonly Stroke[] {
  const strokes: Stroke[] = [{ key: '1', test: /▸ w0000/ }];
  for (let row = 1; strokes.length < shrink(plan, keysPerRound); row += 1) {
    strokes.push({ key: 'j', test: new RegExp(`▸ w${String(row).padStart(4, '0')}`) });
    if (row % 4 !== 0) continue;
    strokes.push({ key: '4', test: /╭─ 4 Inbox/ });
    strokes.push({ key: '1', test: /╭─ 1 Team/ });
  }
  return strokes;
}

async function measureFed(plan: BenchPlan, { terminal, output }: Seen, strokes: readonly Stroke[]) {
  const keyMs: number[] = [];
  for (const { key, test } of strokes) {
    await sleep(keyPauseMs);
    const start = performance.now();
    terminal.press(key);
    await terminal.until(test);
    keyMs.push(performance.now() - start);
  }
  const before = output.sum;
  const start = performance.now();
  const cpuMs = readCpuMs(terminal.pid);
  await sleep(shrink(plan, idleWindowMs));
  const seconds = (performance.now() - start) / 1000;
  return {
    keyMs,
    feedPercent: (readCpuMs(terminal.pid) - cpuMs) / 10 / seconds,
    frames: (output.sum.frames - before.frames) / seconds,
    kilobytes: (output.sum.bytes - before.bytes) / 1000 / seconds,
  };
}

function describeRounds(own: readonly Round[], base: readonly Round[]): readonly Figure[] {
  const make = (
    what: Omit<Measured, 'rounds' | 'baseline'>,
    read: (round: Round) => number,
  ): Figure => {
    const baseline = { name: 'bare Ink', rounds: base.map(read) };
    return makeFigure({ ...what, rounds: own.map(read), baseline });
  };
  const { workers, linesASecond } = screenFeed;
  const note = `${workers} workers, ${linesASecond} lines a second`;
  const budget = budgets;
  return [
    make(
      { name: 'screen: first paint', unit: 'ms', budget: budget.firstPaintMs },
      (round) => round.startMs,
    ),
    make({ name: 'screen: key to paint, p50', unit: 'ms', budget: budget.keyMs, note }, (round) =>
      findQuantile(round.keyMs, 0.5),
    ),
    make(
      { name: 'screen: key to paint, p99', unit: 'ms', budget: budget.lateKeyMs, note },
      (round) => findQuantile(round.keyMs, 0.99),
    ),
    make(
      { name: 'screen: frames', unit: '/s', budget: budget.frames, note },
      (round) => round.frames,
    ),
    make({ name: 'screen: output', unit: 'kB/s', note }, (round) => round.kilobytes),
    make({ name: 'screen: CPU', unit: '% of a core', note }, (round) => round.feedPercent),
    makeFigure({
      ...{ name: 'screen: full clears after the start', unit: '', budget: budget.clears, note },
      rounds: own.map(({ clears }) => clears),
    }),
    make({ name: 'screen: frames torn between two reads', unit: '', note }, ({ torn }) => torn),
    makeFigure({
      ...{ name: 'screen: flashes in them', unit: '', budget: budget.clears, note },
      rounds: own.map(({ flashes }) => flashes),
    }),
    makeFigure({
      ...{ name: 'screen at rest: CPU', unit: '% of a core', budget: budget.idlePercent },
      rounds: own.map(({ restPercent }) => restPercent),
      // Too near nothing for a ratio.
      note: `bare Ink: ${Math.max(...base.map(({ restPercent }) => restPercent)).toFixed(2)}`,
    }),
  ];
}

/** One cockpit for a long time under the feed, and one bare program under its own. */
async function soak(plan: BenchPlan, scene: ScreenScene): Promise<readonly Figure[]> {
  const { seen } = await timeFirst(scene.openCockpit, /w0001/);
  const bareSeen = (await timeFirst(scene.openBare, /row 9 of a bare/)).seen;
  await using cockpit = seen.terminal;
  await using bare = bareSeen.terminal;
  await scene.feed({ isOn: true });
  bare.press('f');
  const looks: MemoryLook[] = [];
  const start = performance.now();
  const minutes = shrink(plan, plan.soakMinutes * 60) / 60;
  for (let minute = 0; minute < minutes; ) {
    await sleep(Math.min(soakLookMs, minutes * 60_000));
    minute = (performance.now() - start) / 60_000;
    const [own = Number.NaN, base = Number.NaN] = [cockpit, bare].map(
      ({ pid }) => readMemory(pid).megabytes,
    );
    looks.push({ minute, own, base });
  }
  await scene.feed({ isOn: false });
  return describeMemory(
    looks.filter(({ minute }) => minute >= minutes / 2),
    minutes,
  );
}

/** Megabytes of the cockpit and of the bare program. */
interface MemoryLook {
  readonly minute: number;
  readonly own: number;
  readonly base: number;
}

function describeMemory(late: readonly MemoryLook[], minutes: number): readonly Figure[] {
  const note = `${minutes.toFixed(1)} minutes of ${screenFeed.linesASecond} lines a second`;
  const baseline = { name: 'bare Ink', rounds: late.map(({ base }) => base) };
  const growth = findSlope(late.map(({ minute, own }) => ({ minute, megabytes: own })));
  return [
    makeFigure({
      ...{ name: 'screen: memory after the feed', unit: 'MB', budget: budgets.screenMegabytes },
      ...{ rounds: late.map(({ own }) => own), baseline, note },
    }),
    makeFigure({
      ...{ name: 'screen: growth in the second half', unit: 'MB a minute' },
      ...{ rounds: [Math.max(0, growth)], note },
    }),
  ];
}

/** The slope of the line that fits best; none through one point. */
function findSlope(
  points: readonly { readonly minute: number; readonly megabytes: number }[],
): number {
  const mean = (numbers: readonly number[]) =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const x = mean(points.map(({ minute }) => minute));
  const y = mean(points.map(({ megabytes }) => megabytes));
  const spread = points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
  const joint = points.reduce(
    (sum, { minute, megabytes }) => sum + (minute - x) * (megabytes - y),
    0,
  );
  return spread === 0 ? 0 : joint / spread;
}
