/*
 * Row values: msgpack on the disk, a checked shape in memory.
 *
 * Every row is parsed with a schema when it is read, once, and trusted after. A row that does not
 * parse is never skipped or repaired here: it is STORE_DAMAGED, with its key named.
 */
import type { z } from 'zod';
import { decodeValue, encodeValue } from '../protocol/codec.ts';
import { AppError } from '../protocol/errors.ts';
import type { Kv, KvOp, KvRow } from './kv.ts';

/** The change that writes `value` under `key`. */
export function planRow(key: string, value: unknown): KvOp {
  return { type: 'put', key, value: encodeValue(value) };
}

/** The value of a row that was read. Errors: STORE_DAMAGED naming the key. */
export function readRow<T>(schema: z.ZodType<T>, row: KvRow): T {
  try {
    return schema.parse(decodeValue(row.value));
  } catch (cause) {
    throw new AppError('STORE_DAMAGED', `The row ${row.key} cannot be read.`, { cause });
  }
}

/** Does a row that was read make sense? */
export function isReadable(schema: z.ZodType, row: KvRow): boolean {
  try {
    return schema.safeParse(decodeValue(row.value)).success;
  } catch {
    return false;
  }
}

/** The value under `key`, if there is one. Errors: STORE_DAMAGED naming the key, STORE_IO. */
export async function findRow<T>(
  kv: Pick<Kv, 'get'>,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const value = await kv.get(key);
  return value === undefined ? undefined : readRow(schema, { key, value });
}
