/*
 * Logs in files: the contract, and what files suffer: torn tails, damage, full disks, size.
 *
 * Damage is made by writing into the files; a full disk by a limit on the size of files.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Log, LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { LogHandles } from '../../store/log-handles.ts';
import { LogRoom } from '../../store/log-room.ts';
import {
  describeLogStore,
  fill,
  findGaps,
  isPattern,
  type LogPlace,
  readText,
  record,
} from '../conformance/log.ts';
import { describeLogBack } from '../conformance/log-back.ts';
import { describeLogGaps } from '../conformance/log-gaps.ts';
import { createDirectory } from './place.ts';

describeLogStore('files', openPlace);
describeLogBack('files', openPlace);
describeLogGaps('files', openPlace);

async function openPlace(): Promise<LogPlace> {
  const directory = await createDirectory();
  return {
    open: (bytesMax) => openLogFiles(join(directory.path, 'logs'), { bytesMax }),
    dispose: directory.remove,
  };
}

const mebibyte = 1024 * 1024;

describe('log files', () => {
  let directory: Awaited<ReturnType<typeof createDirectory>>;
  let logs: LogStore;
  let log: Log;
  let path: string;

  beforeEach(async () => {
    directory = await createDirectory();
    logs = await openLogFiles(directory.path, { bytesMax: 4 * mebibyte });
    log = await logs.open('J1.1');
    path = join(directory.path, 'J1.1');
  });

  afterEach(async () => {
    await logs.close();
    await directory.remove();
  });

  async function reopen(): Promise<void> {
    await logs.close();
    logs = await openLogFiles(directory.path, { bytesMax: 4 * mebibyte });
    log = await logs.open('J1.1');
  }

  it('torn tail: cut at any byte, the whole records before it are kept and the log goes on', async () => {
    await log.append([record(0, 'first '), record(6, 'second '), record(13, 'third')]);
    await logs.close();
    const file = join(path, '0000000000000000.log');
    const whole = await readFile(file);
    const ends = [0, 27, 55, 81];
    expect(whole.length).toBe(81);
    for (let size = 0; size <= whole.length; size += 1) {
      await writeFile(file, whole.subarray(0, size));
      await reopen();
      const keptCount = ends.filter((end) => end > 0 && end <= size).length;
      const kept = ['', 'first ', 'first second ', 'first second third'][keptCount] ?? '';
      expect(log.end).toBe(kept.length);
      await log.append([record(log.end, '!')]);
      await reopen();
      expect(await readText(log)).toBe(`${kept}!`);
      await logs.close();
      await rm(path, { recursive: true });
      await mkdir(path);
    }
  });

  it('torn tail: any byte of the last record flipped loses that record and no other', async () => {
    await log.append([record(0, 'first '), record(6, 'second')]);
    await logs.close();
    const file = join(path, '0000000000000000.log');
    const whole = await readFile(file);
    for (let at = 27; at < whole.length; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      await writeFile(file, damaged);
      await reopen();
      expect(await readText(log)).toBe('first ');
      expect(log.end).toBe(6);
    }
  });

  it('torn tail: records behind a damaged one do not come back when the place is written anew', async () => {
    await log.append([record(0, 'first '), record(6, 'second '), record(13, 'third')]);
    await logs.close();
    const file = join(path, '0000000000000000.log');
    const bytes = await readFile(file);
    bytes[50] = (bytes[50] ?? 0) ^ 1;
    await writeFile(file, bytes);
    await reopen();
    await log.append([record(6, 'SECOND ')]);
    await reopen();
    expect(await readText(log)).toBe('first SECOND ');
  });

  it('torn tail: a tail of zeros, as lost power leaves it, is no record', async () => {
    await log.append([record(0, 'first')]);
    await logs.close();
    const file = join(path, '0000000000000000.log');
    await truncate(file, (await stat(file)).size + 4096);
    await reopen();
    expect(log.end).toBe(5);
    await log.append([record(5, ' second')]);
    expect(await readText(log)).toBe('first second');
  });

  it('torn tail: a newest segment without a sound record goes, and the one before ends the log', async () => {
    await fill(log, { bytes: 600_000, recordBytes: 60_000 });
    await logs.close();
    const names = (await readdir(path)).sort();
    expect(names).toHaveLength(2);
    await truncate(join(path, names[1] ?? ''), 10);
    await reopen();
    expect(await readdir(path)).toEqual(names.slice(0, 1));
    expect(log.end).toBe(480_000);
    await fill(log, { bytes: 600_000, recordBytes: 60_000 });
    const { records } = await log.read(0, 4 * mebibyte);
    expect(findGaps(records)).toEqual([]);
    expect(records.every(isPattern)).toBe(true);
  });

  it('damage: a flipped byte in an older segment becomes a gap, and the rest can be read', async () => {
    await fill(log, { bytes: 2 * mebibyte, recordBytes: 60_000 });
    const [, second = '', third = ''] = (await readdir(path)).sort();
    const file = join(path, second);
    const bytes = await readFile(file);
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const { records, next, end } = await log.read(0, 4 * mebibyte);
    const [begin, after] = [second, third].map((name) => Number(name.slice(0, 16)));
    expect(findGaps(records)).toEqual([{ from: (begin ?? 0) + 60_000, to: after }]);
    expect([next, end]).toEqual([2 * mebibyte, 2 * mebibyte]);
  });

  it('damage: a segment that the disk cannot read becomes a gap, and no reader fails at it for ever', async () => {
    await fill(log, { bytes: 3 * mebibyte, recordBytes: 60_000 });
    await reopen();
    const [, second = '', third = ''] = (await readdir(path)).sort();
    const { use } = LogHandles.prototype;
    const spy = vi.spyOn(LogHandles.prototype, 'use').mockImplementation(function (
      this: LogHandles,
      file,
      job,
    ) {
      if (!file.path.endsWith(second)) return use.call(this, file, job);
      return Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' }));
    });
    onTestFinished(() => spy.mockRestore());
    const { records, next } = await log.read(0, 4 * mebibyte);
    const [begin, after] = [second, third].map((name) => Number(name.slice(0, 16)));
    expect(findGaps(records)).toEqual([{ from: begin, to: after }]);
    expect(next).toBe(3 * mebibyte);
  });

  it('gap: a read inside a damaged or dropped stretch reaches the end in a bounded number of reads', async () => {
    await fill(log, { bytes: 12 * mebibyte, recordBytes: 64 * 1024 });
    let from = 0;
    let readCount = 0;
    while (from < log.end) {
      const slice = await log.read(from, 256 * 1024);
      expect(slice.next).toBeGreaterThan(from);
      from = slice.next;
      readCount += 1;
    }
    expect(readCount).toBeLessThanOrEqual(16);
  });

  it('room: a log is read whole through one that is used again, and beside it where it is full', async () => {
    await fill(log, { bytes: 3 * mebibyte, recordBytes: 50_000 });
    await reopen();
    for (const [size, most] of [
      [mebibyte, 1],
      [100_000, 99],
    ] as const) {
      const room = new LogRoom(size);
      const buffers = new Set<ArrayBufferLike>();
      let count = 0;
      for (let from = 0; from < log.end; ) {
        room.clear();
        const { records, next } = await log.read(from, 256 * 1024, room);
        expect(records.every(isPattern)).toBe(true);
        for (const { bytes } of records) {
          buffers.add(bytes.buffer);
          count += bytes.length;
        }
        from = next;
      }
      expect(count).toBe(3 * mebibyte);
      expect(buffers.size).toBeLessThanOrEqual(most);
    }
  });

  it('remove: what a crash left half removed is gone after the next opening', async () => {
    await log.append([record(0, 'abc')]);
    await logs.close();
    await mkdir(join(directory.path, 'J7.1.removed'));
    await writeFile(join(directory.path, 'J7.1.removed', '0000000000000000.log'), 'x');
    await reopen();
    expect(await readdir(directory.path)).toEqual(['J1.1']);
  });

  it('open: a name that is no attempt is a broken invariant, before any path is made of it', async () => {
    const evil = '../evil' as 'J1.1';
    await expect(async () => logs.open(evil)).rejects.toThrow('invariant');
    await expect(async () => logs.remove(evil)).rejects.toThrow('invariant');
  });

  it('append: one the disk refuses is taken back whole and can be tried again', async () => {
    // The limit on file size makes the write fail in its middle, as a full disk does.
    const program = fileURLToPath(new URL('./log-writer.ts', import.meta.url));
    const child = spawn(
      'bash',
      ['-c', 'ulimit -S -f 64; exec "$0" "$1" "$2"', process.execPath, program, path],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    await once(child, 'close');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { step: 'small', code: 'none', end: 1000 },
      { step: 'too large', code: 'STORE_IO', end: 1000 },
      { step: 'file', size: 1021 },
      { step: 'read', bytes: 1000 },
      { step: 'small again', code: 'none', end: 2000 },
      { step: 'read', bytes: 2000 },
      { step: 'reopened', bytes: 2000, end: 2000 },
    ]);
  });

  it('append: one that fails in its second segment takes the first one back too', async () => {
    await fill(log, { bytes: 500_000, recordBytes: 50_000 });
    const before = await readdir(path);
    const size = 1_200_000;
    const large = {
      offset: 500_000,
      stream: 'stdout',
      at: 0,
      bytes: new Uint8Array(size),
    } as const;
    // A link that leads nowhere stands where the third segment is to be: it cannot be written.
    const third = join(path, `${String(500_000 + 16 * 65_536).padStart(16, '0')}.log`);
    await symlink(join(path, 'nowhere', 'x'), third);
    await expect(log.append([large])).rejects.toMatchObject({ code: 'STORE_IO' });
    expect(log.end).toBe(500_000);
    expect(await readdir(path)).toEqual(before);
    await log.append([large]);
    await reopen();
    expect(log.end).toBe(500_000 + size);
    expect(findGaps((await log.read(0, 4 * mebibyte)).records)).toEqual([]);
  });

  it('size: 200 MB through a cap of 4 MiB keep head and tail, with flat memory and disk', async () => {
    const total = 200_000_000;
    const chunk = new Uint8Array(256 * 1024).fill(120);
    let bufferBytesMax = 0;
    for (let end = 0; end < total; end = log.end) {
      const bytes = chunk.subarray(0, Math.min(chunk.length, total - end));
      await log.append([{ offset: end, stream: 'stdout', at: 0, bytes }]);
      bufferBytesMax = Math.max(bufferBytesMax, process.memoryUsage().arrayBuffers);
    }
    await log.sync();
    const sizes = await Promise.all(
      (await readdir(path)).map(async (name) => (await stat(join(path, name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(4.1 * mebibyte);
    expect(bufferBytesMax).toBeLessThan(100 * mebibyte);
    const { records } = await log.read(0, 8 * mebibyte);
    expect(findGaps(records)).toHaveLength(1);
    expect(log.end).toBe(total);
  });

  it('size: single bytes take no more than about twice the cap on the disk', async () => {
    const line = Uint8Array.of(10);
    const small = await openLogFiles(join(directory.path, 'small'), { bytesMax: 8192 });
    const bytes = await small.open('J1.1');
    const records = Array.from({ length: 4000 }, (_, offset) => ({
      offset,
      stream: 'stdout' as const,
      at: 0,
      bytes: line,
    }));
    await bytes.append(records);
    const folder = join(directory.path, 'small', 'J1.1');
    const sizes = await Promise.all(
      (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2 * 8192 + 1024);
    await small.close();
  });

  it('read: a slice of a full log is right at any offset, also after a reopen', async () => {
    const from = { bytesMax: 64 * mebibyte };
    let large = await openLogFiles(join(directory.path, 'large'), from);
    await fill(await large.open('J1.1'), { bytes: 16 * mebibyte, recordBytes: 60_000 });
    for (let opening = 0; opening < 2; opening += 1) {
      const full = await large.open('J1.1');
      for (let n = 0; n < 100; n += 1) {
        const offset = (n * 7_654_321) % (16 * mebibyte - 1000);
        const slice = await full.read(offset, 1000);
        expect(slice.records[0]?.offset).toBe(offset);
        expect(slice.records.every(isPattern)).toBe(true);
        expect(slice).toMatchObject({ next: offset + 1000, end: 16 * mebibyte });
      }
      await large.close();
      large = await openLogFiles(join(directory.path, 'large'), from);
    }
    await large.close();
  });

  it.runIf(process.platform === 'linux')(
    'read: a small slice of a large log reads a small part of its files',
    async () => {
      await fill(log, { bytes: 4 * mebibyte, recordBytes: 60_000 });
      await reopen();
      for (let offset = 0; offset < 4 * mebibyte; offset += 500_000) await log.read(offset, 1);
      const before = await countReadBytes();
      for (let n = 0; n < 100; n += 1) await log.read((n * 41_000) % (4 * mebibyte), 1000);
      expect((await countReadBytes()) - before).toBeLessThan(100 * 140 * 1024);
    },
  );
});

/** Bytes that this process has read from files, cached or not. Source: proc(5), `rchar`. */
async function countReadBytes(): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}
