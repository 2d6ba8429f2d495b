/*
 * Messages that share a row: they come back one by one, leave together, and never outlive their acknowledgement.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeValue } from '../../protocol/codec.ts';
import { dataBytesMax, dataRowsMax } from '../../protocol/limits.ts';
import { outboxKey, outboxPrefix, prefixRange } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { outboxRowsPerRead } from '../../store/limits.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { planAppend, planPages, readOutbox } from '../../store/outbox.ts';
import { OutboxPages } from '../../store/outbox-pages.ts';
import { openPeerStreams } from '../../store/peer-streams.ts';
import { planRow } from '../../store/row-codec.ts';

const alice = { peer: 'a'.repeat(64), store: '1'.repeat(32) };

let kv: Kv;

beforeEach(async () => {
  kv = await openMemoryKv(instantDisk());
});

/** As every message is: a map. */
function message(n: number, padding = 0): Uint8Array {
  return encodeValue({ n, padding: 'x'.repeat(padding) });
}

function entries(from: number, to: number, padding = 0) {
  const length = to - from + 1;
  return Array.from({ length }, (_, index) => ({
    seq: from + index,
    bytes: message(from + index, padding),
  }));
}

async function listRows(): Promise<readonly number[]> {
  const range = { ...prefixRange(outboxPrefix(alice)), countMax: 1e6, order: 'ascending' } as const;
  return (await kv.range(range)).map(({ key }) => Number(key.slice(-16)));
}

async function readFrom(afterSeq: number, countMax = 1e6): Promise<readonly number[]> {
  const found = await readOutbox(kv, alice, { afterSeq, countMax });
  for (const { seq, bytes } of found) expect(bytes).toEqual(message(seq));
  return found.map(({ seq }) => seq);
}

