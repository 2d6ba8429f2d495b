/*
 * The checks of what the hub keeps of its workers' output: is each copy about a job, and are they within bounds?
 *
 * Copies whose job is not in the store (one that was restored from a copy, say) are set aside and never removed:
 * the job may come back with its store. The numbers of their jobs are kept out of use before that.
 */
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Check, type Evidence, listOne } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { moveAside } from '../../../store/doctor/move-aside.ts';
import { isAttemptId, jobKey } from '../../../store/keys.ts';
import type { Kv } from '../../../store/kv.ts';
import { isDamagedSegment } from '../../../store/log-damage.ts';
import { readSegmentOffset } from '../../../store/log-segment.ts';
import { planRow } from '../../../store/row-codec.ts';
import { readHubConfig, readKeepPolicy } from '../../home.ts';
import { readJobNumber, splitAttemptId } from '../../manager/job.ts';
import { nextJobKey, readNextJob } from '../next-job.ts';
import type { HubRound } from './hub-round.ts';
import { copiesWalkedMax, copyYoungMs, logsOverFraction, partialOldMs } from './limits.ts';

interface PartialFact {
  readonly path: string;
  readonly bytes: number;
}

interface DamagedLogFact {
  readonly path: string;
  readonly what: 'kept' | 'headless';
}

interface CopyFacts {
  /** Folders of logs and artifacts whose jobs are not there. */
  readonly strayLogs: readonly string[];
  readonly strayArtifacts: readonly string[];
  /** Artifacts that began to come long ago, and never came whole. */
  readonly partials: readonly PartialFact[];
  /** Parts of logs that were kept as they were found, and logs whose beginning is gone. */
  readonly damagedLogs: readonly DamagedLogFact[];
  readonly logs: { readonly path: string; readonly bytes: number; readonly bytesMax: number };
}

type CopyCheck = Check<CopyFacts, HubRound>;

function strayCheck(
  what: 'log' | 'artifact',
  pick: (facts: CopyFacts) => readonly string[],
): CopyCheck {
  return {
    id: `${what}-stray`,
    title: `every ${what} that is kept here belongs to a job`,
    why: 'What belongs to no job is never shown and never forgotten; it only fills the disk.',
    area: 'logs',
    severity: 'warning',
    cost: 'walks',
    diagnose: (facts) =>
      pick(facts).map(
        (path): Evidence => ({
          subject: path,
          seen: `${path} is of a job that is not in the store.`,
          wanted: 'A job, or no such folder.',
          advice: 'Restore the store that knows it, or set the folder aside.',
        }),
      ),
    fix: {
      reach: 'here',
      plan: ({ subject }) => `moves ${subject} into set-aside, and keeps its number out of use`,
      apply: (round, { subject }) => setAside(round, subject, what),
    },
  };
}

const partial: CopyCheck = {
  id: 'artifact-partial',
  title: 'no artifact has been coming for days',
  why: 'Its worker is gone or does not send it; what is here of it is no file yet.',
  area: 'logs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ partials }) =>
    partials.map(({ path, bytes }) => ({
      subject: path,
      seen: `${path} has ${bytes} bytes and has not grown for days.`,
      wanted: 'A whole file.',
      advice: 'Bring its worker back, or delete the partial if the file is not wanted.',
    })),
};

const damaged: CopyCheck = {
  id: 'log-damaged',
  title: 'no log that is kept here was found damaged',
  why: 'Output is missing from it. Looked at are names of files; damage within an older one shows where the log is read.',
  area: 'logs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ damagedLogs }) =>
    damagedLogs.map(({ path, what }) => ({
      subject: path,
      seen:
        what === 'kept'
          ? `${path} is a part of a log as it was when it was found damaged, with sound output behind the damage.`
          : `${path} is without its first file.`,
      wanted: 'Whole logs.',
      advice: `See what is missing: \`wally logs ${readAttempt(path)}\`. A backup with logs may have it.${
        what === 'kept' ? ' Delete the file where nothing is missing, or nobody wants it.' : ''
      }`,
    })),
};

const over: CopyCheck = {
  id: 'logs-over-cap',
  title: 'logs take no more room than they may',
  why: 'Retention counts what jobs said they wrote; what lies here beyond that is never removed.',
  area: 'logs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ logs: { path, bytes, bytesMax } }) =>
    listOne(
      bytes > bytesMax * logsOverFraction
        ? {
            subject: path,
            seen: `${path} takes ${mebibytes(bytes)}.`,
            wanted: `${mebibytes(bytesMax)}: \`logs_bytes_max\` of [keep].`,
            advice:
              'Look for logs of no job, and for a retention that is behind; else raise the bound.',
          }
        : undefined,
    ),
};

