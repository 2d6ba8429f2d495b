/*
 * The archive: lines that are on the disk before their rows go, none missing and none twice.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Archive, type ArchivePort } from '../../store/archive.ts';
import { openArchiveFiles } from '../../store/archive-files.ts';
import { MemoryArchive } from '../../store/archive-memory.ts';
import type { Kv } from '../../store/kv.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { createDirectory } from './place.ts';

const november = Date.UTC(2026, 10, 25);
const december = Date.UTC(2026, 11, 1);

interface Place {
  readonly port: ArchivePort;
  readonly read: (file: string) => Promise<Uint8Array>;
  readonly drop: (file: string) => Promise<void>;
}

let remove: () => Promise<void> = async () => undefined;
afterEach(() => remove());

const implementations: Readonly<Record<string, () => Promise<Place>>> = {
  files: async () => {
    const directory = await createDirectory();
    remove = directory.remove;
    const folder = join(directory.path, 'archive');
    return {
      port: openArchiveFiles(folder),
      read: (file) => readFile(join(folder, file)),
      drop: (file) => rm(join(folder, file)),
    };
  },
  memory: async () => {
    const port = new MemoryArchive();
    return {
      port,
      read: async (file) => port.files.get(file) ?? new Uint8Array(),
      drop: async (file) => void port.files.delete(file),
    };
  },
};

describe.each(Object.entries(implementations))('archive in %s', (_name, open) => {
  let place: Place;
  let kv: Kv;
  let archive: Archive;

  beforeEach(async () => {
    place = await open();
    kv = await openMemoryKv(instantDisk());
    archive = new Archive(kv, place.port);
  });

  async function lines(file = '2026-11.jsonl.gz'): Promise<readonly unknown[]> {
    const text = gunzipSync(await place.read(file)).toString();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  async function exportAll(values: readonly unknown[], at = november): Promise<void> {
    await kv.batch([await archive.export(values, at)], 'synced');
  }

  test('archive: exports of one month are one file, in their order', async () => {
    await exportAll([{ n: 1 }, { n: 2 }]);
    await exportAll([{ n: 3 }]);
    expect(await lines()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('archive: another month is another file', async () => {
    await exportAll([{ n: 1 }]);
    await exportAll([{ n: 2 }], december);
    expect(await lines()).toEqual([{ n: 1 }]);
    expect(await lines('2026-12.jsonl.gz')).toEqual([{ n: 2 }]);
  });

  test('archive: what was exported without its batch is cut off and so not there twice', async () => {
    await exportAll([{ n: 1 }]);
    await archive.export([{ n: 2 }], november);
    await exportAll([{ n: 2 }]);
    expect(await lines()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('archive: the very first export, torn in the middle, spoils nothing that follows', async () => {
    await archive.export([{ n: 1 }], november);
    const [file, size] = [
      '2026-11.jsonl.gz',
      await place.port.findSize('2026-11.jsonl.gz'),
    ] as const;
    await place.port.cut(file, size - 5);
    await exportAll([{ n: 1 }]);
    expect(await lines()).toEqual([{ n: 1 }]);
  });

  test('archive: a crash at the turn of the month leaves nothing twice in either file', async () => {
    await exportAll([{ n: 1 }]);
    await archive.export([{ n: 2 }], november);
    await exportAll([{ n: 2 }], december);
    expect(await lines()).toEqual([{ n: 1 }]);
    expect(await lines('2026-12.jsonl.gz')).toEqual([{ n: 2 }]);
  });

  test('archive: a store that does not know how far a file counts leaves it as it is, and begins another', async () => {
    await exportAll([{ n: 1 }]);
    const file = '2026-11.jsonl.gz';
    await place.port.append(file, new Uint8Array([31, 139, 8, 0]));
    const torn = await place.port.findSize(file);
    kv = await openMemoryKv(instantDisk());
    archive = new Archive(kv, place.port);
    await exportAll([{ n: 2 }]);
    await exportAll([{ n: 3 }]);
    expect(await place.port.findSize(file)).toBe(torn);
    expect(await lines('2026-11.2.jsonl.gz')).toEqual([{ n: 2 }, { n: 3 }]);
    await exportAll([{ n: 4 }], december);
    expect(await lines('2026-12.jsonl.gz')).toEqual([{ n: 4 }]);
  });

  test('archive: a file that a person took away is begun again', async () => {
    await exportAll([{ n: 1 }]);
    await place.drop('2026-11.jsonl.gz');
    await exportAll([{ n: 2 }]);
    expect(await lines()).toEqual([{ n: 2 }]);
  });
});

test('archive: files that cannot be written are STORE_IO', async () => {
  const directory = await createDirectory();
  remove = directory.remove;
  const port = openArchiveFiles(join(directory.path, 'file', 'archive'));
  await openArchiveFiles(directory.path).append('file', new Uint8Array([1]));
  await expect(port.append('x', new Uint8Array([1]))).rejects.toMatchObject({ code: 'STORE_IO' });
});
