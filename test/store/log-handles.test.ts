/*
 * What logs in files hold of the process: few open files, few logs, little memory; and that a log
 * which was closed in the meantime goes on as if it had not been.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttemptId } from '../../protocol/model.ts';
import { logTailBytesMax, logTailsBytesMax } from '../../store/limits.ts';
import { type LogFiles, openLogFiles } from '../../store/log-files.ts';
import { LogHandles } from '../../store/log-handles.ts';
import { createSlice } from '../../store/log-slice.ts';
import { LogTail, TailMemory } from '../../store/log-tail.ts';
import { fill, findGaps, isPattern, readText, record } from '../conformance/log.ts';
import { createDirectory } from './place.ts';

let directory: Awaited<ReturnType<typeof createDirectory>>;
let logs: LogFiles;

const mebibyte = 1024 * 1024;
const many = Array.from({ length: 12 }, (_, n): AttemptId => `J${n + 1}.1`);

beforeEach(async () => {
  directory = await createDirectory();
  logs = await openLogFiles(directory.path, { bytesMax: 4 * mebibyte, handlesMax: 4, idleMax: 3 });
});

afterEach(async () => {
  await logs.close();
  await directory.remove();
});

/** Collects garbage until what is awaited holds, which the test's own time bounds. */
async function collectUntil(holds: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  while (!holds()) {
    collect();
    await turn();
  }
}

async function appendTo(attempt: AttemptId, text: string): Promise<void> {
  const log = await logs.open(attempt);
  await log.append([record(log.end, text)]);
}

describe('log handles', () => {
  test('log handles: however many logs are written in turns, few files stay open', async () => {
    for (const text of ['one ', 'two ', 'three']) {
      for (const attempt of many) await appendTo(attempt, text);
    }
    expect(logs.usage).toMatchObject({ keptCount: 3, openFileCount: 4 });
    for (const attempt of many) {
      expect(await readText(await logs.open(attempt))).toBe('one two three');
    }
    expect(logs.usage).toMatchObject({ keptCount: 3, openFileCount: 4 });
  });

  test('log handles: written all at once, the files over the cap are closed again', async () => {
    await Promise.all(many.map((attempt) => appendTo(attempt, 'x')));
    expect(logs.usage.openFileCount).toBeLessThanOrEqual(4);
    await logs.close();
    expect(logs.usage.openFileCount).toBe(0);
  });

  test('log handles: a log that somebody holds stays the one for its attempt', async () => {
    const held = await logs.open('J1.1');
    await held.append([record(0, 'mine ')]);
    for (const attempt of many.slice(1)) await appendTo(attempt, 'x');
    expect(logs.usage.keptCount).toBe(3);
    const again = await logs.open('J1.1');
    expect(again).toBe(held);
    await again.append([record(5, 'yours')]);
    expect(await readText(held)).toBe('mine yours');
  });

  test('log handles: closing the store also closes logs that it no longer keeps', async () => {
    const held = await logs.open('J1.1');
    for (const attempt of many.slice(1)) await appendTo(attempt, 'x');
    await logs.close();
    await expect(held.append([record(0, 'x')])).rejects.toMatchObject({ code: 'STORE_IO' });
  });

  test('log handles: a removed log leaves no file open, and its name begins anew', async () => {
    await appendTo('J1.1', 'old');
    await logs.remove('J1.1');
    expect(logs.usage.openFileCount).toBe(0);
    await appendTo('J1.1', 'new');
    expect(await readText(await logs.open('J1.1'))).toBe('new');
  });

  test('log handles: a file that cannot be opened does not stay in their way', async () => {
    const handles = new LogHandles(2);
    const path = join(directory.path, 'x');
    const use = () => handles.use({ path, mode: 'existing' }, async () => 'used');
    await expect(use()).rejects.toThrow('ENOENT');
    await writeFile(path, '');
    expect(await use()).toBe('used');
    await handles.close();
    expect(handles.openCount).toBe(0);
  });

  test('log handles: a file forgotten in the middle of its use is closed after it', async () => {
    const handles = new LogHandles(2);
    const file = { path: join(directory.path, 'x'), mode: 'new' } as const;
    await handles.use(file, async (handle) => {
      await handles.forget(file.path);
      await handle.write('still open');
    });
    expect(handles.openCount).toBe(0);
  });
});

describe('log tail', () => {
  test('log tail: what was just written comes from memory, cut anywhere, like from the files', async () => {
    const log = await logs.open('J1.1');
    await fill(log, { bytes: 2 * mebibyte, recordBytes: 50_000 });
    const inTail = 2 * mebibyte - 500_000;
    for (const from of [inTail, inTail + 1, 2 * mebibyte - 1]) {
      const { records, next } = await log.read(from, 70_000);
      expect(records[0]?.offset).toBe(from);
      expect(records.every(isPattern)).toBe(true);
      expect(next).toBe(Math.min(from + 70_000, 2 * mebibyte));
    }
  });

  test('log tail: what a cap dropped from the middle is not given from memory either', async () => {
    const small = await openLogFiles(join(directory.path, 'small'), { bytesMax: 64 * 1024 });
    const log = await small.open('J1.1');
    await fill(log, { bytes: 512 * 1024, recordBytes: 700 });
    const fromMemory = await log.read(0, mebibyte);
    const tail = await log.read(log.end - 20_000, mebibyte);
    await small.close();
    const again = await openLogFiles(join(directory.path, 'small'), { bytesMax: 64 * 1024 });
    const fromFiles = await (await again.open('J1.1')).read(0, mebibyte);
    await again.close();
    expect(findGaps(fromMemory.records)).toEqual(findGaps(fromFiles.records));
    expect(tail.records.every(isPattern)).toBe(true);
  });

  test('log tail: one log and all together stay within their caps', async () => {
    const wide = await openLogFiles(join(directory.path, 'wide'), { bytesMax: 4 * mebibyte });
    await fill(await wide.open('J1.1'), { bytes: 3 * mebibyte, recordBytes: 64 * 1024 });
    expect(wide.usage.tailBytes).toBeLessThanOrEqual(logTailBytesMax);
    for (const attempt of many) {
      await fill(await wide.open(attempt), { bytes: mebibyte, recordBytes: 64 * 1024 });
    }
    expect(wide.usage.tailBytes).toBeLessThanOrEqual(logTailsBytesMax);
    for (const attempt of many) {
      const { records } = await (await wide.open(attempt)).read(0, 4 * mebibyte);
      expect(records.every(isPattern)).toBe(true);
    }
    await wide.close();
    expect(wide.usage.tailBytes).toBe(0);
  });

  test('log tail: of a log that nobody holds any more nothing stays in memory', async () => {
    for (const attempt of many) await appendTo(attempt, 'x'.repeat(1000));
    expect(logs.usage.keptCount).toBe(3);
    await collectUntil(() => logs.usage.tailBytes === 3 * 1256);
    for (const attempt of many) {
      expect(await readText(await logs.open(attempt))).toBe('x'.repeat(1000));
    }
  });

  test('log tail: a small piece does not keep the large buffer that it was cut from', () => {
    const tail = new LogTail(new TailMemory({ tailBytesMax: 1000, totalBytesMax: 1000 }));
    const large = new Uint8Array(100_000);
    tail.append([{ ...record(0, ''), bytes: large.subarray(10, 20) }]);
    const slice = createSlice(0, 100);
    expect(tail.read(slice)).toBe(true);
    expect(slice.finish(10).records[0]?.bytes.buffer.byteLength).toBe(10);
  });
});
