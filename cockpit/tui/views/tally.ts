/*
 * Counts of the team and of the jobs, made once for each that the hub tells of. Pure.
 *
 * They stand in the header, which is drawn after every key: a key must not count five thousand rows.
 */
import type { JobRow, TeamRow } from '../../verbs/shapes.ts';
import { isHeard } from './phrases.ts';

/** How the team stands. */
export interface TeamTally {
  readonly live: number;
  /** All that are trusted. */
  readonly known: number;
  /** Staff, odallies, or both. */
  readonly kindCount: number;
  readonly silent: readonly TeamRow[];
}

/** How the jobs stand, groups left out: their parts are counted. */
export interface JobTally {
  readonly running: number;
  readonly waiting: number;
}

/** Counts the team. */
export function tallyTeam(team: readonly TeamRow[]): TeamTally {
  return remember(teams, team, () => ({
    live: team.filter(isHeard).length,
    kindCount: new Set(team.map(({ kind }) => kind)).size,
    known: team.filter((worker) => worker.state !== 'revoked').length,
    silent: team.filter((worker) => worker.state === 'stale' || worker.state === 'lost'),
  }));
}

/** Counts the jobs. */
export function tallyJobs(jobs: readonly JobRow[]): JobTally {
  return remember(jobTallies, jobs, () => {
    const open = jobs.filter((job) => job.outcome === null && job.kind !== 'group');
    const running = open.filter((job) => job.state === 'started').length;
    return { running, waiting: open.length - running };
  });
}

const teams = new WeakMap<object, TeamTally>();
const jobTallies = new WeakMap<object, JobTally>();

function remember<T>(known: WeakMap<object, T>, rows: object, make: () => T): T {
  const old = known.get(rows);
  if (old !== undefined) return old;
  const made = make();
  known.set(rows, made);
  return made;
}
