/*
 * A process whose system calls are watched: it opens a store and writes so many MiB in rows of a size.
 *
 * Says `opened`, and `acked` after each acknowledged batch.
 */
import { writeSync } from 'node:fs';
import { openLevelKv } from '../../store/open.ts';

const [, , path = '', mib = '0', rowBytes = '1000'] = process.argv;
// As classic-level has it by itself, so that a log is soon full.
const kv = await openLevelKv(path, { writeBufferBytes: 4 * 1024 * 1024 });
writeSync(1, 'opened\n');
const size = Number(rowBytes);
const perBatch = Math.max(1, Math.floor(100_000 / size));
const rows = Math.floor((Number(mib) * 1024 * 1024) / size);
for (let n = 0; n < rows; n += perBatch) {
  const ops = Array.from({ length: perBatch }, (_, index) => ({
    type: 'put' as const,
    key: `k${n + index}`,
    value: new Uint8Array(size).fill(n),
  }));
  await kv.batch(ops, 'synced');
  writeSync(1, 'acked\n');
}
await kv.close();
