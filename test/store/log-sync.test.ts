/*
 * Syncs of a log that fail, at every place: nothing is lost, and nothing that failed is trusted.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { oneFileThread, titleOf, whyNoStrace, withInjection } from '../kit/strace.ts';
import { createDirectory } from './place.ts';

const run = promisify(execFile);
const reason = whyNoStrace();
const program = fileURLToPath(new URL('./log-sync-writer.ts', import.meta.url));

/** One run with failures placed so. */
async function write(calls: string, when: string, error = 'EIO') {
  const directory = await createDirectory();
  try {
    const command = [process.execPath, program, `${directory.path}/logs`];
    const injection = { calls, fault: `error=${error}`, when } as const;
    const [file, ...args] = withInjection(injection, command);
    const env = { ...process.env, ...oneFileThread };
    return JSON.parse((await run(file, args, { env })).stdout) as Record<string, unknown>;
  } finally {
    await directory.remove();
  }
}

describe.skipIf(reason !== undefined)(titleOf('log sync', reason), () => {
  // The first is of the directory's own name, before there is a log.
  it.each(['2', '3', '5', '6', '8..10'])(
    'log: a sync that fails at place %s is done again over a segment written anew',
    async (when) => {
      const whole = { isWholeBefore: true, isWholeAfter: true };
      const { failedCount, ...ends } = await write('fsync,fdatasync', when);
      expect(ends).toEqual(whole);
      expect(failedCount).toBeGreaterThan(0);
    },
  );

  it('log: writes that fail in their middle and on a full disk are done again', async () => {
    for (const when of ['2', '3..6']) {
      expect(await write('pwrite64,pwritev', when, 'ENOSPC')).toMatchObject({
        isWholeBefore: true,
        isWholeAfter: true,
      });
    }
  });
});
