/*
 * Words for people: outcomes, durations and tables, as the verbs print them.
 *
 * Plain text with a style that may colour it; a word always says what a colour says.
 */
import type { KeptDirectory } from '../../protocol/model.ts';
import type { ArtifactRow, JobRow, TeamRow } from './shapes.ts';
import type { Style } from './verb.ts';

/** Why a checkout was kept, and where it is. */
export function describeKept({ directory, changes, commits, note }: KeptDirectory): string {
  const count = (n: number, one: string, many: string) => (n === 1 ? `1 ${one}` : `${n} ${many}`);
  const held = [
    ...(changes === 0 ? [] : [count(changes, 'uncommitted file', 'uncommitted files')]),
    ...(commits === 0 ? [] : [count(commits, 'commit on no branch', 'commits on no branch')]),
    ...(note === undefined ? [] : [note]),
  ];
  return `${directory}, ${held.join(', ')}`;
}

/** `340 ms`, `1.2 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  // Cut, not rounded: nothing may read `1000 ms` or `60.0 s`.
  if (ms < 1000) return `${Math.floor(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** How a job stands, in a few words: `succeeded, exit 0, 1.2 s` or `started on alice`. */
export function describeJob(job: JobRow, style: Style): string {
  const parts: string[] = [];
  if (job.outcome === null) {
    parts.push(job.worker === null ? job.state : `${job.state} on ${job.worker}`);
  } else {
    const paint = job.outcome === 'succeeded' ? style.good : style.bad;
    parts.push(paint(job.outcome));
    if (job.exitCode !== null) parts.push(`exit ${job.exitCode}`);
    if (job.durationMs !== null) parts.push(formatDuration(job.durationMs));
    if (job.worker !== null) parts.push(`on ${job.worker}`);
  }
  if (job.reason !== null) parts.push(job.reason);
  return parts.join(', ');
}

/** One line a worker. */
export function showTeam(team: readonly TeamRow[], style: Style): string {
  if (team.length === 0) return 'No worker is paired yet. Run `wally invite`.';
  const isSpawned = team.some(({ provider }) => provider != null);
  const rows = team.map((worker) => [
    worker.name,
    worker.host,
    worker.kind,
    worker.state,
    worker.link,
    worker.lastSeenMs === null ? 'never' : formatAge(worker.lastSeenMs),
    listJobs(worker.jobs),
    ...(isSpawned ? [describeOrigin(worker)] : []),
  ]);
  const head = ['NAME', 'HOST', 'KIND', 'STATE', 'LINK', 'SEEN', 'JOBS'];
  return showTable(isSpawned ? [...head, 'FROM'] : head, rows, style);
}

/** Ids that one line has room for. */
const idsShownMax = 8;

/** The jobs that a worker holds; of thousands that wait the first few and how many more. */
export function listJobs(ids: readonly string[]): string {
  if (ids.length === 0) return '-';
  const more = ids.length - idsShownMax;
  return more <= 0 ? ids.join(' ') : `${ids.slice(0, idsShownMax).join(' ')} and ${more} more`;
}

/** Whence its box was spawned, and how long it stays. */
export function describeOrigin({ provider, ttlLeftMs }: TeamRow): string {
  if (provider == null) return '';
  return ttlLeftMs == null ? provider : `${provider}, ${formatDuration(ttlLeftMs)} left`;
}

/** One line a job. */
export function showJobs(jobs: readonly JobRow[], style: Style): string {
  if (jobs.length === 0) return 'There is no such job. `wally dispatch -- COMMAND` makes one.';
  const rows = jobs.map((job) => [
    job.id,
    job.worker ?? '-',
    job.host ?? '-',
    describeJob({ ...job, worker: null }, plain),
    job.title,
  ]);
  return showTable(['JOB', 'WORKER', 'HOST', 'STATE', 'TITLE'], rows, style);
}

/** What a job brought, and how far it has come. */
export function showArtifacts(artifacts: readonly ArtifactRow[], style: Style): string {
  if (artifacts.length === 0) return 'It brought no files.';
  const rows = artifacts.map(({ attempt, path, bytes, state, receivedBytes, code }) => [
    attempt,
    path,
    bytes === null ? '-' : String(bytes),
    state === 'coming' ? `coming (${receivedBytes})` : state,
    code ?? '',
  ]);
  return showTable(['ATTEMPT', 'PATH', 'BYTES', 'STATE', 'WHY'], rows, style);
}

/** Columns as wide as their widest cell, the last one free. */
export function showTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [style.dim(line(head)), ...rows.map(line)].join('\n');
}

/** `now`, `12 s ago`. */
export function formatAge(ms: number): string {
  return ms < 3000 ? 'now' : `${formatDuration(Math.floor(ms / 1000) * 1000)} ago`;
}

/** No colour at all. */
export const plain: Style = {
  good: same,
  bad: same,
  warn: same,
  dim: same,
  strong: same,
};

function same(text: string): string {
  return text;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
