/*
 * The journal by instant and backwards: the place is found whatever shares a row, and through gaps.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JournalEvent, planEvents } from '../../store/journal.ts';
import { countEvents, findEventSeq, readEventsBefore } from '../../store/journal-seek.ts';
import type { Kv } from '../../store/kv.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';

/** A journal with an event at each of these instants, numbered as given, some to a row. */
async function openJournal(
  events: readonly { readonly seq: number; readonly at: number }[],
  perRow = 3,
): Promise<Kv> {
  const kv = await openMemoryKv(instantDisk());
  for (let from = 0; from < events.length; from += perRow) {
    const some: JournalEvent[] = events.slice(from, from + perRow).map((one) => ({
      ...one,
      kind: 'tick',
    }));
    await kv.batch(planEvents(some), 'synced');
  }
  return kv;
}

const ticks = [10, 20, 20, 30, 40, 50, 60].map((at, index) => ({ seq: index + 5, at }));
const seqs = (events: readonly JournalEvent[]) => events.map(({ seq }) => seq);

describe('journal seek', () => {
  test('journal: an instant is the first event at it or after it', async () => {
    const kv = await openJournal(ticks);
    const places = [0, 10, 11, 20, 21, 60, 61];
    expect(await Promise.all(places.map((at) => findEventSeq(kv, at)))).toEqual([
      5, 5, 6, 6, 8, 11, 12,
    ]);
  });

  test('journal: an empty one has its place too', async () => {
    const kv = await openJournal([]);
    expect(await findEventSeq(kv, 5)).toBe(1);
    expect(await countEvents(kv, [0, 10, 20])).toEqual([0, 0]);
    expect(await readEventsBefore(kv, { beforeSeq: 9, countMax: 3 })).toEqual([]);
  });

  test('journal: the last events before a number come in order, also from the middle of a row', async () => {
    const kv = await openJournal(ticks);
    expect(seqs(await readEventsBefore(kv, { beforeSeq: 10, countMax: 3 }))).toEqual([7, 8, 9]);
    expect(seqs(await readEventsBefore(kv, { beforeSeq: 6, countMax: 3 }))).toEqual([5]);
    expect(seqs(await readEventsBefore(kv, { beforeSeq: 99, countMax: 2 }))).toEqual([10, 11]);
    expect(await readEventsBefore(kv, { beforeSeq: 5, countMax: 3 })).toEqual([]);
  });

  test('journal: reading back to where retention left its start reads no more than is there', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ seq: 90_001 + index, at: index }));
    const kv = await openJournal(many, 10);
    let rowCount = 0;
    const counting: Pick<Kv, 'range'> = {
      range: async (range) => {
        const rows = await kv.range(range);
        rowCount += rows.length;
        return rows;
      },
    };
    const read = { beforeSeq: 90_006, countMax: 100 };
    const events = await readEventsBefore({ ...kv, ...counting }, read);
    expect(seqs(events)).toEqual([90_001, 90_002, 90_003, 90_004, 90_005]);
    expect(rowCount).toBeLessThan(50);
  });

  test('journal: numbers that were never written hide nothing', async () => {
    const kv = await openJournal([
      { seq: 2, at: 1 },
      { seq: 3, at: 2 },
      { seq: 900, at: 3 },
    ]);
    expect(seqs(await readEventsBefore(kv, { beforeSeq: 901, countMax: 2 }))).toEqual([3, 900]);
    expect(await findEventSeq(kv, 3)).toBeGreaterThan(3);
    expect(await findEventSeq(kv, 2)).toBe(3);
  });

  test('journal: spans are counted from instant to instant', async () => {
    const kv = await openJournal(ticks);
    expect(await countEvents(kv, [0, 20, 40, 41, 100])).toEqual([1, 3, 1, 2]);
    expect(await countEvents(kv, [100, 200])).toEqual([0]);
  });

  test('journal: seeking finds what looking at everything finds', async () => {
    const gaps = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.nat(60), fc.integer({ min: 1, max: 7 }), async (steps, at, per) => {
        let now = 0;
        const events = steps.map((step, index) => {
          now += step;
          return { seq: index + 1, at: now };
        });
        const kv = await openJournal(events, per);
        const wanted = events.find((event) => event.at >= at)?.seq ?? events.length + 1;
        expect(await findEventSeq(kv, at)).toBe(wanted);
        const before = await readEventsBefore(kv, { beforeSeq: wanted, countMax: per });
        expect(seqs(before)).toEqual(
          events
            .filter(({ seq }) => seq < wanted)
            .slice(-per)
            .map(({ seq }) => seq),
        );
      }),
    );
  });
});
