/*
 * The checks of what rows say of each other: does everything that is named exist, and bear its marks?
 *
 * Batches keep these true; a store that was restored, mended by hand or written by a fault may not. What
 * seems wrong is looked at twice, because a hub that runs goes on writing. Fixes remove only rows that
 * are about nothing, and never a job. They work without a hub too, on the store that it left.
 */
import type { Check } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import { activeJobKey, decisionKey, jobKey, prefixRange } from '../../../store/keys.ts';
import type { Kv, KvRow } from '../../../store/kv.ts';
import { findRow } from '../../../store/row-codec.ts';
import { type Decision, decisionRowSchema } from '../../manager/decision.ts';
import { isEnded, type JobRecord, readJobNumber } from '../../manager/job.ts';
import { jobRowSchema } from '../../manager/job-row.ts';
import { readMarkedThrough } from '../active-marks.ts';
import { planMarker } from '../change.ts';
import { findEndedJobs } from '../ended-rows.ts';
import type { HubRound } from './hub-round.ts';
import { jobsMarkedMax, rowsWalkedMax } from './limits.ts';
import { walkJobs } from './walk-jobs.ts';

interface RowFacts {
  /** Rows about a job or a decision that is not there, by the table they are in. */
  readonly orphans: ReadonlyMap<OrphanTable, readonly string[]>;
  /** Jobs whose mark says the contrary of themselves. */
  readonly unmarked: readonly JobId[];
  readonly mismarked: readonly JobId[];
  /** Decisions that wait about jobs that are not there. */
  readonly moot: readonly Decision[];
}

type OrphanTable = keyof typeof tables;

/** Table → the keys of what a row of it is about. */
const tables = {
  'ja/': ({ key }: KvRow) => [jobKey(`J${Number(key.slice('ja/'.length))}`)],
  'je/': (row: KvRow) => findEndedJobs(row).map(jobKey),
  'da/': ({ key }: KvRow) => [decisionKey(Number(key.slice('da/'.length)))],
} as const;

const words: Readonly<Record<OrphanTable, string>> = {
  'ja/': 'mark jobs that have not ended',
  'je/': 'mark jobs that have ended',
  'da/': 'mark decisions that wait',
};

type RowCheck = Check<RowFacts, HubRound>;

const orphans: RowCheck = {
  id: 'rows-orphaned',
  title: 'every mark in the store is about something',
  why: 'Marks of what is not there make the hub’s start slower, and keep what is old from being forgotten.',
  area: 'store',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ orphans: found }) =>
    [...found].map(([table, keys]) => ({
      subject: table,
      seen: `${keys.length} rows that ${words[table]} are about none: ${keys.slice(0, 3).join(', ')}.`,
      wanted: 'None.',
      advice: 'They can be removed; nothing else is known of them.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `removes the rows of ${subject} that are about nothing`,
    apply: async (round, { subject }) => {
      const kv = await getKv(round);
      const keys = await listOrphans(kv, subject as OrphanTable);
      await kv.batch(
        keys.map((key) => ({ type: 'del', key })),
        'synced',
      );
    },
  },
};

const unmarked: RowCheck = {
  id: 'job-unmarked',
  title: 'every job that has not ended is known to be so',
  why: 'The hub does not read it back at its start, and whoever waits for it waits for ever.',
  area: 'jobs',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ unmarked: jobs }) =>
    jobs.map((job) => ({
      subject: job,
      seen: `${job} has not ended, and is not among those that have not.`,
      wanted: 'A mark that says so.',
      advice: 'It can be marked; it counts from the hub’s next start on.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `marks ${subject}; start the hub again after that`,
    apply: async (round, { subject }) => {
      const kv = await getKv(round);
      await kv.batch([planMarker(activeJobKey(subject as JobId), true)], 'synced');
    },
  },
};

const mismarked: RowCheck = {
  id: 'job-mismarked',
  title: 'no job that has ended counts as one that has not',
  why: 'It is held in memory for ever, and never forgotten.',
  area: 'jobs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ mismarked: jobs }) =>
    jobs.map((job) => ({
      subject: job,
      seen: `${job} has ended, and is among those that have not.`,
      wanted: 'No such mark.',
      advice: 'The mark can be taken away.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `takes the mark of ${subject} away`,
    apply: async (round, { subject }) => {
      const kv = await getKv(round);
      await kv.batch([planMarker(activeJobKey(subject as JobId), false)], 'synced');
    },
  },
};

const moot: RowCheck = {
  id: 'decision-moot',
  title: 'everything that waits for you is about something that is there',
  why: 'It can’t be decided any more, and stands before what can.',
  area: 'jobs',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ moot: decisions }) =>
    decisions.map((decision) => ({
      subject: decision.id,
      seen: `${decision.id} asks about ${findJob(decision)}, which is not there.`,
      wanted: 'A job, or no question.',
      advice: 'It can be closed as moot.',
    })),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `closes ${subject} as moot`,
    apply: async ({ hub }, { subject }) => {
      const decision = hub?.inbox.list().find(({ id }) => id === subject);
      if (hub === undefined || decision === undefined) {
        throw new AppError('FIX_FAILED', 'Only a hub that runs can close it.');
      }
      await hub.inbox.close([{ decision, answer: { as: 'moot' } }]);
    },
  },
};

