/*
 * Damage in a log's files: sound records behind it are kept beside the log, and what is missing is told from what was dropped.
 */
import {
  type FileHandle,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { Log, LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { LogHandles } from '../../store/log-handles.ts';
import { fill, findGaps, readText, record } from '../conformance/log.ts';
import { type LogHome, makeLogHome } from './opened-log.ts';

const mebibyte = 1024 * 1024;
const bytesMax = 4 * mebibyte;

let place: LogHome;
let logs: LogStore;
let log: Log;
let path: string;

beforeEach(async () => {
  place = await makeLogHome(bytesMax);
  path = place.path;
  ({ logs, log } = await place.open());
});

afterEach(async () => {
  await logs.close();
  await place.remove();
});

async function reopen(): Promise<void> {
  await logs.close();
  ({ logs, log } = await place.open());
}

async function listSegments(): Promise<readonly string[]> {
  return (await readdir(path)).filter((name) => name.endsWith('.log')).sort();
}

async function flip(name: string, at: number): Promise<Buffer> {
  const file = join(path, name);
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
  return bytes;
}

async function explainGaps(): Promise<readonly string[]> {
  const { records } = await log.read(0, 100 * mebibyte);
  const first = records[0]?.offset ?? 0;
  const gaps = [...(first > 0 ? [{ from: 0, to: first }] : []), ...findGaps(records)];
  return Promise.all(gaps.map(({ from, to }) => log.explainGap({ from, to })));
}

it.each([
  ['payload', 50],
  ['length', 27 + 15],
])('damage: a segment that is cut before sound records is kept as it was (%s)', async (_, at) => {
  await log.append([record(0, 'first '), record(6, 'second '), record(13, 'third')]);
  await logs.close();
  const damaged = await flip('0000000000000000.log', at);
  await reopen();
  expect(await readText(log)).toBe('first ');
  expect(await readFile(join(path, '0000000000000000.log.damaged'))).toEqual(damaged);
  await log.append([record(6, 'SECOND ')]);
  await reopen();
  expect(await readText(log)).toBe('first SECOND ');
  expect(await readdir(path)).toHaveLength(2);
});

it('damage: what is cut once more is kept beside what was', async () => {
  for (const name of ['0000000000000000.log.damaged', '0000000000000000.log.damaged-2']) {
    await log.append([
      record(log.end, 'one'),
      record(log.end + 3, 'two'),
      record(log.end + 6, 'x'),
    ]);
    await logs.close();
    const damaged = await flip('0000000000000000.log', 26);
    await reopen();
    expect(await readFile(join(path, name))).toEqual(damaged);
    expect(log.end).toBe(3);
  }
});

it('damage: what is kept takes no name that another has', async () => {
  await log.append([record(0, 'one'), record(3, 'two'), record(6, 'x')]);
  await logs.close();
  const older = join(path, '0000000000000000.log.damaged-2');
  await writeFile(older, 'older');
  for (const kept of ['.damaged', '.damaged-3']) {
    const damaged = await flip('0000000000000000.log', 26);
    await reopen();
    expect(await readFile(join(path, `0000000000000000.log${kept}`))).toEqual(damaged);
    await log.append([record(3, 'two'), record(6, 'x')]);
    await logs.close();
  }
  expect(await readFile(older, 'utf8')).toBe('older');
});

it('damage: a log that is cut where no copy can be made ends there, and its file stays as it is', async () => {
  await log.append([record(0, 'first '), record(6, 'second '), record(13, 'third')]);
  await logs.close();
  const file = join(path, '0000000000000000.log');
  const damaged = await flip('0000000000000000.log', 50);
  // A directory in the place of the copy, for a disk that is full.
  await mkdir(`${file}.new`);
  logs = await openLogFiles(place.home, { bytesMax });
  await expect(logs.open('J1.1')).rejects.toMatchObject({ code: 'STORE_IO' });
  log = await logs.cut('J1.1');
  expect([await log.sync(), await readText(log)]).toEqual([6, 'first ']);
  expect(await readFile(file)).toEqual(damaged);
  await rm(`${file}.new`, { recursive: true });
  await reopen();
  expect([log.end, await readText(log)]).toEqual([6, 'first ']);
  expect(await readFile(`${file}.damaged`)).toEqual(damaged);
});

it('damage: a newest segment whose first record is damaged is moved beside the log', async () => {
  await fill(log, { bytes: 600_000, recordBytes: 60_000 });
  await logs.close();
  const [first = '', second = ''] = await listSegments();
  const damaged = await flip(second, 100);
  await reopen();
  expect((await readdir(path)).sort()).toEqual([first, `${second}.damaged`]);
  expect(await readFile(join(path, `${second}.damaged`))).toEqual(damaged);
  expect(log.end).toBe(480_000);
});

it('damage: a torn tail is cut and nothing of it is kept', async () => {
  await log.append([record(0, 'first '), record(6, 'second')]);
  await logs.close();
  const file = join(path, '0000000000000000.log');
  await truncate(file, (await stat(file)).size - 1);
  await reopen();
  expect(log.end).toBe(6);
  await truncate(file, 27 + 4096);
  await reopen();
  expect(log.end).toBe(6);
  expect(await readdir(path)).toEqual(['0000000000000000.log']);
});

it('damage: what was kept goes with its log', async () => {
  await log.append([record(0, 'first '), record(6, 'second')]);
  await logs.close();
  await flip('0000000000000000.log', 22);
  await reopen();
  expect(await readdir(path)).toEqual(['0000000000000000.log.damaged']);
  await logs.remove('J1.1');
  expect(await readdir(place.home)).toEqual([]);
});

it('gap: behind damage in an older segment it is lost', async () => {
  await fill(log, { bytes: 2 * mebibyte, recordBytes: 60_000 });
  await flip((await listSegments())[1] ?? '', 100_000);
  expect(await explainGaps()).toEqual(['lost']);
  await reopen();
  expect(await explainGaps()).toEqual(['lost']);
});

it.each([0, 1, 2])('gap: where segment %i is gone it is lost', async (index) => {
  await fill(log, { bytes: 2 * mebibyte, recordBytes: 60_000 });
  await logs.close();
  await rm(join(path, (await listSegments())[index] ?? ''));
  await reopen();
  expect(await explainGaps()).toEqual(['lost']);
});

it('gap: at the end, where the newest segment was damaged while it was open, it is lost', async () => {
  await fill(log, { bytes: 600_000, recordBytes: 60_000 });
  await reopen();
  await flip((await listSegments())[1] ?? '', 70_000);
  expect(await log.explainGap({ from: 540_000, to: 600_000 })).toBe('lost');
});

it('gap: what a full log dropped is dropped, what it lost beside that is lost', async () => {
  await fill(log, { bytes: 12 * mebibyte, recordBytes: 64 * 1024 });
  expect(await explainGaps()).toEqual(['dropped']);
  await reopen();
  expect(await explainGaps()).toEqual(['dropped']);
  const names = await listSegments();
  await flip(names[1] ?? '', 100_000);
  await flip(names[6] ?? '', 100_000);
  expect(await explainGaps()).toEqual(['lost', 'dropped', 'lost']);
});

it('gap: with which a segment begins it is dropped', async () => {
  await fill(log, { bytes: 480_000, recordBytes: 60_000 });
  await log.append([record(500_000, 'x'.repeat(60_000)), record(600_000, 'y')]);
  expect(await listSegments()).toHaveLength(2);
  await reopen();
  expect(await explainGaps()).toEqual(['dropped', 'dropped']);
});

it('gap: it is looked for from the mark before it, not from the beginning of its segment', async () => {
  await logs.close();
  logs = await openLogFiles(place.home, { bytesMax: 64 * mebibyte });
  log = await logs.open('J1.1');
  await fill(log, { bytes: 1_700_000, recordBytes: 50_000 });
  await log.append([record(log.end + 100, 'x')]);
  expect(await listSegments()).toHaveLength(1);
  const reads = watchReads();
  expect(await log.explainGap({ from: 1_700_000, to: 1_700_100 })).toBe('dropped');
  expect(reads.length).toBeGreaterThan(0);
  expect(Math.min(...reads)).toBeGreaterThan(1_500_000);
});

/** From which positions files are read from now on. */
function watchReads(): readonly number[] {
  const positions: number[] = [];
  const { use } = LogHandles.prototype;
  const spy = vi.spyOn(LogHandles.prototype, 'use').mockImplementation(function (
    this: LogHandles,
    file,
    job,
  ) {
    return use.call(this, file, (handle) => {
      const read = (...args: readonly [Buffer, number, number, number]) => {
        positions.push(args[3]);
        return handle.read(...args);
      };
      return job({ read } as FileHandle);
    });
  });
  onTestFinished(() => spy.mockRestore());
  return positions;
}
