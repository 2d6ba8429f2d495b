/*
 * The checks of what an agent keeps for work: does all of it belong to an attempt, and does every attempt run?
 *
 * What seems left over is looked at twice, a moment apart, because work that is just ending looks the same.
 * Fixes set aside what may be somebody's output, and end only processes of terminals whose agent is gone;
 * a checkout is never touched, for what is in it may have landed nowhere.
 */
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import type { InventoryRow } from '../../protocol/frames.ts';
import { decodeFact } from '../../protocol/messages.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { listAsides } from '../../store/asides.ts';
import { moveAside } from '../../store/doctor/move-aside.ts';
import { isAttemptId, prefixRange } from '../../store/keys.ts';
import { setAsidesMax } from '../limits.ts';
import { listPids } from '../work/process-table.ts';
import type { AgentRound } from './agent-round.ts';
import { outboxDeepMin, outboxOldMs, stillMs, treeOldMs } from './limits.ts';

interface SpoolFacts {
  /** Folders of logs and artifacts of attempts that are not held. */
  readonly strays: readonly string[];
  /** Checkouts of attempts that are not held, and that were not changed for long. */
  readonly trees: readonly string[];
  /** Attempts that should run and have no process. */
  readonly lifeless: readonly string[];
  /** Marks of terminals' processes whose agent is gone. */
  readonly terminals: readonly string[];
  /** What earlier pairings held, the oldest first. */
  readonly setAside: readonly string[];
  readonly outbox: { readonly count: number; readonly oldestMs: number };
}

type SpoolCheck = Check<SpoolFacts, AgentRound>;

const strays: SpoolCheck = {
  id: 'spool-stray',
  title: 'all output that is kept here is of work that is held',
  why: 'What is of no attempt is never sent and never forgotten; it only fills the disk.',
  area: 'logs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ strays: paths }) =>
    paths.map((path) => ({
      subject: path,
      seen: `${path} is of an attempt that is not held.`,
      wanted: 'No such folder.',
      advice: 'The hub has it, or never will; it can be set aside.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `moves ${subject} into the folder stray`,
    apply: async ({ home, nowMs }, { subject }) => {
      const folder = join(home.directory, 'stray');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const kind = subject.startsWith(home.logs) ? 'log' : 'artifact';
      await moveAside(subject, nowMs, join(folder, `${kind}-${basename(subject)}`));
    },
  },
};

const trees: SpoolCheck = {
  id: 'workspace-leftover',
  title: 'no checkout of ended work is left for weeks',
  why: 'It fills the disk; and what is in it may have landed nowhere.',
  area: 'jobs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ trees: paths }) =>
    paths.map((path) => ({
      subject: path,
      seen: `${path} is of work that has ended, and has not changed for weeks.`,
      wanted: 'Changes that are landed, and no such folder.',
      advice: 'Look into it; bring away what is wanted, then delete it.',
    })),
};

const lifeless: SpoolCheck = {
  id: 'attempt-lifeless',
  title: 'every attempt that runs has a process',
  why: 'What nobody runs never ends, and whoever waits for it waits for ever.',
  area: 'jobs',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ lifeless: attempts }) =>
    attempts.map((attempt) => ({
      subject: attempt,
      seen: `${attempt} is said to run, and no process carries its mark.`,
      wanted: 'A process, or an end.',
      advice: `Cancel it: \`wally cancel ${attempt.split('.')[0]}\`; if that does not end it, start the agent again.`,
    })),
};

const terminals: SpoolCheck = {
  id: 'terminal-orphaned',
  title: 'no terminal outlives its agent',
  why: 'A shell that nobody sees goes on with what was typed into it.',
  area: 'jobs',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ terminals: marks }) =>
    marks.map((mark) => ({
      subject: mark,
      seen: `Processes carry the mark ${mark.slice(mark.indexOf('/') + 1)}, and no agent runs.`,
      wanted: 'No such process.',
      advice: 'They can be ended.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `ends every process with the mark ${subject}`,
    apply: (round, { subject }) => round.reap(subject),
  },
};

const setAside: SpoolCheck = {
  id: 'set-aside-many',
  title: 'of earlier pairings only the newest are kept',
  why: 'Each is a whole store with its logs; nobody looks at so many.',
  area: 'store',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ setAside: paths }) =>
    listOne(
      paths.length <= setAsidesMax
        ? undefined
        : {
            subject: 'set-aside',
            seen: `What ${paths.length} earlier pairings held is set aside.`,
            wanted: `${setAsidesMax} or fewer.`,
            advice: 'Bring away what is wanted; the oldest go with the next pairing anyway.',
          },
    ),
  fix: {
    reach: 'here',
    plan: () => `removes all but the newest ${setAsidesMax}`,
    apply: async (round) => {
      const paths = await listSetAside(round);
      for (const path of paths.slice(0, -setAsidesMax)) await rm(path, { recursive: true });
    },
  },
};

const outboxDeep: SpoolCheck = {
  id: 'outbox-deep',
  title: 'not much waits for the hub',
  why: 'With ten thousand messages waiting no new work is taken.',
  area: 'link',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ outbox: { count } }) =>
    listOne(
      count < outboxDeepMin
        ? undefined
        : {
            subject: 'outbox',
            seen: `${outboxDeepMin} messages or more wait for the hub.`,
            wanted: 'Fewer.',
            advice:
              'See why the hub does not take them: `odally status`, and `wally doctor` on its box.',
          },
    ),
};