/** What rows say of each other. */
export const rowSection: Section<HubRound> = defineSection({
  name: 'marks',
  pace: 'slow',
  gather: async ({ visit, hub }: HubRound): Promise<RowFacts> => {
    const kv = await visit.findKv();
    if (kv === undefined) return nothing;
    const found = new Map<OrphanTable, readonly string[]>();
    for (const table of Object.keys(tables) as OrphanTable[]) {
      const keys = await listOrphans(kv, table);
      if (keys.length > 0) found.set(table, keys);
    }
    const open = hub?.inbox.list() ?? (await listOpen(kv));
    return { orphans: found, ...(await listMarks(kv)), moot: await listMoot(kv, open) };
  },
  checks: [unmarked, mismarked, orphans, moot],
});

const nothing: RowFacts = { orphans: new Map(), unmarked: [], mismarked: [], moot: [] };

async function getKv({ visit }: HubRound): Promise<Kv> {
  const kv = await visit.findKv();
  if (kv === undefined) throw new AppError('FIX_FAILED', 'The store cannot be read.');
  return kv;
}

async function listOrphans(kv: Kv, table: OrphanTable): Promise<readonly string[]> {
  const range = { ...prefixRange(table), countMax: rowsWalkedMax, order: 'ascending' } as const;
  const orphaned: string[] = [];
  for (const row of await kv.range(range)) {
    if (await isAboutAny(kv, tables[table](row))) continue;
    // It may have gone with what it is about, meanwhile.
    if ((await kv.get(row.key)) !== undefined) orphaned.push(row.key);
  }
  return orphaned;
}

/** One that is about something still is mended as that is forgotten. */
async function isAboutAny(kv: Kv, keys: readonly string[]): Promise<boolean> {
  for (const key of keys) if ((await kv.get(key)) !== undefined) return true;
  return false;
}

async function listMarks(kv: Kv): Promise<Pick<RowFacts, 'unmarked' | 'mismarked'>> {
  // Read first: it only rises, together with the marks that it asks for.
  const through = await readMarkedThrough(kv);
  const without: JobId[] = [];
  const wrong: JobId[] = [];
  for await (const seen of walkJobs(kv, jobsMarkedMax)) {
    const { id } = seen;
    const isWrong = async (job: JobRecord) => {
      const isMarked = (await kv.get(activeJobKey(id))) !== undefined;
      return isEnded(job) ? isMarked : !isMarked && readJobNumber(id) <= through;
    };
    if (!(await isWrong(seen))) continue;
    // As both are now: a job that has just ended was read before its mark went.
    const job = await findRow(kv, jobKey(id), jobRowSchema);
    if (job === undefined || !(await isWrong(job))) continue;
    (isEnded(job) ? wrong : without).push(id);
  }
  return { unmarked: without, mismarked: wrong };
}

async function listOpen(kv: Kv): Promise<readonly Decision[]> {
  const range = { ...prefixRange('da/'), countMax: rowsWalkedMax, order: 'ascending' } as const;
  const open: Decision[] = [];
  for (const { key } of await kv.range(range)) {
    const number = Number(key.slice('da/'.length));
    const decision = await findRow(kv, decisionKey(number), decisionRowSchema);
    if (decision !== undefined) open.push(decision);
  }
  return open;
}

async function listMoot(kv: Kv, open: readonly Decision[]): Promise<readonly Decision[]> {
  const gone: Decision[] = [];
  for (const decision of open) {
    const job = findJob(decision);
    if (job !== undefined && (await kv.get(jobKey(job))) === undefined) gone.push(decision);
  }
  return gone;
}

function findJob(decision: Decision): JobId | undefined {
  return 'job' in decision ? decision.job : undefined;
}