describe('pages of an outbox', () => {
  test('page: many messages are one row, read back from any number on, at most as many as asked', async () => {
    await kv.batch(planPages(alice, entries(1, 5)), 'synced');
    await kv.batch(planPages(alice, entries(6, 7)), 'synced');
    expect(await listRows()).toEqual([5, 7]);
    expect(await readFrom(0)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await readFrom(3)).toEqual([4, 5, 6, 7]);
    expect(await readFrom(3, 3)).toEqual([4, 5, 6]);
    expect(await readFrom(7)).toEqual([]);
  });

  test('page: one alone is a row as it is sent, and such rows are read beside others', async () => {
    const [op] = planPages(alice, entries(1, 1));
    expect(op).toEqual(planAppend(alice, 1, message(1)));
    await kv.batch([op as KvOp, ...planPages(alice, entries(2, 4))], 'synced');
    expect(await readFrom(0)).toEqual([1, 2, 3, 4]);
  });

  test('page: more than a row may hold, by count or by bytes, take several', async () => {
    const many = planPages(alice, entries(1, 2 * dataRowsMax + 1));
    expect(many.map(({ key }) => key)).toEqual(
      [dataRowsMax, 2 * dataRowsMax, 2 * dataRowsMax + 1].map((seq) => outboxKey(alice, seq)),
    );
    const third = Math.ceil(dataBytesMax / 3);
    expect(planPages(alice, entries(1, 5, third))).toHaveLength(3);
    expect(planPages(alice, entries(1, 2, 2 * dataBytesMax))).toHaveLength(2);
  });

  test('page: numbers that do not follow on each other share no row', async () => {
    const [first, second, third] = entries(1, 3);
    const ops = planPages(
      alice,
      [second, third, first].flatMap((one) => one ?? []),
    );
    await kv.batch(ops, 'synced');
    expect(await listRows()).toEqual([1, 3]);
    expect(await readFrom(0)).toEqual([1, 2, 3]);
  });

  test('page: more rows than one read takes are all read', async () => {
    const count = 2 * outboxRowsPerRead + 3;
    for (let n = 0; n < count; n += 1) {
      await kv.batch(planPages(alice, entries(2 * n + 1, 2 * n + 2)), 'synced');
    }
    expect(await readFrom(1)).toHaveLength(2 * count - 1);
  });

  test.each([
    ['a list of nothing', []],
    ['a list of what is no message', [7]],
  ])('page: %s is STORE_DAMAGED', async (_what, value) => {
    await kv.batch([planRow(outboxKey(alice, 3), value)], 'synced');
    await expect(readFrom(0)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });

  test('page: one that is acknowledged in part stays whole, and goes with its last', async () => {
    const streams = await openPeerStreams(kv, alice);
    const pages = new OutboxPages();
    pages.add(
      streams,
      [1, 2, 3, 4].map((n) => streams.takeNext(message(n))),
    );
    await kv.batch(pages.seal(), 'synced');
    expect(pages.seal()).toEqual([]);
    await kv.batch(streams.planAcked(3), 'synced');
    expect(await listRows()).toEqual([4]);
    expect(await readFrom(3)).toEqual([4]);
    const again = await openPeerStreams(kv, alice);
    expect(again.counts).toEqual({ acked: 3, queued: 4, received: 0 });
    await kv.batch(again.planAcked(4), 'synced');
    expect(await listRows()).toEqual([]);
  });

  test('page: what is queued, and not sealed yet, goes as its stream is retired', async () => {
    const streams = await openPeerStreams(kv, alice);
    const pages = new OutboxPages();
    pages.add(
      streams,
      [1, 2].map((n) => streams.takeNext(message(n))),
    );
    await kv.batch(pages.seal(), 'synced');
    pages.add(
      streams,
      [3, 4].map((n) => streams.takeNext(message(n))),
    );
    const retired = streams.planRetire();
    // Sealed ahead of the commit that retires, in one batch with it.
    await kv.batch([...pages.seal(), ...retired], 'synced');
    expect(await listRows()).toEqual([]);
    expect((await openPeerStreams(kv, alice)).counts.queued).toBe(4);
  });

  test('page: a stream of which all is acknowledged is retired by its mark alone, however much it carried', async () => {
    const streams = await openPeerStreams(kv, alice);
    const pages = new OutboxPages();
    for (let n = 0; n < 50; n += 1) {
      const rows = Array.from({ length: 100 }, () => streams.takeNext(message(1)));
      pages.add(streams, rows);
      await kv.batch(pages.seal(), 'synced');
      await kv.batch(streams.planAcked(streams.counts.queued), 'synced');
    }
    expect(streams.planRetire()).toHaveLength(1);
  });

  test('pages: whatever is queued, taken back, sealed, acknowledged or opened anew, what waits is there, and nothing else', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('queue' as const), count: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ do: fc.constant('alone' as const) }),
      fc.record({ do: fc.constant('takeBack' as const), count: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ do: fc.constant('seal' as const) }),
      fc.record({
        do: fc.constant('ack' as const),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ do: fc.constant('open' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        kv = await openMemoryKv(instantDisk());
        let streams = await openPeerStreams(kv, alice);
        const pages = new OutboxPages();
        let [queued, acked] = [0, 0];
        const seal = () => kv.batch(pages.seal(), 'synced');
        for (const one of steps) {
          if (one.do === 'queue') {
            const rows = Array.from({ length: one.count }, (_, index) =>
              streams.takeNext(message(queued + index + 1)),
            );
            queued += one.count;
            pages.add(streams, rows);
          } else if (one.do === 'takeBack') {
            for (let n = 1; n <= one.count; n += 1) streams.takeNext(message(queued + n));
            streams.takeBack(queued);
          } else {
            await seal();
          }
          if (one.do === 'alone') {
            queued += 1;
            await kv.batch([streams.planMessage(message(queued)).op], 'synced');
          }
          if (one.do === 'ack') {
            acked = Math.max(acked, Math.floor(queued * one.part));
            await kv.batch(streams.planAcked(acked), 'synced');
          }
          if (one.do === 'open') streams = await openPeerStreams(kv, alice);
          expect(streams.counts).toMatchObject({ acked, queued });
          if (one.do === 'queue' || one.do === 'takeBack') continue;
          const waiting = entries(acked + 1, queued).map(({ seq }) => seq);
          expect(await readFrom(acked)).toEqual(waiting);
          // No row is left all of whose messages are acknowledged.
          expect((await listRows()).filter((seq) => seq <= acked)).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});
