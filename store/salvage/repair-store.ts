/*
 * Mending a damaged store: all that can be read goes into a new one, and the old one is put aside as it is.
 *
 * Where nothing is missing the new store is the old one by its identity, and nobody notices. Where something is, it
 * is another store: peers must not take it for one that remembers what they were told, so its streams begin anew, by
 * the rules for a peer that lost its store. What is missing is said, row for row as far as anybody knows.
 * The caller holds the store meanwhile. Errors: STORE_IO, STORE_FORMAT, RESTORE_FAILED.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../../protocol/errors.ts';
import { isThere } from '../../protocol/is-there.ts';
import type { Random } from '../../protocol/ports.ts';
import { Archive } from '../archive.ts';
import { nameAside } from '../asides.ts';
import { openAuditFiles } from '../audit-files.ts';
import { planAuditMended, type TrailLoss } from '../audit-read.ts';
import { freshFolder, moveIn, movesFile } from '../backup-restore.ts';
import { auditTailKey, metaKey, storeIdKey } from '../keys.ts';
import type { Kv, KvOp, KvRow } from '../kv.ts';
import { backupRowsPerRead } from '../limits.ts';
import { openLevelKv } from '../open.ts';
import { planRow } from '../row-codec.ts';
import { readWitness, writeWitness } from '../witness.ts';
import {
  expectKnown,
  findHoles,
  findTail,
  isEndLost,
  isNewestFormat,
  planMissing,
} from './check-rows.ts';
import { salvageStore } from './salvage.ts';

/** Rows that are whole and make no sense to their owner, by their keys. */
export interface SiftedRows {
  /** Without these it is another store. */
  readonly lost: readonly string[];
  /** Without these it is still the same. */
  readonly leftOut: readonly string[];
  /** What the new store has in their place. */
  readonly ops: readonly KvOp[];
}

/** Which store, and what the owner adds where something is missing. */
export interface RepairPlan {
  /** The home. */
  readonly home: string;
  /** Its store, right in the home. */
  readonly store: string;
  /** Wall milliseconds. */
  readonly now: number;
  readonly random: Random;
  readonly isDryRun: boolean;
  /** Further changes of a store that is another one now; null where its owner puts it aside himself then. */
  readonly adapt: ((rows: readonly KvRow[]) => readonly KvOp[]) | null;
  /** Finds the rows, in the newest format, that the owner cannot read; absent where he looks at none. */
  readonly sift?: (rows: readonly KvRow[]) => SiftedRows;
}

/** What was found and done. */
export interface RepairAnswer {
  readonly is: 'sound' | 'mended' | 'missing-rows';
  readonly rows: number;
  readonly mended: readonly string[];
  readonly lost: readonly string[];
  /** Rows that nobody could read, and without which it is the same store. */
  readonly leftOut: readonly string[];
  /** Where the old store lies, below the home; null where nothing was done. */
  readonly asideIn: string | null;
}

/** Prefixes of the rows that are about streams of the old identity. */
const streamPrefixes = ['o/', 'oa/', 'r/', 'p/'];

/** Reads it all, and mends what is damaged. */
export async function repairStore(plan: RepairPlan): Promise<RepairAnswer> {
  const { home, store, isDryRun, now } = plan;
  const found = await salvageStore(store);
  expectKnown(found.rows);
  const sifted = sift(plan, found.rows);
  const { leftOut } = sifted;
  const seen = await readWitness(store);
  const lost = [
    ...found.lost,
    ...findHoles(found.rows, seen),
    ...sifted.lost.map((key) => `the row ${key}: what it says makes no sense`),
  ];
  const mended =
    found.tornBytes > 0 && lost.length > 0
      ? [...found.mended, `${found.tornBytes} bytes at the end of a log are no record`]
      : found.mended;
  const isSound = mended.length === 0 && leftOut.length === 0;
  const is = lost.length > 0 ? 'missing-rows' : isSound ? 'sound' : 'mended';
  const answer = { is, rows: found.rows.length, mended, lost, leftOut, asideIn: null } as const;
  if (is === 'sound' || isDryRun) return answer;
  const asideIn = await nameAside(home, now);
  try {
    const isEndUnknown = isEndLost(found.rows, seen) || found.isMaybeOld(auditTailKey);
    const trail = is === 'missing-rows' ? { isEndLost: isEndUnknown } : null;
    const content = { rows: takeOut(found.rows, sifted), ops: sifted.ops, trail };
    await writeStore(plan, content, is === 'missing-rows' ? plan.adapt : null);
    // Until its owner has put it aside nobody may start on it, also when that is cut off.
    if (is === 'missing-rows' && plan.adapt === null)
      await markUnusable(plan, Math.max(seen, findTail(found.rows) + 1));
    await moveIn(home, asideIn);
  } catch (thrown) {
    // Half a store is nothing to go on with, and takes the room of a disk that may be full.
    if (!(await isThere(join(home, movesFile))))
      await rm(join(home, freshFolder), { recursive: true, force: true }).catch(() => undefined);
    throw wrapError(thrown, 'RESTORE_FAILED');
  }
  return { ...answer, asideIn };
}

