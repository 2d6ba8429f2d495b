/*
 * Rows as they lie in a backup: length and bytes of the key, length and bytes of the value, one row after the other.
 *
 * Lengths are 4 bytes, big-endian. A piece holds whole rows and nothing else; what does not fit is refused, never
 * guessed. Pure. Errors: BACKUP_DAMAGED.
 */
import { AppError } from '../protocol/errors.ts';
import type { KvRow } from './kv.ts';
import { backupRowBytesMax } from './limits.ts';

/** The rows as bytes. */
export function encodeRows(rows: readonly KvRow[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { key, value } of rows) {
    const name = new TextEncoder().encode(key);
    const lengths = new DataView(new ArrayBuffer(8));
    lengths.setUint32(0, name.length);
    lengths.setUint32(4, value.length);
    parts.push(new Uint8Array(lengths.buffer), name, value);
  }
  return Buffer.concat(parts);
}

/** The rows that these bytes are. */
export function decodeRows(bytes: Uint8Array): readonly KvRow[] {
  const rows: KvRow[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw unfit();
    const nameLength = view.getUint32(at);
    const valueLength = view.getUint32(at + 4);
    const end = at + 8 + nameLength + valueLength;
    const isFit = nameLength > 0 && nameLength + valueLength <= backupRowBytesMax;
    if (!isFit || end > bytes.length) throw unfit();
    const key = new TextDecoder().decode(bytes.subarray(at + 8, at + 8 + nameLength));
    rows.push({ key, value: bytes.slice(at + 8 + nameLength, end) });
    at = end;
  }
  return rows;
}

function unfit(): AppError {
  return new AppError('BACKUP_DAMAGED', 'A piece of rows in the backup cannot be read.');
}
