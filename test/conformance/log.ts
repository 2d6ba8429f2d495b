/*
 * What every implementation of the log contract must do.
 *
 * `describeLogStore` is called once per implementation, with a way to open its place again and again.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assert } from '../../protocol/errors.ts';
import type { Log, LogRecord, LogStore } from '../../store/log.ts';

/** One place that logs live in; `bytesMax` is the cap of each log. */
export interface LogPlace {
  open(bytesMax: number): Promise<LogStore>;
  dispose(): Promise<void>;
}

const capBytes = 64 * 1024;

interface Bench {
  place: LogPlace;
  logs: LogStore;
  log: Log;
}

/** Runs the suite against one implementation. */
export function describeLogStore(name: string, createPlace: () => Promise<LogPlace>): void {
  describe(`log contract (${name})`, () => {
    const bench = {} as Bench;

    beforeEach(async () => {
      bench.place = await createPlace();
      bench.logs = await bench.place.open(capBytes);
      bench.log = await bench.logs.open('J1.1');
    });

    afterEach(async () => {
      await bench.logs.close();
      await bench.place.dispose();
    });

    testAppends(bench);
    testGaps(bench);
    testReads(bench);
    testSkips(bench);
    testCap(bench);
    testCapLater(bench);
    testStore(bench);
    testEnds(bench);
  });
}

async function reopen(bench: Bench): Promise<void> {
  await bench.logs.close();
  bench.logs = await bench.place.open(capBytes);
  bench.log = await bench.logs.open('J1.1');
}

function testAppends(bench: Bench): void {
  it('append: records come back with their stream, instant, offset and bytes', async () => {
    const out = record(0, 'hello ', { at: 1_700_000_000_123 });
    const err = record(6, 'wörld', { stream: 'stderr', at: 1_700_000_000_124 });
    await bench.log.append([out, err]);
    expect(bench.log.end).toBe(12);
    expect(await bench.log.read(0, 100)).toEqual({ records: [out, err], next: 12, end: 12 });
  });

  it('append: concurrent calls keep their order', async () => {
    await Promise.all(numbered(40).map((each) => bench.log.append([each])));
    expect(await readText(bench.log)).toBe(numbered(40).map(textOf).join(''));
  });

  it('append: a record before the end is LOG_OFFSET and changes nothing', async () => {
    await bench.log.append([record(0, 'abc')]);
    const early = bench.log.append([record(2, 'x')]);
    await expect(early).rejects.toMatchObject({ code: 'LOG_OFFSET' });
    const overlapping = bench.log.append([record(3, 'def'), record(5, 'x')]);
    await expect(overlapping).rejects.toMatchObject({ code: 'LOG_OFFSET' });
    expect(bench.log.end).toBe(3);
    expect(await readText(bench.log)).toBe('abc');
    await bench.log.append([record(3, 'd')]);
    expect(await readText(bench.log)).toBe('abcd');
  });

  it('append: empty records and empty appends change nothing', async () => {
    await bench.log.append([]);
    await bench.log.append([record(0, ''), record(0, 'abc'), record(3, '')]);
    expect(bench.log.end).toBe(3);
    expect(await bench.log.read(0, 10)).toMatchObject({ records: [record(0, 'abc')], next: 3 });
  });

  it('append: a record larger than any block comes back whole, in pieces', async () => {
    const large = 'x'.repeat(40_000);
    await bench.log.append([record(0, large, { stream: 'stderr', at: 5 })]);
    const slice = await bench.log.read(0, 100_000);
    expect(slice.records.map(textOf).join('')).toBe(large);
    expect(new Set(slice.records.map(({ stream, at }) => `${stream} ${at}`))).toEqual(
      new Set(['stderr 5']),
    );
  });
}

function testGaps(bench: Bench): void {
  it('append: a record after the end leaves a gap that reads jump over', async () => {
    await bench.log.append([record(0, 'abc'), record(10, 'def')]);
    expect(bench.log.end).toBe(13);
    expect(await offsets(bench.log, 0)).toEqual([0, 10]);
    expect(await offsets(bench.log, 3)).toEqual([10]);
    expect(await offsets(bench.log, 7)).toEqual([10]);
    expect(await offsets(bench.log, 11)).toEqual([11]);
  });

  it('append: a log may begin with a gap', async () => {
    await bench.log.append([record(1000, 'abc')]);
    expect(await bench.log.read(0, 10)).toMatchObject({ records: [{ offset: 1000 }], next: 1003 });
    await reopen(bench);
    expect(bench.log.end).toBe(1003);
    expect(await offsets(bench.log, 0)).toEqual([1000]);
  });
}

