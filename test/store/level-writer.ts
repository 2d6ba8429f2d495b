/*
 * A process for the tests of the store: it owns a LevelDB store and writes until a write fails.
 *
 * Each acknowledged key is one line on stdout. After the failure it prints one line of JSON with
 * the code that every kind of call then gives, and waits to be killed.
 */
import { writeSync } from 'node:fs';
import type { KvOp } from '../../store/kv.ts';
import { openLevelKv } from '../../store/open.ts';

const kv = await openLevelKv(process.argv[2] ?? '');
const noise = new Uint8Array(1000).map((_, index) => index * 7);
let failed: string | undefined;
let waiting: Promise<string> | undefined;
for (let n = 0; n < 10_000 && failed === undefined; n += 2) {
  const writing = kv.batch([put(n)], 'synced');
  waiting = codeOf(kv.batch([put(n + 1)], 'synced'));
  failed = await codeOf(writing);
  if (failed === 'none') failed = undefined;
  if (failed === undefined) writeSync(1, `${keyOf(n)}\n`);
  if (failed === undefined && (await waiting) !== 'none') failed = await waiting;
  else if (failed === undefined) writeSync(1, `${keyOf(n + 1)}\n`);
}
const codes = {
  failed,
  waiting: await waiting,
  batch: await codeOf(kv.batch([put(99_999)], 'buffered')),
  get: await codeOf(kv.get(keyOf(0))),
  range: await codeOf(kv.range({ gte: 'a', lt: 'b', countMax: 1, order: 'ascending' })),
};
writeSync(1, `${JSON.stringify(codes)}\n`);
// Keeps the store open until the test kills this process or ends itself.
process.stdin.resume();

function put(n: number): KvOp {
  return { type: 'put', key: keyOf(n), value: noise };
}

function keyOf(n: number): string {
  return String(n).padStart(6, '0');
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (thrown: unknown) => String((thrown as { code?: unknown }).code),
  );
}
