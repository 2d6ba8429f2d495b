/*
 * The order of ends: what shares a row, where each stands, and what is left of a row when some go.
 */
import { describe, expect, test } from 'vitest';
import {
  EndsPage,
  findEndedJobs,
  type JobEnd,
  planEnded,
  planWithout,
  readEndedRow,
} from '../../../cockpit/hub/ended-rows.ts';
import { decodeValue } from '../../../protocol/codec.ts';
import type { JobId } from '../../../protocol/model.ts';
import { endedJobKey, readEndedJobKey, readEndedPlace } from '../../../store/keys.ts';
import type { KvOp, KvRow } from '../../../store/kv.ts';
import { planRow } from '../../../store/row-codec.ts';

function end(n: number, at: number, logBytes = 0): JobEnd {
  return { job: `J${n}`, at, logBytes };
}

function asRow(op: KvOp | undefined): KvRow {
  if (op?.type !== 'put') throw new Error('nothing was written');
  return op;
}

function seal(page: EndsPage, ...ends: readonly JobEnd[]): KvRow {
  page.add(ends);
  const [op, ...more] = page.seal();
  expect(more).toEqual([]);
  return asRow(op);
}

describe('ended rows', () => {
  test('ends: what ends in one batch is one row, by number, and each has its bytes', () => {
    const row = seal(new EndsPage(), end(9, 5), end(4, 7, 30), end(6, 6));
    expect(row.key).toBe(endedJobKey(7, 'J9'));
    expect(readEndedRow(row)).toMatchObject([end(4, 7, 30), end(6, 7), end(9, 7)]);
    expect(findEndedJobs(row)).toEqual(['J4', 'J6', 'J9']);
  });

  test('ends: nothing that ended is no row, and what ended twice in a batch stands there once', () => {
    const page = new EndsPage();
    expect(page.seal()).toEqual([]);
    expect(readEndedRow(seal(page, end(1, 5, 3), end(1, 6, 4)))).toMatchObject([end(1, 6, 4)]);
    expect(page.seal()).toEqual([]);
  });

  test('ends: each row stands after all before it, though the clock stands still, or is set back', () => {
    const page = new EndsPage();
    page.goOnAfter(100);
    const ends = [end(9, 100), end(3, 101), end(2, 50), end(10, 50), end(11, 107), end(4, 106)];
    const keys = ends.map((one) => seal(page, one).key);
    expect(keys.map((key) => readEndedJobKey(key).at)).toEqual([101, 102, 103, 103, 107, 108]);
    expect(keys.toSorted()).toEqual(keys);
  });

  test('ends: what ends while a disk takes nothing is not one row, which could not be read', () => {
    const page = new EndsPage();
    page.add(Array.from({ length: 30_000 }, (_, index) => end(30_000 - index, 5, 1)));
    const rows = page.seal().map(asRow);
    expect(rows.length).toBeGreaterThan(200);
    const places = rows.flatMap(readEndedRow).map(({ place }) => place);
    expect(places).toHaveLength(30_000);
    expect(rows.map(({ key }) => key)).toEqual(rows.map(({ key }) => key).toSorted());
    expect(new Set(rows.map(({ key }) => readEndedJobKey(key).at))).toEqual(new Set([5]));
  });

  test('ends: places are in the order of rows, of one job and of many', () => {
    const page = new EndsPage();
    page.goOnAfter(4);
    const old = [endedJobKey(3, 'J8'), endedJobKey(4, 'J2'), endedJobKey(4, 'J5')];
    const rows = [
      ...old.map((key) => asRow(planRow(key, { logBytes: 1 }))),
      seal(page, end(7, 0), end(1, 0)),
      seal(page, end(6, 0), end(3, 0)),
    ];
    const places = rows.flatMap((row) => readEndedRow(row).map(({ place }) => place));
    expect(places).toHaveLength(7);
    expect(places.toSorted()).toEqual(places);
    expect(new Set(places.map(readEndedPlace))).toEqual(new Set(rows.map(({ key }) => key)));
    // Those of a row lie beyond its key, and before the next.
    expect(places.every((place) => place >= readEndedPlace(place))).toBe(true);
  });

  test('ends: a row of one job, as it lay up to format 4, is that of the job in its key', () => {
    const row = planRow(endedJobKey(5, 'J3'), { logBytes: 7 });
    expect(readEndedRow(asRow(row))).toEqual([{ place: row.key, ...end(3, 5, 7) }]);
    // A program of format 4 may read what was mended before it was migrated.
    const again = asRow(planEnded(end(3, 5, 7)));
    expect([again.key, decodeValue(again.value)]).toEqual([row.key, { logBytes: 7 }]);
  });

  test('ends: of a row whose jobs go, those that stay keep their places; without any it is gone', () => {
    const row = seal(new EndsPage(), end(4, 7, 30), end(6, 6), end(9, 5));
    const ends = readEndedRow(row);
    const without = (...ids: readonly JobId[]) =>
      planWithout(row.key, ends, ({ job }) => ids.includes(job));
    expect(readEndedRow(asRow(without('J9')))).toEqual(ends.slice(0, 2));
    expect(readEndedRow(asRow(without('J4', 'J6')))).toEqual(ends.slice(2));
    expect(without('J4', 'J6', 'J9')).toEqual({ type: 'del', key: row.key });
  });

  test.each([['rubbish'], [[]], [[0]], [[-1]], [[1.5]], [[1e12]], [[[1]]], [[[1, -1]]], [{}]])(
    'ends: a row that holds %j is damaged, and known by its key alone',
    (value) => {
      const row = asRow(planRow(endedJobKey(5, 'J3'), value));
      expect(() => readEndedRow(row)).toThrow('cannot be read');
      expect(findEndedJobs(row)).toEqual(['J3']);
    },
  );
});