function testReads(bench: Bench): void {
  it('read: an empty log has no records, and its next is its end', async () => {
    expect(await bench.log.read(0, 10)).toEqual({ records: [], next: 0, end: 0 });
  });

  it('read: cuts the first and the last record to fit', async () => {
    await bench.log.append([record(0, 'abcd'), record(4, 'efgh')]);
    const slice = await bench.log.read(2, 4);
    expect(slice.records).toEqual([record(2, 'cd'), record(4, 'ef')]);
    expect(slice).toMatchObject({ next: 6, end: 8 });
  });

  it('read: goes on to the end without losing or doubling a byte, a byte at a time', async () => {
    await bench.log.append(numbered(20));
    let all = '';
    let from = 0;
    while (from < bench.log.end) {
      const slice = await bench.log.read(from, 1);
      all += slice.records.map(textOf).join('');
      from = slice.next;
    }
    expect(all).toBe(numbered(20).map(textOf).join(''));
  });

  it('read: at or beyond the end there is nothing, and next is the end', async () => {
    await bench.log.append([record(0, 'abc')]);
    expect(await bench.log.read(3, 10)).toEqual({ records: [], next: 3, end: 3 });
    expect(await bench.log.read(99, 10)).toEqual({ records: [], next: 3, end: 3 });
  });
}

function testSkips(bench: Bench): void {
  it('skipTo: the end moves without bytes, and a reader gets there', async () => {
    await bench.log.append([record(0, 'abc')]);
    await bench.log.skipTo(50);
    expect(bench.log.end).toBe(50);
    expect(await bench.log.read(0, 3)).toMatchObject({
      records: [record(0, 'abc')],
      next: 50,
      end: 50,
    });
    expect(await bench.log.read(0, 2)).toMatchObject({ next: 2, end: 50 });
    expect(await bench.log.read(20, 10)).toEqual({ records: [], next: 50, end: 50 });
    await bench.log.append([record(50, 'def')]);
    expect(await offsets(bench.log, 0)).toEqual([0, 50]);
  });

  it('skipTo: to the present end does nothing, back is LOG_OFFSET', async () => {
    await bench.log.append([record(0, 'abc')]);
    await bench.log.skipTo(3);
    await expect(bench.log.skipTo(2)).rejects.toMatchObject({ code: 'LOG_OFFSET' });
    expect(await bench.log.read(0, 10)).toMatchObject({
      records: [record(0, 'abc')],
      next: 3,
      end: 3,
    });
  });

  it('skipTo: survives a reopen, also on a log without a byte', async () => {
    await bench.log.skipTo(77);
    await reopen(bench);
    expect(bench.log.end).toBe(77);
    await bench.log.append([record(77, 'abc')]);
    expect(await offsets(bench.log, 0)).toEqual([77]);
  });
}

function testCap(bench: Bench): void {
  it('cap: a log of exactly its cap is kept whole, also across a reopen', async () => {
    await fill(bench.log, { bytes: capBytes - 1000, recordBytes: 1000 });
    await reopen(bench);
    await fill(bench.log, { bytes: 1000, recordBytes: 1000 });
    expect(await countKept(bench.log)).toBe(capBytes);
    await reopen(bench);
    expect(await countKept(bench.log)).toBe(capBytes);
    await fill(bench.log, { bytes: 1, recordBytes: 1 });
    expect(await countKept(bench.log)).toBeLessThan(capBytes);
  });

  it('cap: a log over its cap keeps head and tail and drops its middle', async () => {
    await fill(bench.log, { bytes: 10 * capBytes, recordBytes: 700 });
    const { records, end } = await bench.log.read(0, 20 * capBytes);
    const kept = records.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(end).toBe(10 * capBytes);
    expect(kept).toBeLessThanOrEqual(capBytes);
    expect(kept).toBeGreaterThan((capBytes * 3) / 4);
    const gaps = findGaps(records);
    expect(gaps).toHaveLength(1);
    expect(records[0]?.offset).toBe(0);
    expect(gaps[0]?.from).toBeGreaterThanOrEqual((capBytes * 3) / 8 - 700);
    expect(gaps[0]?.from).toBeLessThanOrEqual(capBytes / 2);
    expect(end - (gaps[0]?.to ?? 0)).toBeGreaterThanOrEqual((capBytes * 3) / 8 - 700);
    expect(records.every(isPattern)).toBe(true);
  });

  it('cap: a read from a dropped offset begins after the gap', async () => {
    await fill(bench.log, { bytes: 10 * capBytes, recordBytes: 700 });
    const [gap] = findGaps((await bench.log.read(0, 20 * capBytes)).records);
    const middle = Math.floor(((gap?.from ?? 0) + (gap?.to ?? 0)) / 2);
    expect((await bench.log.read(middle, 10)).records[0]?.offset).toBe(gap?.to);
    expect(
      (await bench.log.read((gap?.from ?? 0) - 1, 10)).records.map(({ offset }) => offset),
    ).toEqual([(gap?.from ?? 0) - 1, gap?.to]);
  });
}

