/*
 * A log that is damaged where a record begins: what lies behind in the same block is found again, so it is not taken for a torn end.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLevelKv } from '../../../store/open.ts';
import { readLevelLog } from '../../../store/salvage/level-log.ts';
import { createDirectory } from '../place.ts';

const batches = 100;
const stretch = 40;

/** The log of a store with so many small batches. */
async function writeLog(): Promise<Buffer> {
  const { path, remove } = await createDirectory();
  onTestFinished(remove);
  const kv = await openLevelKv(path);
  for (let n = 0; n < batches; n += 1) {
    const value = Uint8Array.from({ length: 30 }, (_, index) => (n * 31 + index * 7) & 0xff);
    await kv.batch([{ type: 'put', key: `j/${n}`, value }], 'synced');
  }
  await kv.close();
  const log = readdirSync(path).find((name) => name.endsWith('.log')) ?? '';
  return readFileSync(join(path, log));
}

test.each([0x00, 0x01, 0x04, 0xff])(
  'salvage: damage of bytes %i is never a torn end while a whole record follows',
  async (byte) => {
    const log = await writeLog();
    const { records } = readLevelLog(log);
    const third = records.at(-3)?.at ?? 0;
    expect(records.length).toBeGreaterThan(batches);
    for (let at = 7; at + stretch < third; at += 13) {
      const damaged = readLevelLog(Buffer.from(log).fill(byte, at, at + stretch));
      expect(damaged.gaps.map(({ kind }) => kind)).toEqual(['middle']);
      expect(damaged.records.length).toBeGreaterThanOrEqual(records.length - 3);
    }
  },
);
