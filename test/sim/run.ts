/*
 * One run: a world from a seed, stepped until it is at rest or has shown a fault, then judged.
 *
 * A throw in an event and a promise that nobody handles are violations too; in a real process they
 * would have ended it. The trace's hash says whether two runs did the same.
 */

import { z } from 'zod';
import { isAboutJob } from '../../cockpit/manager/decision.ts';
import type { JobRecord } from '../../cockpit/manager/job.ts';
import { watchSteps } from '../../protocol/machines/table.ts';
import { factMessageSchema } from '../../protocol/messages.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { prefixRange } from '../../store/keys.ts';
import { readRow } from '../../store/row-codec.ts';
import { checks } from './checks/all.ts';
import type { LateReport, LogCopy } from './checks/check.ts';
import { takeTurn } from './clock.ts';
import { CellCounts } from './coverage.ts';
import type { Plants } from './ground.ts';
import type { Violation } from './history.ts';
import { findUnrest } from './rest.ts';
import { readTrails, type TrailView } from './trails.ts';
import { type Planned, World } from './world.ts';

/** A healed world must be at rest within this time, milliseconds of the run. */
const restMsMax = 240_000;

/** It is watched for so long after that, for what should not move any more. */
const afterMs = 2500;

/** A run has some ten thousand events; one that has more goes in circles. */
const eventsMax = 1_500_000;

/** What came of a run. */
export interface RunReport {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly counts: ReadonlyMap<string, number>;
  /** How often each cell of the transition tables was taken. */
  readonly cells: ReadonlyMap<string, number>;
  readonly planned: readonly Planned[];
  readonly lines: readonly string[];
  readonly eventCount: number;
}

/** What to run. */
export interface RunOptions {
  readonly seed: number;
  readonly isVerbose?: boolean;
  readonly plants?: Plants;
  /** Kinds of faults that are on whatever the seed says. */
  readonly focus?: ReadonlySet<string>;
  /** Ids of the faults and wishes that shall happen; all that are planned where absent. */
  readonly only?: ReadonlySet<string>;
}

const noFocus: ReadonlySet<string> = new Set();

/** Runs one seed. Never rejects for what the product does. */
export async function runSeed(options: RunOptions): Promise<RunReport> {
  const { seed, isVerbose = false, plants = {}, focus = noFocus, only } = options;
  const world = new World({ seed, isVerbose, plants, focus, only });
  const { history, trace, clock } = world;
  const unhandled = (error: unknown) =>
    history.violate({ check: 'every promise is owned', message: describe(error) });
  process.on('unhandledRejection', unhandled);
  const cells = new CellCounts();
  watchSteps((table, state, event) => cells.add(table, state, event));
  try {
    world.begin();
    await stepUntil(world, () => clock.nowMs >= world.troubleMs);
    world.heal();
    await rest(world);
    if (history.violations.length === 0) await judge(world);
  } catch (error) {
    history.violate({ check: 'no event throws', message: describe(error) });
  } finally {
    watchSteps(undefined);
    process.off('unhandledRejection', unhandled);
  }
  const { violations, counts } = history;
  const { lines, hash } = trace;
  const { planned } = world;
  const { eventCount } = clock;
  return { planned, seed, hash, violations, counts, cells: cells.list(), lines, eventCount };
}

/** Steps the clock until it is so, or a violation is found. */
function stepUntil(world: World, isSo: () => boolean): Promise<void> {
  const { clock, history } = world;
  return takeTurn(() => {
    while (!isSo() && history.violations.length === 0) {
      if (!clock.step()) throw new Error('nothing is left to happen');
      if (clock.eventCount > eventsMax) throw new Error(`more than ${eventsMax} events`);
    }
  });
}

async function rest(world: World): Promise<void> {
  const { clock, history } = world;
  const limit = clock.nowMs + restMsMax;
  let quietSince: number | undefined;
  let lookAt = clock.nowMs;
  await stepUntil(world, () => {
    if (clock.nowMs < lookAt) return false;
    lookAt = clock.nowMs + 250;
    if (findUnrest(world).length > 0) quietSince = undefined;
    else quietSince ??= clock.nowMs;
    return clock.nowMs > limit || (quietSince !== undefined && clock.nowMs - quietSince > afterMs);
  });
  if (quietSince !== undefined || history.violations.length > 0) return;
  for (const message of findUnrest(world)) {
    const about = /J\d+/.exec(message)?.[0] as `J${number}` | undefined;
    history.violate({ check: 'all comes to rest', message, ...(about ? { about } : {}) });
  }
}

/** The shape of an `l/` row. */
const lateReportSchema = z.object({ worker: z.string(), fact: factMessageSchema });

/** Reads what the hub ended up with, and lets every check look. */
async function judge(world: World): Promise<void> {
  const { hub } = world.hub;
  const { history } = world;
  if (hub === undefined) throw new Error('the hub does not serve');
  const jobs: JobRecord[] = [];
  const copies = new Map<AttemptId, LogCopy>();
  const artifacts = new Map<string, Uint8Array>();
  let trails: readonly TrailView[] = [];
  let late: readonly LateReport[] = [];
  const read = async () => {
    for (const job of await hub.desk.listRecent(10_000)) {
      jobs.push(job);
      world.hub.see(job, 'desk');
    }
    for (const { attempt } of history.processes) {
      copies.set(attempt, await hub.mirror.read(attempt, 0, Number.MAX_SAFE_INTEGER));
    }
    trails = await readTrails(world);
    const rows = { ...prefixRange('l/'), countMax: 10_000, order: 'ascending' } as const;
    late = (await hub.kv.range(rows)).map((row) => readRow(lateReportSchema, row));
    for (const { attempt, artifactCount = 0 } of history.processes) {
      for (let index = 0; index < artifactCount; index += 1) {
        const id = { attempt, index };
        if ((await hub.artifacts.look(id)).is !== 'whole') continue;
        artifacts.set(`${attempt}/${index}`, await hub.artifacts.read(id, 0, 1e6));
        history.count('artifacts brought');
      }
    }
  };
  let isRead = false;
  const reading = read().finally(() => {
    isRead = true;
  });
  await stepUntil(world, () => isRead);
  await reading;
  const decisions = hub.inbox.list().filter(isAboutJob);
  for (const job of jobs) countOutcome(world, job);
  const evidence = { history, jobs, decisions, copies, artifacts, late, trails, world };
  for (const { title, judge: look } of checks) {
    for (const finding of look(evidence)) {
      history.violate({ check: title, ...finding });
    }
  }
}

function countOutcome({ history }: World, job: JobRecord): void {
  if (job.kind === 'group') return history.count('groups');
  for (const { state } of job.attempts) {
    history.count(`attempts ${state.is === 'finished' ? state.end.outcome : 'unended'}`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
