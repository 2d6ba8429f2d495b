/*
 * What of a log is sent next: chunks in order and small enough, and from another place when the hub asks.
 */
import { describe, expect, test } from 'vitest';
import { LogCursor } from '../../../agent/loops/log-cursor.ts';
import { logChunkBytesMax, logFrameBytesMax, logRecordsMax } from '../../../protocol/limits.ts';
import type { LogRecord } from '../../../store/log.ts';

function record(offset: number, size: number): LogRecord {
  return { offset, stream: 'stdout', at: 0, bytes: new Uint8Array(size) };
}

function openAt(offset: number): LogCursor {
  const cursor = new LogCursor();
  cursor.noteAck({ offset, isReset: true });
  return cursor;
}

/** What each chunk says: from, offsets of its records, next. */
function takeAll(cursor: LogCursor): readonly unknown[] {
  const taken: unknown[] = [];
  while (cursor.hasAhead) {
    const { from, records, next } = cursor.take(logChunkBytesMax);
    taken.push([from, records.map(({ offset }) => offset), next]);
  }
  return taken;
}

describe('log cursor', () => {
  test('log cursor: chunks follow each other, are whole records and within a frame', () => {
    const cursor = openAt(0);
    const half = logChunkBytesMax / 2;
    const records = [0, half, 2 * half, 2 * half + 1].map((offset, index) =>
      record(offset, [half, half, 1, logChunkBytesMax][index] ?? 0),
    );
    cursor.fill({ records, next: 4 * half + 1 });
    expect(takeAll(cursor)).toEqual([
      [0, [0, half], 2 * half],
      [2 * half, [2 * half], 2 * half + 1],
      [2 * half + 1, [2 * half + 1], 4 * half + 1],
    ]);
    expect([cursor.aheadBytes, cursor.underWay]).toEqual([0, 4 * half + 1]);
  });

  test('log cursor: a chunk is no larger than it may be, if need be a part of a record', () => {
    const cursor = openAt(0);
    cursor.fill({ records: [record(0, 25), record(25, 5), record(30, 5)], next: 35 });
    const taken = [10, 10, 10, 10].map((bytesMax) => {
      const { from, records, next } = cursor.take(bytesMax);
      return [from, records.map(({ offset, bytes }) => [offset, bytes.length]), next];
    });
    expect(taken).toEqual([
      [0, [[0, 10]], 10],
      [10, [[10, 10]], 20],
      [
        20,
        [
          [20, 5],
          [25, 5],
        ],
        30,
      ],
      [30, [[30, 5]], 35],
    ]);
    expect([cursor.hasAhead, cursor.aheadBytes]).toEqual([false, 0]);
  });

  test('log cursor: a frame of many chunks has no record that is over one', () => {
    const cursor = openAt(0);
    const whole = logChunkBytesMax;
    cursor.fill({ records: [record(0, whole), record(whole, whole + 1)], next: 2 * whole + 1 });
    const taken = [1, 2, 3].map(() => cursor.take(logFrameBytesMax).records);
    expect(taken.map((records) => records.map(({ bytes }) => bytes.length))).toEqual([
      [whole],
      [whole],
      [1],
    ]);
  });

  test('log cursor: no frame has more records than one may have', () => {
    const cursor = openAt(0);
    const count = logRecordsMax + 1;
    cursor.fill({ records: Array.from({ length: count }, (_, at) => record(at, 1)), next: count });
    expect(cursor.take(logChunkBytesMax).records).toHaveLength(logRecordsMax);
    expect(cursor.take(logChunkBytesMax).records).toHaveLength(1);
  });

  test('log cursor: a gap before, between and after the records is passed on', () => {
    const cursor = openAt(5);
    cursor.fill({ records: [record(10, 2), record(20, logChunkBytesMax)], next: 99_999 });
    expect(takeAll(cursor)).toEqual([
      [5, [10], 12],
      [12, [20], 99_999],
    ]);
    cursor.fill({ records: [], next: 100_001 });
    expect(takeAll(cursor)).toEqual([[99_999, [], 100_001]]);
  });

  test('log cursor: set back, it forgets what it read and goes on from there', () => {
    const cursor = openAt(0);
    cursor.fill({ records: [record(0, 40_000), record(40_000, 40_000)], next: 80_000 });
    cursor.take(logChunkBytesMax);
    cursor.noteAck({ offset: 10, isReset: true });
    expect([cursor.hasAhead, cursor.aheadBytes, cursor.sentThrough]).toEqual([false, 0, 10]);
  });

  test('log cursor: an ack frees what is under way, an older one changes nothing', () => {
    const cursor = openAt(0);
    cursor.fill({ records: [record(0, 100)], next: 100 });
    cursor.take(logChunkBytesMax);
    cursor.noteAck({ offset: 60, isReset: false });
    cursor.noteAck({ offset: 50, isReset: false });
    expect([cursor.acked, cursor.underWay, cursor.sentThrough]).toEqual([60, 40, 100]);
  });
});
