/*
 * What is to follow one place of a log and no other, in both implementations.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';

const options = { bytesMax: 1024 };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wally-log-after-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const record = (offset: number, text: string) =>
  ({ offset, stream: 'stdout', at: 1, bytes: new TextEncoder().encode(text) }) as const;

test.each<readonly [string, () => Promise<LogStore>]>([
  ['files', () => openLogFiles(directory, options)],
  ['memory', () => openMemoryLogs(instantLogDisk(), options)],
])(
  'log in %s: what is to follow another place than its end is LOG_OFFSET and changes nothing',
  async (_, open) => {
    const logs = await open();
    const log = await logs.open('J1.1');
    await log.append([record(0, 'abc')], 0);
    await expect(log.append([record(6, 'x')], 6)).rejects.toMatchObject({ code: 'LOG_OFFSET' });
    await expect(log.skipTo(9, 6)).rejects.toMatchObject({ code: 'LOG_OFFSET' });
    expect(log.end).toBe(3);
    await log.append([record(5, 'd')], 3);
    await log.skipTo(9, 6);
    expect(log.end).toBe(9);
    await logs.close();
  },
);