/** The copies. */
export const copySection: Section<HubRound> = defineSection({
  name: 'copies',
  pace: 'slow',
  gather: gatherCopies,
  checks: [
    strayCheck('log', ({ strayLogs }) => strayLogs),
    strayCheck('artifact', ({ strayArtifacts }) => strayArtifacts),
    partial,
    damaged,
    over,
  ],
});

async function gatherCopies({ home, visit, nowMs }: HubRound): Promise<CopyFacts> {
  const kv = await visit.findKv();
  const logs = await listCopies(home.logs);
  const artifacts = await listCopies(home.artifacts);
  const config = await readHubConfig(home).catch(() => undefined);
  const bytesMax =
    config === undefined ? Number.POSITIVE_INFINITY : readKeepPolicy(config).logsBytesMax;
  const strays = (paths: readonly string[]) =>
    kv === undefined ? [] : listStrays(kv, paths, nowMs);
  const { bytes, damagedLogs } = await walkLogs(logs);
  return {
    damagedLogs,
    strayLogs: await strays(logs),
    strayArtifacts: await strays(artifacts),
    partials: await listPartials(artifacts, nowMs),
    logs: { path: home.logs, bytes, bytesMax },
  };
}

/** The newest copies: names are in no order that means anything, so all are named and the last ones taken. */
async function listCopies(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder).catch((): string[] => [])).filter(isAttemptId);
  return names.slice(-copiesWalkedMax).map((name) => join(folder, name));
}

async function listStrays(
  kv: Kv,
  paths: readonly string[],
  nowMs: number,
): Promise<readonly string[]> {
  const strays: string[] = [];
  for (const path of paths) {
    const { job } = splitAttemptId(basename(path) as AttemptId);
    if ((await kv.get(jobKey(job))) !== undefined) continue;
    // What is being forgotten just now loses its rows a moment before its files.
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs >= copyYoungMs) strays.push(path);
  }
  return strays;
}

async function listPartials(
  folders: readonly string[],
  nowMs: number,
): Promise<readonly PartialFact[]> {
  const partials: PartialFact[] = [];
  for (const folder of folders) {
    for (const name of await readdir(folder).catch((): string[] => [])) {
      if (!name.endsWith('.partial')) continue;
      const path = join(folder, name);
      const found = await lstat(path).catch(() => undefined);
      if (found !== undefined && nowMs - found.mtimeMs >= partialOldMs) {
        partials.push({ path, bytes: found.size });
      }
    }
  }
  return partials;
}

async function walkLogs(
  folders: readonly string[],
): Promise<{ readonly bytes: number; readonly damagedLogs: readonly DamagedLogFact[] }> {
  let bytes = 0;
  const damagedLogs: DamagedLogFact[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder).catch((): string[] => [])).sort();
    for (const name of names) {
      bytes += (await lstat(join(folder, name)).catch(() => undefined))?.size ?? 0;
      if (isDamagedSegment(name)) damagedLogs.push({ path: join(folder, name), what: 'kept' });
    }
    const first = names.find((name) => readSegmentOffset(name) !== undefined);
    const isHeadless = first !== undefined && readSegmentOffset(first) !== 0;
    if (isHeadless) damagedLogs.push({ path: folder, what: 'headless' });
  }
  return { bytes, damagedLogs };
}

/** The log that a path is of, or lies in. */
function readAttempt(path: string): string {
  const name = basename(path);
  return isAttemptId(name) ? name : basename(dirname(path));
}

/** The number first: a hub that starts in between must not give it, and so this output, to other work. */
async function setAside(
  { visit, home, nowMs }: HubRound,
  path: string,
  what: string,
): Promise<void> {
  const kv = await visit.findKv();
  if (kv === undefined) throw new AppError('FIX_FAILED', 'The store cannot be read.');
  const name = basename(path);
  if (!isAttemptId(name)) throw new AppError('FIX_FAILED', `${path} is no copy.`);
  const used = readJobNumber(splitAttemptId(name).job) + 1;
  const next = await readNextJob(kv);
  if (next < used) await kv.batch([planRow(nextJobKey, used)], 'synced');
  const folder = join(home.directory, 'set-aside');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await moveAside(path, nowMs, join(folder, `${what}-${name}`));
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
