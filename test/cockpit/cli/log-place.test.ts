/*
 * How far a log was given: wherever it is cut off and asked for again, its bytes come once and in order.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogPlace } from '../../../cockpit/cli/log-place.ts';
import { bytesOf, LogText } from '../../../cockpit/verbs/log-text.ts';
import type { LogItem } from '../../../cockpit/verbs/shapes.ts';
import type { LogStream } from '../../../protocol/model.ts';

interface Cut {
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

/** What a hub says of a log from this byte on. */
function say(records: readonly Cut[], since: number): readonly LogItem[] {
  const texts = { stdout: new LogText(), stderr: new LogText() };
  const items: LogItem[] = [];
  let start = 0;
  for (const { stream, bytes } of records) {
    const end = start + bytes.length;
    if (end > since) {
      const offset = Math.max(start, since);
      const piece = texts[stream].take(bytes.subarray(offset - start));
      items.push({ attempt: 'J1.1', offset, at: '', stream, ...piece });
    }
    start = end;
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const piece = texts[stream].rest();
    if (piece !== undefined)
      items.push({ attempt: 'J1.1', offset: start, at: '', stream, ...piece });
  }
  return items;
}

function join(items: readonly LogItem[]): Buffer {
  return Buffer.concat(items.map((item) => Buffer.from('text' in item ? bytesOf(item) : '')));
}

/** Bytes of letters of one to four bytes, cut anywhere, and of what are no letters. */
const someBytes = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 1, maxLength: 5 }),
);

test('log place: a log of one stream that is asked for again after any item comes once and in order', () => {
  void fc.assert(
    fc.property(
      someBytes,
      fc.array(fc.nat()),
      fc.array(fc.nat(), { maxLength: 4 }),
      (bytes, at, cuts) => {
        const ends = [...new Set([...at.map((n) => n % (bytes.length + 1)), bytes.length])];
        const bounds = ends.toSorted((one, other) => one - other);
        const records = bounds.map((end, n): Cut => {
          return { stream: 'stdout', bytes: bytes.subarray(bounds[n - 1] ?? 0, end) };
        });
        const whole = records.filter((record) => record.bytes.length > 0);
        const place = new LogPlace();
        const given: LogItem[] = [];
        for (const cut of [...cuts, undefined]) {
          const items = say(whole, place.next);
          place.resume();
          for (const item of items.slice(
            0,
            cut === undefined ? undefined : cut % (items.length + 1),
          )) {
            place.take(item);
            given.push(item);
          }
        }
        expect(join(given)).toEqual(Buffer.from(bytes));
      },
    ),
  );
});

test('log place: with two streams each keeps its own letters, and what was given is not said again', () => {
  const letter = Buffer.from('é');
  const records: readonly Cut[] = [
    { stream: 'stdout', bytes: Buffer.concat([Buffer.from('a'), letter.subarray(0, 1)]) },
    { stream: 'stderr', bytes: Buffer.from('bb') },
    { stream: 'stdout', bytes: Buffer.concat([letter.subarray(1), Buffer.from('c')]) },
    { stream: 'stderr', bytes: Buffer.from('d') },
  ];
  const items = say(records, 0);
  const place = new LogPlace();
  const nexts = items.map((item) => {
    place.take(item);
    return place.next;
  });
  expect(nexts).toEqual([1, 4, 6, 7]);
});

test('log place: a hole counts as given, and another attempt begins anew', () => {
  const place = new LogPlace();
  place.take({ attempt: 'J1.1', offset: 0, at: '', stream: 'stdout', text: 'abc' });
  place.take({ attempt: 'J1.1', offset: 3, gapBytes: 7 });
  expect(place.next).toBe(10);
  place.take({ attempt: 'J1.1', offset: 10, at: '', stream: 'stdout', text: 'd' });
  expect(place.next).toBe(11);
  place.take({ attempt: 'J1.2', offset: 0, at: '', stream: 'stderr', text: 'e' });
  expect([place.attempt, place.next]).toEqual(['J1.2', 1]);
});
