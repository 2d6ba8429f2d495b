/*
 * Cutting logs that cannot be read to their end: what both kinds do with sound ones, and files that the disk does not give back.
 */
import { type FileHandle, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openLogFiles } from '../../store/log-files.ts';
import { LogHandles } from '../../store/log-handles.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { fill, findGaps, isPattern, readText, record } from '../conformance/log.ts';
import { createDirectory } from './place.ts';

const mebibyte = 1024 * 1024;

test.each(['files', 'memory'] as const)(
  'cut (%s): a log that can be read loses nothing, and whoever had it open has a closed one',
  async (kind) => {
    const directory = await createDirectory();
    onTestFinished(directory.remove);
    const options = { bytesMax: mebibyte };
    const logs =
      kind === 'files'
        ? await openLogFiles(directory.path, options)
        : await openMemoryLogs(instantLogDisk(), options);
    const before = await logs.open('J1.1');
    await before.append([record(0, 'abc')]);
    await before.sync();
    const cut = await logs.cut('J1.1');
    await expect(before.read(0, 1)).rejects.toMatchObject({ code: 'STORE_IO' });
    expect([cut.end, await readText(cut)]).toEqual([3, 'abc']);
    expect(await cut.sync()).toBe(3);
    expect(await logs.open('J1.1')).toBe(cut);
    expect((await logs.cut('J9.1')).end).toBe(0);
    await logs.close();
    await expect(logs.cut('J1.1')).rejects.toMatchObject({ code: 'STORE_IO' });
  },
);

test.each([
  ['in its middle', 100_000, 'EIO'],
  ['from its first byte', 0, 'EIO'],
  ['at all', undefined, 'EACCES'],
])(
  'cut: a newest segment that can not be read %s ends the log there, and what is before it stays',
  async (_where, from, code) => {
    const directory = await createDirectory();
    onTestFinished(directory.remove);
    const open = () => openLogFiles(directory.path, { bytesMax: 4 * mebibyte });
    let logs = await open();
    let log = await logs.open('J1.1');
    await fill(log, { bytes: 3 * mebibyte + 200_000, recordBytes: 30_000 });
    const newest = (await readdir(join(directory.path, 'J1.1'))).sort().at(-1) ?? '';
    const begin = Number(newest.slice(0, 16));
    expect(begin).toBeGreaterThan(0);
    await logs.close();
    logs = await open();
    const mend = breakFile(newest, { from, code });
    await expect(logs.open('J1.1')).rejects.toMatchObject({ code: 'STORE_IO' });
    log = await logs.cut('J1.1');
    await log.sync();
    // Three whole records lie before the bad place, with their headers.
    const end = begin + (from === 100_000 ? 90_000 : 0);
    expect(log.end).toBe(end);
    mend();
    await logs.close();
    logs = await open();
    log = await logs.open('J1.1');
    expect(log.end).toBe(end);
    const { records } = await log.read(0, 4 * mebibyte);
    expect(findGaps(records)).toEqual([]);
    expect(records.every(isPattern)).toBe(true);
    await logs.close();
  },
);

interface Break {
  /** The first byte that the disk does not give; where absent the file cannot even be opened. */
  readonly from: number | undefined;
  readonly code: string;
}

/** From now on the disk does not give back this file, until the function that comes back is called. */
function breakFile(name: string, { from, code }: Break): () => void {
  const { use } = LogHandles.prototype;
  const refuse = () => Promise.reject(Object.assign(new Error('not to be read'), { code }));
  const spy = vi.spyOn(LogHandles.prototype, 'use').mockImplementation(function (
    this: LogHandles,
    file,
    job,
  ) {
    if (!file.path.endsWith(name)) return use.call(this, file, job);
    if (from === undefined) return refuse();
    return use.call(this, file, (handle) => job(breakHandle(handle, from, refuse)));
  });
  onTestFinished(() => spy.mockRestore());
  return () => spy.mockRestore();
}

function breakHandle(handle: FileHandle, from: number, refuse: () => Promise<never>): FileHandle {
  const read = (...[window, at, bytes, place]: readonly [Buffer, number, number, number]) =>
    place >= from ? refuse() : handle.read(window, at, Math.min(bytes, from - place), place);
  const datasync = () => handle.datasync();
  return { read, datasync } as FileHandle;
}
