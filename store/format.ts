/*
 * The format of the store: its version, its identity, its migrations.
 *
 * Opening decides before it writes: a newer store and a store without a version are refused and
 * left exactly as they are. Each migration is one atomic batch together with its version number,
 * so a crash between two of them resumes at the right one. The incarnation is on the disk before
 * the first frame can leave. Source: reliability facts, R1 and R25.
 */
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import type { Random } from '../protocol/ports.ts';
import { endedKey, formatKey, incarnationKey, storeIdKey, wholeRange } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { indexEndedJobs } from './migrations/index-ended-jobs.ts';
import { logHeldAttempts } from './migrations/log-held-attempts.ts';
import { markOldJobs } from './migrations/mark-old-jobs.ts';
import { shareEndRows } from './migrations/share-end-rows.ts';
import { shareEventRows } from './migrations/share-event-rows.ts';
import { findRow, planRow } from './row-codec.ts';

/** Who this store is, and which of its starts this is. */
export interface StoreIdentity {
  /** 32 hex digits, made with the store. */
  readonly storeId: string;
  /** From 1; comparable only within one store id. */
  readonly incarnation: number;
  /** Did the incarnation before this one not end by itself? */
  readonly isAfterCrash: boolean;
}

/** Plans all changes from one format to the next. The one at index 0 leads from format 1 to 2. */
export type Migration = (kv: Kv) => Promise<readonly KvOp[]>;

/** Every migration since format 1, in order. A new one is added at the end, with a test. */
export const storeMigrations: readonly Migration[] = [
  indexEndedJobs,
  shareEventRows,
  markOldJobs,
  shareEndRows,
  logHeldAttempts,
];

const countSchema = z.number().int().positive();
const storeIdSchema = z.string().regex(/^[0-9a-f]{32}$/);

/**
 * Brings the store to the present format and begins a new incarnation, durably. A store that is
 * empty gets its identity. Errors: STORE_FORMAT, STORE_DAMAGED, STORE_IO.
 */
export async function openStore(
  kv: Kv,
  random: Random,
  migrations: readonly Migration[] = storeMigrations,
): Promise<StoreIdentity> {
  const format = await readFormat(kv, migrations);
  if (format === undefined) return createStore(kv, random, migrations.length + 1);
  await migrateStore(kv, format, migrations);
  return beginIncarnation(kv);
}

/** The store's format; undefined for an empty one. Changes nothing. Errors: STORE_FORMAT. */
export async function readFormat(
  kv: Kv,
  migrations: readonly Migration[] = storeMigrations,
): Promise<number | undefined> {
  const format = await findRow(kv, formatKey, countSchema);
  if (format !== undefined) expectFormat(format, migrations);
  return format;
}

/** Refuses one that is newer than all that these migrations lead to. Errors: STORE_FORMAT. */
export function expectFormat(format: number, migrations: readonly Migration[]): void {
  const newest = migrations.length + 1;
  if (format <= newest) return;
  const detail = `The store has format ${format}; this version knows ${newest}.`;
  throw new AppError('STORE_FORMAT', detail);
}

/** Brings a store of this format to the newest one, a batch a step. */
export async function migrateStore(
  kv: Kv,
  format: number,
  migrations: readonly Migration[],
): Promise<void> {
  for (let from = format; from <= migrations.length; from += 1) {
    const ops = (await migrations[from - 1]?.(kv)) ?? [];
    await kv.batch([...ops, planRow(formatKey, from + 1)], 'synced');
  }
}

/** How often the store was opened; 0 for an empty one. */
export async function readIncarnation(kv: Kv): Promise<number> {
  return (await findRow(kv, incarnationKey, countSchema)) ?? 0;
}

/** Who this store is; undefined for one that was never opened. Errors: STORE_DAMAGED, STORE_IO. */
export function findStoreId(kv: Kv): Promise<string | undefined> {
  return findRow(kv, storeIdKey, storeIdSchema);
}

/**
 * Closes the store; an incarnation that is given ended by itself and leaves word of it. Without that,
 * also after a failure, the next one knows that it comes after a crash. A store that cannot be written
 * takes no word for as long as that lasts, so it is waited for until `late` at most. Errors: STORE_IO.
 */
export async function closeStore(
  kv: Kv,
  ended: StoreIdentity | undefined,
  late: Promise<unknown>,
): Promise<void> {
  if (ended !== undefined) {
    const word = kv.batch([planRow(endedKey, ended.incarnation)], 'synced');
    await Promise.race([word, late]);
    // Refused by the close, which says so itself.
    word.catch(() => undefined);
  }
  await kv.close();
}

async function createStore(kv: Kv, random: Random, format: number): Promise<StoreIdentity> {
  const rows = await kv.range({ ...wholeRange, countMax: 1, order: 'ascending' });
  if (rows.length > 0) {
    const detail = `The store has rows (${rows[0]?.key}) but no format version.`;
    throw new AppError('STORE_DAMAGED', detail);
  }
  const storeId = Buffer.from(random.bytes(16)).toString('hex');
  const identity = { storeId, incarnation: 1, isAfterCrash: false };
  const ops = [
    planRow(formatKey, format),
    planRow(storeIdKey, identity.storeId),
    planRow(incarnationKey, identity.incarnation),
  ];
  await kv.batch(ops, 'synced');
  return identity;
}

async function beginIncarnation(kv: Kv): Promise<StoreIdentity> {
  const storeId = await findStoreId(kv);
  const last = await findRow(kv, incarnationKey, countSchema);
  if (storeId === undefined || last === undefined) {
    throw new AppError('STORE_DAMAGED', 'The store has a format version but no identity.');
  }
  const ended = await findRow(kv, endedKey, countSchema);
  await kv.batch([planRow(incarnationKey, last + 1)], 'synced');
  return { storeId, incarnation: last + 1, isAfterCrash: ended !== last };
}