const outboxOld: SpoolCheck = {
  id: 'outbox-old',
  title: 'what is done here is heard of within a day',
  why: 'The hub does not know how this work ended, and may give it up.',
  area: 'link',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ outbox: { oldestMs } }) =>
    listOne(
      oldestMs <= outboxOldMs
        ? undefined
        : {
            subject: 'outbox',
            seen: `A report has waited for the hub for ${hours(oldestMs)}.`,
            wanted: `A hub that hears of it within ${hours(outboxOldMs)}.`,
            advice: 'Bring the hub back, or the way to it; reports are kept until it has them.',
          },
    ),
};

/** What an agent keeps for work. */
export const spoolSection: Section<AgentRound> = defineSection({
  name: 'spool',
  pace: 'slow',
  gather: gatherSpool,
  checks: [lifeless, terminals, strays, outboxDeep, outboxOld, trees, setAside],
});

async function gatherSpool(round: AgentRound): Promise<SpoolFacts> {
  const setAsides = await listSetAside(round);
  const outbox = await readWaiting(round);
  const first = await look(round, 'first');
  const isClean = [first.strays, first.lifeless, first.terminals].every(
    (list) => list.length === 0,
  );
  if (isClean) return { ...first, setAside: setAsides, outbox };
  const second = await look(round, 'second');
  const both = (pick: (facts: Looked) => readonly string[]) =>
    pick(second).filter((one) => pick(first).includes(one));
  return {
    strays: both((facts) => facts.strays),
    lifeless: both((facts) => facts.lifeless),
    terminals: both((facts) => facts.terminals),
    trees: second.trees,
    ...{ setAside: setAsides, outbox },
  };
}

type Looked = Pick<SpoolFacts, 'strays' | 'trees' | 'lifeless' | 'terminals'>;

async function look(round: AgentRound, which: 'first' | 'second'): Promise<Looked> {
  const stored = await round.findStored();
  if (stored === undefined) return { strays: [], trees: [], lifeless: [], terminals: [] };
  const { home, live, nowMs } = round;
  const marks = new Set((await round.findMarked(which)).map(({ owner }) => owner));
  const running = live();
  const held: readonly InventoryRow[] = running?.held ?? stored.held;
  const isHeld = (attempt: string) => held.some((row) => row.attempt === attempt);
  const listUnheld = async (folder: string) => {
    const names = await readdir(folder).catch((): string[] => []);
    return names
      .filter((name) => isAttemptId(name) && !isHeld(name))
      .map((name) => join(folder, name));
  };
  const { storeId } = stored;
  // Where there are no processes to be seen at all, nothing can be missed.
  const isSeeing = listPids().length > 0;
  return {
    strays: [...(await listUnheld(home.logs)), ...(await listUnheld(home.artifacts))],
    trees: await listOld(await listUnheld(home.trees), nowMs),
    lifeless:
      running === undefined || !isSeeing
        ? []
        : await listStill(
            round,
            held.flatMap(({ attempt, state }) =>
              state === 'running' && !marks.has(attempt) ? [attempt] : [],
            ),
          ),
    terminals:
      running === undefined
        ? [...marks].filter((mark) => !isAttemptId(mark)).map((mark) => `${storeId}/${mark}`)
        : [],
  };
}

/** Of these attempts, those of which nothing was written for a while: what has ended is still being collected. */
async function listStill(
  { home, nowMs }: AgentRound,
  attempts: readonly AttemptId[],
): Promise<readonly string[]> {
  const still: string[] = [];
  for (const attempt of attempts) {
    const folders = [home.logs, home.artifacts, home.work].map((folder) => join(folder, attempt));
    const newest = Math.max(...(await Promise.all(folders.map(findNewest))));
    if (nowMs - newest >= stillMs) still.push(attempt);
  }
  return still;
}

/** When a folder, or a file in it, was last written; the beginning of time where there is none. */
async function findNewest(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  const paths = [folder, ...names.map((name) => join(folder, name))];
  const times = paths.map((path) =>
    lstat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  return Math.max(...(await Promise.all(times)));
}

async function listOld(paths: readonly string[], nowMs: number): Promise<readonly string[]> {
  const old: string[] = [];
  for (const path of paths) {
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs >= treeOldMs) old.push(path);
  }
  return old;
}

async function listSetAside({ home }: AgentRound): Promise<readonly string[]> {
  return (await listAsides(home.setAside)).map((name) => join(home.setAside, name));
}

async function readWaiting({ visit, nowMs }: AgentRound): Promise<SpoolFacts['outbox']> {
  const kv = await visit.findKv();
  if (kv === undefined) return { count: 0, oldestMs: 0 };
  const range = { ...prefixRange('o/'), countMax: outboxDeepMin, order: 'ascending' } as const;
  const rows = await kv.range(range);
  const [oldest] = rows;
  return { count: rows.length, oldestMs: oldest === undefined ? 0 : ageOf(oldest.value, nowMs) };
}

function hours(ms: number): string {
  return `${Math.floor(ms / 3_600_000)} h`;
}

function ageOf(bytes: Uint8Array, nowMs: number): number {
  const fact = decodeFact(bytes);
  return 'at' in fact ? nowMs - fact.at : 0;
}
