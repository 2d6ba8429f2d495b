/*
 * A process for the tests of the logs, run where a sync fails: it writes on until each piece is synced.
 *
 * Prints one line of JSON: how often an act failed, and whether all that it wrote is there, in one
 * run, before and after the log was opened anew.
 */
import { writeSync } from 'node:fs';
import type { Log } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';

const place = process.argv[2] ?? '';
const logs = await openLogFiles(place, { bytesMax: 4 * 1024 * 1024 });
const log = await logs.open('J1.1');
let written = '';
let failedCount = 0;
for (let n = 0; n < 6; n += 1) {
  const text = `piece ${n}${'.'.repeat(200_000)}`;
  await persist(() =>
    log.append([{ offset: log.end, stream: 'stdout', at: 1, bytes: Buffer.from(text) }]),
  );
  written += text;
  await persist(() => log.sync());
}
const isWholeBefore = (await readAll(log)) === written;
await logs.close();
const again = await (await openLogFiles(place, { bytesMax: 4 * 1024 * 1024 })).open('J1.1');
const isWholeAfter = (await readAll(again)) === written;
writeSync(1, `${JSON.stringify({ failedCount, isWholeBefore, isWholeAfter })}\n`);

async function persist(act: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 10; tries += 1) {
    try {
      await act();
      return;
    } catch {
      failedCount += 1;
    }
  }
  throw new Error('it fails for ever');
}

async function readAll(from: Log): Promise<string> {
  const { records } = await from.read(0, 1e9);
  return records.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
}