/** What rows of an older format say is for their migration to judge. */
function sift(plan: RepairPlan, rows: readonly KvRow[]): SiftedRows {
  const none = { lost: [], leftOut: [], ops: [] };
  return isNewestFormat(rows) ? (plan.sift?.(rows) ?? none) : none;
}

function takeOut(
  rows: readonly KvRow[],
  { lost, leftOut }: Pick<SiftedRows, 'lost' | 'leftOut'>,
): readonly KvRow[] {
  const out = new Set([...lost, ...leftOut]);
  return rows.filter(({ key }) => !out.has(key));
}

interface Content {
  readonly rows: readonly KvRow[];
  readonly ops: readonly KvOp[];
  /** What is known of the audit trail where something is missing; null where nothing is. */
  readonly trail: TrailLoss | null;
}

async function writeStore(
  plan: RepairPlan,
  { rows, ops: further, trail }: Content,
  adapt: RepairPlan['adapt'],
): Promise<void> {
  const fresh = join(plan.home, freshFolder);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  const kv = await openLevelKv(join(fresh, 'store'));
  try {
    const kept = adapt !== null ? rows.filter(({ key }) => !isOfOld(key)) : rows;
    for (let from = 0; from < kept.length; from += backupRowsPerRead) {
      const some = kept.slice(from, from + backupRowsPerRead);
      const ops = some.map(({ key, value }) => ({ type: 'put', key, value }) as const);
      await kv.batch(ops, 'buffered');
    }
    const word = planRow(metaKey('salvaged'), { at: plan.now });
    const storeId = Buffer.from(plan.random.bytes(16)).toString('hex');
    const ops: KvOp[] = [word, ...further];
    if (adapt !== null) {
      ops.push(planRow(storeIdKey, storeId), ...planMissing(kept), ...adapt(kept));
    }
    // Also where the owner puts it aside: the trail goes on in the store after it.
    if (trail !== null) ops.push(...(await planTrail(plan, kv, trail)));
    await kv.batch(ops, 'synced');
  } finally {
    await kv.close();
  }
}

/** A witness who saw more than there is: whoever opens the store refuses it, and a repair finds it damaged again. */
async function markUnusable({ home }: RepairPlan, seen: number): Promise<void> {
  await writeWitness(join(home, freshFolder, 'store'), seen);
}

/** What is missing of the trail is said from now on, and is no damage of the new store. */
async function planTrail({ home }: RepairPlan, kv: Kv, trail: TrailLoss): Promise<readonly KvOp[]> {
  const port = openAuditFiles(join(home, 'audit'));
  const mark = await new Archive(kv, port, 'audit-file').findMark();
  return planAuditMended({ kv, port, mark }, trail);
}

/** How far the archive counted is of the past too: what was exported since would be cut off, and may be nowhere else. */
function isOfOld(key: string): boolean {
  return key === metaKey('archive') || streamPrefixes.some((prefix) => key.startsWith(prefix));
}

/** What was found and done, in words. */
export function showRepair({ is, rows, mended, lost, leftOut, asideIn }: RepairAnswer): string {
  if (is === 'sound') return `The store is sound: ${rows} rows.`;
  const done = asideIn === null ? 'Would be mended' : 'Mended';
  const lines = [`${done}: ${rows} rows were read.`, ...mended.map((one) => `damaged: ${one}`)];
  lines.push(
    ...lost.map((one) => `missing: ${one}`),
    ...leftOut.map((key) => `left out: the row ${key}: what it says makes no sense`),
  );
  if (lost.length + leftOut.length === 0) lines.push('Nothing is missing.');
  if (asideIn !== null) lines.push(`The old store lies in ${asideIn}, as it was.`);
  return lines.join('\n');
}
