/*
 * What the store syncs and when, seen in the system calls of a process that writes.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { titleOf, whyNoStrace } from '../kit/strace.ts';
import { createDirectory } from './place.ts';

const run = promisify(execFile);
const reason = whyNoStrace();
const program = fileURLToPath(new URL('./rotating-writer.ts', import.meta.url));

/** The calls of a writer of so many MiB in rows of this size, in order: `fdatasync 000003.log`. */
async function trace(mib: number, rowBytes: number) {
  const directory = await createDirectory();
  try {
    const path = join(directory.path, 'db');
    const file = join(directory.path, 'calls');
    const filter = 'trace=openat,fsync,fdatasync,write';
    const command = [process.execPath, program, path, String(mib), String(rowBytes)];
    await run('strace', ['-f', '-qq', '-y', '-o', file, '-e', filter, ...command]);
    const calls = (await readFile(file, 'utf8'))
      .split('\n')
      .flatMap((line) => readCall(line, path));
    return calls;
  } finally {
    await directory.remove();
  }
}

/** Syncs and creations below `path`, and what the writer says; `.` is the directory itself. */
function readCall(line: string, path: string): readonly string[] {
  const said = /write\(1<[^>]*>, "([a-z ]+)\\n"/.exec(line)?.[1];
  if (said !== undefined) return [said];
  const isMaking = line.includes('O_CREAT');
  const call = /\b(openat|fsync|fdatasync)\(/.exec(line)?.[1];
  const place = line.includes(`${path}/`)
    ? /\/db\/([\w.-]+)[">]/.exec(line)?.[1]
    : line.includes(`<${path}>`)
      ? '.'
      : undefined;
  if (call === undefined || place === undefined || (call === 'openat' && !isMaking)) return [];
  return [`${call} ${place}`];
}

describe.skipIf(reason !== undefined)(titleOf('level names', reason), () => {
  it('open: a new store is synced, log and MANIFEST, before it is said to be whole, and then its names', async () => {
    const calls = await trace(0, 1000);
    const whole = calls.indexOf('openat CREATED');
    const before = calls.slice(0, whole);
    expect(before.some((call) => /^fdatasync \d+\.log$/.test(call))).toBe(true);
    expect(before.some((call) => /^fdatasync MANIFEST-\d+$/.test(call))).toBe(true);
    const after = calls.slice(whole, calls.indexOf('opened'));
    expect(after).toContain('fsync CREATED');
    expect(after.lastIndexOf('fsync .')).toBeGreaterThan(after.indexOf('fsync CREATED'));
  });

  it.each([
    [14, 100],
    [14, 1000],
    [20, 50_000],
  ])(
    'batch: over %i MiB in rows of %i bytes each new log is named on the disk before an ack',
    async (mib, rowBytes) => {
      const calls = await trace(mib, rowBytes);
      const begun = calls.flatMap((call, at) => (/^openat \d+\.log$/.test(call) ? [at] : []));
      expect(begun.length).toBeGreaterThan(2);
      for (const at of begun) {
        const ack = calls.findIndex((call, index) => index > at && call === 'acked');
        if (ack < 0) continue;
        // The name is synced after the log was begun and before anything in it is acknowledged.
        expect(calls.slice(at, ack)).toContain('fsync .');
      }
    },
  );
});
