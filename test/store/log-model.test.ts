/*
 * Both logs against a model that is a list of records: whatever is appended, skipped, read, opened again
 * or cut off by a crash, what was synced is there, in order, and what is read is what was written.
 *
 * A crash of the log in memory is its disk's own. In files a history only closes and opens again, and
 * torn segments have a test of their own.
 */
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Log, LogRecord, LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { createDirectory } from './place.ts';

const attempt = 'J1.1';
/** Far above what a history writes, so that nothing is dropped for the cap. */
const bytesMax = 4 * 1024 * 1024;

/** Where logs live, and how they lose power. */
interface Ground {
  open(): Promise<LogStore>;
  /** Ends the present store without a word; `pick` chooses what is lost. */
  crash(store: LogStore, pick: number): Promise<void>;
  dispose(): Promise<void>;
}

interface Act {
  readonly does: 'append' | 'gap' | 'sync' | 'skip' | 'read' | 'reopen' | 'crash';
  readonly pick: number;
}

/** The log as a list, and how much of it is surely on the disk. */
class Model {
  records: LogRecord[] = [];
  end = 0;
  synced: { readonly recordCount: number; readonly end: number } = { recordCount: 0, end: 0 };

  append(record: LogRecord): void {
    this.records.push(record);
    this.end = record.offset + record.bytes.length;
  }

  sync(): void {
    this.synced = { recordCount: this.records.length, end: this.end };
  }

  /** What a crash left must be what was synced and then any prefix of the rest. */
  lose(end: number): void {
    const ends = this.records.map(({ offset, bytes }) => offset + bytes.length);
    const kept = ends.filter((at) => at <= end).length;
    expect(kept).toBeGreaterThanOrEqual(this.synced.recordCount);
    expect([...ends, this.synced.end, 0]).toContain(end);
    this.records = this.records.slice(0, kept);
    this.end = end;
    this.sync();
  }

  /** Every byte from there on, with its offset. */
  listBytes(from: number): readonly string[] {
    return listBytes(this.records).filter((text) => Number(text.split(' ')[0]) >= from);
  }
}

function listBytes(records: readonly LogRecord[]): readonly string[] {
  return records.flatMap(({ offset, stream, at, bytes }) =>
    [...bytes].map((byte, index) => `${offset + index} ${stream} ${at} ${byte}`),
  );
}

async function readFrom(log: Log, from: number, bytesMax: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = from; at < log.end; ) {
    const slice = await log.read(at, bytesMax);
    expect(slice.end).toBe(log.end);
    expect(slice.next).toBeGreaterThan(at);
    found.push(...listBytes(slice.records));
    at = slice.next;
  }
  return found;
}

async function live(ground: Ground, history: readonly Act[]): Promise<void> {
  const model = new Model();
  let store = await ground.open();
  let log = await store.open(attempt);
  for (const { does, pick } of history) {
    if (does === 'append' || does === 'gap') {
      const offset = log.end + (does === 'gap' ? 1 + (pick % 500) : 0);
      const bytes = Uint8Array.from({ length: 1 + (pick % 90) }, (_, at) => (pick + at) % 256);
      const record: LogRecord = {
        offset,
        stream: pick % 3 === 0 ? 'stderr' : 'stdout',
        at: pick,
        bytes,
      };
      await log.append([record]);
      model.append(record);
    }
    if (does === 'sync') {
      await log.sync();
      model.sync();
    }
    if (does === 'skip') {
      await log.skipTo(log.end + (pick % 300));
      model.end = log.end;
      model.sync();
    }
    if (does === 'read') {
      const from = pick % (model.end + 2);
      const bytesMax = 1 + (pick % 200);
      expect(await readFrom(log, from, bytesMax)).toEqual(model.listBytes(from));
      const older = model.listBytes(0).filter((text) => Number(text.split(' ')[0]) < from);
      const back = listBytes(await log.readBack(from, bytesMax));
      expect(back).toEqual(older.slice(-bytesMax));
    }
    if (does === 'reopen') await store.close();
    if (does === 'crash') await ground.crash(store, pick);
    if (does !== 'reopen' && does !== 'crash') {
      expect(log.end).toBe(model.end);
      continue;
    }
    store = await ground.open();
    log = await store.open(attempt);
    if (does === 'crash') model.lose(log.end);
    expect(log.end).toBe(model.end);
  }
  expect(await readFrom(log, 0, 1000)).toEqual(model.listBytes(0));
  await store.close();
}

function openMemoryGround(): Ground {
  const disk = instantLogDisk();
  return {
    open: () => openMemoryLogs(disk, { bytesMax }),
    crash: async () => disk.crash(),
    dispose: async () => undefined,
  };
}

async function openFileGround(): Promise<Ground> {
  const place = await createDirectory();
  return {
    open: () => openLogFiles(place.path, { bytesMax }),
    // A killed process leaves all that it had written.
    crash: async (store) => store.close(),
    dispose: place.remove,
  };
}

const act: fc.Arbitrary<Act> = fc.record({
  does: fc.constantFrom<Act['does']>(
    ...(['append', 'append', 'append', 'gap', 'sync', 'skip', 'read', 'reopen', 'crash'] as const),
  ),
  pick: fc.nat(10_000),
});
const history = fc.array(act, { maxLength: 40 });

test('log in memory: any history of it reads as a list of records would', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (acts) => {
      const ground = openMemoryGround();
      await live(ground, acts);
    }),
    { numRuns: 150 },
  );
});

test('log in files: any history of it reads as a list of records would', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (acts) => {
      const ground = await openFileGround();
      try {
        await live(ground, acts);
      } finally {
        await ground.dispose();
      }
    }),
    { numRuns: 40 },
  );
}, 120_000);

test('log in files: torn at any byte, it comes back with the whole records before the tear', async () => {
  const place = await createDirectory();
  const directory = join(place.path, attempt);
  const open = () => openLogFiles(place.path, { bytesMax });
  const first = await open();
  const log = await first.open(attempt);
  const ends = [0];
  for (let n = 0; n < 6; n += 1) {
    const bytes = new Uint8Array(5 + n).fill(n);
    await log.append([{ offset: log.end, stream: 'stdout', at: n, bytes }]);
    ends.push(log.end);
  }
  await log.sync();
  await first.close();
  const [name = ''] = await readdir(directory);
  const file = join(directory, name);
  const sizeOf = () =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  let tears = 0;
  for (let size = await sizeOf(); size > 0; size = await sizeOf(), tears += 1) {
    await truncate(file, Math.max(0, size - 7));
    const store = await open();
    const torn = await store.open(attempt);
    expect(ends).toContain(torn.end);
    expect(await readFrom(torn, 0, 100)).toHaveLength(torn.end);
    await store.close();
  }
  expect(tears).toBeGreaterThan(ends.length - 2);
  await place.remove();
});