function testCapLater(bench: Bench): void {
  it('cap: a capped log goes on after a reopen, within its cap', async () => {
    await fill(bench.log, { bytes: 4 * capBytes, recordBytes: 700 });
    await reopen(bench);
    expect(bench.log.end).toBe(4 * capBytes);
    await fill(bench.log, { bytes: 4 * capBytes, recordBytes: 700 });
    const { records, end } = await bench.log.read(0, 20 * capBytes);
    expect(end).toBe(8 * capBytes);
    expect(records.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(capBytes);
    expect(records.every(isPattern)).toBe(true);
  });

  it('cap: a copy of a capped log, cut differently, has the same bytes and gaps', async () => {
    await fill(bench.log, { bytes: 5 * capBytes, recordBytes: 333 });
    const copy = await bench.logs.open('J1.2');
    while (copy.end < bench.log.end) {
      const slice = await bench.log.read(copy.end, 5000);
      await copy.append(slice.records);
      if (slice.next > copy.end) await copy.skipTo(slice.next);
    }
    const [mine, theirs] = [await bench.log.read(0, 1e9), await copy.read(0, 1e9)];
    expect(copy.end).toBe(bench.log.end);
    expect(findGaps(theirs.records)).toEqual(findGaps(mine.records));
    expect(theirs.records.map(textOf).join('')).toBe(mine.records.map(textOf).join(''));
  });
}

function testStore(bench: Bench): void {
  it('open: gives the same log while it is open', async () => {
    const [first, second] = await Promise.all([bench.logs.open('J2.1'), bench.logs.open('J2.1')]);
    expect(first).toBe(second);
    expect(await bench.logs.open('J1.1')).toBe(bench.log);
    expect(first).not.toBe(bench.log);
  });

  it('open: two logs do not mix', async () => {
    const other = await bench.logs.open('J1.2');
    await Promise.all([bench.log.append([record(0, 'mine')]), other.append([record(0, 'other')])]);
    expect(await readText(bench.log)).toBe('mine');
    expect(await readText(other)).toBe('other');
  });

  it('open: appended records and the end are there after a reopen', async () => {
    await bench.log.append(numbered(100));
    await bench.log.sync();
    await reopen(bench);
    expect(await readText(bench.log)).toBe(numbered(100).map(textOf).join(''));
    await bench.log.append([record(bench.log.end, 'more')]);
    expect(await readText(bench.log)).toMatch(/more$/);
  });

  it('sync: appends go on while it runs, and what was asked for before it is there after a reopen', async () => {
    void bench.log.append([record(0, 'one ')]);
    const synced = bench.log.sync();
    await bench.log.append([record(4, 'two ')]);
    expect([await synced, await bench.log.sync()]).toEqual([4, 8]);
    await reopen(bench);
    expect(await readText(bench.log)).toBe('one two ');
  });

  it('list: gives every log written to in the order of jobs and attempts, with none removed', async () => {
    await bench.log.append([record(0, 'x')]);
    for (const id of ['J10.1', 'J2.10', 'J2.9'] as const) {
      await (await bench.logs.open(id)).append([record(0, 'x')]);
    }
    expect(await bench.logs.list()).toEqual(['J1.1', 'J2.9', 'J2.10', 'J10.1']);
    await bench.logs.remove('J2.9');
    await bench.logs.remove('J99.1');
    expect(await bench.logs.list()).toEqual(['J1.1', 'J2.10', 'J10.1']);
    for (const id of ['J10.1', 'J2.10'] as const) await (await bench.logs.open(id)).sync();
    await bench.log.sync();
    await reopen(bench);
    expect(await bench.logs.list()).toEqual(['J1.1', 'J2.10', 'J10.1']);
  });
}

function testEnds(bench: Bench): void {
  it('remove: the log is gone, its old object is STORE_IO, a new one begins empty', async () => {
    await bench.log.append([record(0, 'abc')]);
    await bench.logs.remove('J1.1');
    await expect(bench.log.append([record(3, 'x')])).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(bench.log.read(0, 1)).rejects.toMatchObject({ code: 'STORE_IO' });
    const fresh = await bench.logs.open('J1.1');
    expect(fresh.end).toBe(0);
    expect(await readText(fresh)).toBe('');
  });

  it('close: waits for appends under way; every later call is STORE_IO; may be repeated', async () => {
    const writing = Promise.all(numbered(20).map((each) => bench.log.append([each])));
    await Promise.all([bench.logs.close(), bench.logs.close()]);
    await expect(writing).resolves.toBeDefined();
    await expect(bench.log.append([record(bench.log.end, 'x')])).rejects.toMatchObject({
      code: 'STORE_IO',
    });
    await expect(bench.log.sync()).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(bench.logs.open('J3.1')).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(bench.logs.list()).rejects.toMatchObject({ code: 'STORE_IO' });
    bench.logs = await bench.place.open(capBytes);
    bench.log = await bench.logs.open('J1.1');
    expect(await readText(bench.log)).toBe(numbered(20).map(textOf).join(''));
  });
}

/** A record of text. */
export function record(
  offset: number,
  text: string,
  part: Partial<Pick<LogRecord, 'stream' | 'at'>> = {},
): LogRecord {
  return { offset, stream: 'stdout', at: 0, bytes: new TextEncoder().encode(text), ...part };
}

/** Appends `bytes` bytes whose values tell their offsets, in records of `recordBytes`. */
export async function fill(
  log: Log,
  { bytes, recordBytes }: { readonly bytes: number; readonly recordBytes: number },
): Promise<void> {
  const end = log.end + bytes;
  while (log.end < end) {
    const size = Math.min(recordBytes, end - log.end);
    await log.append([{ offset: log.end, stream: 'stdout', at: 0, bytes: pattern(log.end, size) }]);
  }
}

/** Does every byte of the record tell its offset? See `fill`. */
export function isPattern({ offset, bytes }: LogRecord): boolean {
  return Buffer.compare(bytes, pattern(offset, bytes.length)) === 0;
}

/** Jumps in the offsets: where the output stops and where it goes on. */
export function findGaps(
  records: readonly LogRecord[],
): readonly { readonly from: number; readonly to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let next = records[0]?.offset ?? 0;
  for (const { offset, bytes } of records) {
    if (offset !== next) gaps.push({ from: next, to: offset });
    next = offset + bytes.length;
  }
  return gaps;
}

/** How many bytes of output a log has kept. */
export async function countKept(log: Log): Promise<number> {
  const { records } = await log.read(0, 1e9);
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** All that a log has kept, as text. */
export async function readText(log: Log): Promise<string> {
  return (await log.read(0, 1e9)).records.map(textOf).join('');
}

const cycleBytes = 251;
const cycles = Uint8Array.from({ length: 400 * cycleBytes }, (_, index) => index % cycleBytes);

function pattern(offset: number, size: number): Uint8Array {
  const begin = offset % cycleBytes;
  assert(begin + size <= cycles.length, 'the pattern is long enough for this record');
  return cycles.slice(begin, begin + size);
}

function numbered(count: number): readonly LogRecord[] {
  return Array.from({ length: count }, (_, index) =>
    record(index * 9, `line ${String(index).padStart(3, '0')}\n`),
  );
}

function textOf({ bytes }: LogRecord): string {
  return new TextDecoder().decode(bytes);
}

async function offsets(log: Log, from: number): Promise<readonly number[]> {
  return (await log.read(from, 1e9)).records.map(({ offset }) => offset);
}
