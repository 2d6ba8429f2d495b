/*
 * A process for the tests of the logs: it runs under a limit on file size and reports each step.
 *
 * Each step is one line of JSON on stdout.
 */
import { writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';

const place = join(dirname(process.argv[2] ?? ''), 'limited');
let logs: LogStore = await openLogFiles(place, { bytesMax: 4 * 1024 * 1024 });
let log = await logs.open('J1.1');

await append('small', 1000);
await append('too large', 200_000);
const { size } = await stat(join(place, 'J1.1', '0000000000000000.log'));
print({ step: 'file', size });
await report();
await append('small again', 1000);
await report();
await logs.close();
logs = await openLogFiles(place, { bytesMax: 4 * 1024 * 1024 });
log = await logs.open('J1.1');
print({ step: 'reopened', bytes: await countBytes(), end: log.end });

async function append(step: string, size: number): Promise<void> {
  const bytes = new Uint8Array(size).fill(97);
  const code = await log.append([{ offset: log.end, stream: 'stdout', at: 1, bytes }]).then(
    () => 'none',
    (thrown: unknown) => (thrown as { code?: unknown }).code,
  );
  print({ step, code, end: log.end });
}

async function report(): Promise<void> {
  print({ step: 'read', bytes: await countBytes() });
}

async function countBytes(): Promise<number> {
  const { records } = await log.read(0, 1e9);
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function print(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}
