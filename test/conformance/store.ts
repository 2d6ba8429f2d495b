/*
 * What every implementation of the store contract must do.
 *
 * `describeKv` is called once per implementation with a way to open it on a fresh place and, after
 * a close, again on the same place.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Kv, KvOp, KvRange } from '../../store/kv.ts';

/** One place that a store lives in. */
export interface KvPlace {
  open(): Promise<Kv>;
  dispose(): Promise<void>;
}

interface Bench {
  kv: Kv;
  place: KvPlace;
}

/** Runs the suite against one implementation. */
export function describeKv(name: string, createPlace: () => Promise<KvPlace>): void {
  describe(`store contract (${name})`, () => {
    const bench = {} as Bench;

    beforeEach(async () => {
      bench.place = await createPlace();
      bench.kv = await bench.place.open();
    });

    afterEach(async () => {
      await bench.kv.close();
      await bench.place.dispose();
    });

    testGets(bench);
    testBatches(bench);
    testOrder(bench);
    testRanges(bench);
    testSnapshots(bench);
    testClosing(bench);
  });
}

function testGets(bench: Bench): void {
  it('get: a key that was never written is undefined', async () => {
    expect(await bench.kv.get('a')).toBeUndefined();
  });

  it('get: an empty value is a row, not an absence', async () => {
    await bench.kv.batch([put('a', '')], 'synced');
    expect(await bench.kv.get('a')).toEqual(new Uint8Array(0));
  });

  it('get: gives a plain byte array that holds every byte value', async () => {
    const value = Uint8Array.from({ length: 256 }, (_, index) => index);
    await bench.kv.batch([{ type: 'put', key: 'a', value }], 'synced');
    const read = await bench.kv.get('a');
    expect(read?.constructor).toBe(Uint8Array);
    expect(read).toEqual(value);
  });

  it('get: what is changed in a returned value stays out of the store', async () => {
    await bench.kv.batch([put('a', 'abc')], 'synced');
    (await bench.kv.get('a'))?.fill(0);
    const [row] = await bench.kv.range(all());
    row?.value.fill(0);
    expect(text(await bench.kv.get('a'))).toBe('abc');
  });
}

function testBatches(bench: Bench): void {
  it('batch: puts and deletes of one batch are applied in order, the last one wins', async () => {
    await bench.kv.batch([put('a', '1'), put('b', '1')], 'synced');
    await bench.kv.batch(
      [del('a'), put('a', '2'), put('b', '2'), del('b'), del('never')],
      'buffered',
    );
    expect(text(await bench.kv.get('a'))).toBe('2');
    expect(await bench.kv.get('b')).toBeUndefined();
  });

  it('batch: one without changes resolves and changes nothing', async () => {
    await bench.kv.batch([], 'synced');
    expect(await bench.kv.range(all())).toEqual([]);
  });

  it('batch: ten thousand rows and a row of a megabyte go in whole', async () => {
    const ops = Array.from({ length: 10_000 }, (_, index) => put(`k${index}`, `v${index}`));
    const large = new Uint8Array(1024 * 1024).fill(7);
    await bench.kv.batch([...ops, { type: 'put', key: 'large', value: large }], 'synced');
    expect(await bench.kv.range(all({ countMax: 20_000 }))).toHaveLength(10_001);
    expect(text(await bench.kv.get('k9999'))).toBe('v9999');
    expect(Buffer.from((await bench.kv.get('large')) ?? []).equals(large)).toBe(true);
  });
}

function testOrder(bench: Bench): void {
  it('batch: concurrent batches take effect in the order of their calls', async () => {
    const writing = Array.from({ length: 200 }, (_, index) =>
      bench.kv.batch(
        [put('a', String(index)), put(`n${index}`, 'x')],
        index % 3 ? 'buffered' : 'synced',
      ),
    );
    await Promise.all(writing);
    expect(text(await bench.kv.get('a'))).toBe('199');
    expect(await bench.kv.range(all())).toHaveLength(201);
  });

  it('batch: concurrent batches resolve in the order of their calls', async () => {
    const done: number[] = [];
    const writing = Array.from({ length: 50 }, async (_, index) => {
      await bench.kv.batch([put(`n${index}`, 'x')], index % 2 ? 'buffered' : 'synced');
      done.push(index);
    });
    await Promise.all(writing);
    expect(done).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });
}

function testRanges(bench: Bench): void {
  it('range: includes its lower bound and excludes its upper bound', async () => {
    await bench.kv.batch([put('a', ''), put('b', ''), put('b\0', ''), put('c', '')], 'synced');
    expect(await keys(bench.kv, { gte: 'a', lt: 'c' })).toEqual(['a', 'b', 'b\0']);
    expect(await keys(bench.kv, { gte: 'a\0', lt: 'b\0' })).toEqual(['b']);
  });

  it('range: descending begins at the high end, also when it is cut short', async () => {
    await bench.kv.batch([put('a', ''), put('b', ''), put('c', ''), put('d', '')], 'synced');
    const down = { gte: 'a', lt: 'd', order: 'descending' } as const;
    expect(await keys(bench.kv, down)).toEqual(['c', 'b', 'a']);
    expect(await keys(bench.kv, { ...down, countMax: 2 })).toEqual(['c', 'b']);
    expect(await keys(bench.kv, { ...down, gte: 'bb', lt: 'cc' })).toEqual(['c']);
  });

  it('range: no rows where the bounds are equal, crossed, or the count is zero', async () => {
    await bench.kv.batch([put('a', ''), put('b', '')], 'synced');
    for (const order of ['ascending', 'descending'] as const) {
      expect(await keys(bench.kv, { gte: 'a', lt: 'a', order })).toEqual([]);
      expect(await keys(bench.kv, { gte: 'b', lt: 'a', order })).toEqual([]);
      expect(await keys(bench.kv, { gte: 'a', lt: 'c', countMax: 0, order })).toEqual([]);
    }
  });

  it('range: a count below zero is a broken invariant, not "all"', async () => {
    await bench.kv.batch([put('a', '')], 'synced');
    await expect(async () => bench.kv.range(all({ countMax: -1 }))).rejects.toThrow('invariant');
  });

  it('range: keys are ordered by their UTF-8 bytes, also beyond the basic plane', async () => {
    const rising = ['Z', 'a', 'a/', 'a0', 'é', 'a\u{1F600}', '\uD7FF', '\uFFFD', '\u{1F600}'];
    const sorted = rising.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    await bench.kv.batch(
      rising.map((key) => put(key, key)),
      'synced',
    );
    const rows = await bench.kv.range(all());
    expect(rows.map(({ key }) => key)).toEqual(sorted);
    expect(rows.map(({ value }) => text(value))).toEqual(sorted);
    expect(await keys(bench.kv, { gte: '\uFFFD', lt: '\u{10FFFF}' })).toEqual([
      '\uFFFD',
      '\u{1F600}',
    ]);
  });
}

function testSnapshots(bench: Bench): void {
  it('snapshot: holds every row as it was, whatever is written and removed since', async () => {
    const { kv } = bench;
    await kv.batch([put('a', '1'), put('b', '1')], 'synced');
    const snapshot = await kv.snapshot();
    await kv.batch([put('a', '2'), del('b'), put('c', '1')], 'synced');
    const all = { gte: '', lt: 'z', countMax: 9 } as const;
    expect(await snapshot.range({ ...all, order: 'ascending' })).toEqual([
      { key: 'a', value: bytes('1') },
      { key: 'b', value: bytes('1') },
    ]);
    const down = await snapshot.range({ ...all, countMax: 1, order: 'descending' });
    expect(down).toEqual([{ key: 'b', value: bytes('1') }]);
    expect(await kv.get('b')).toBeUndefined();
    await snapshot.close();
    await snapshot.close();
  });

  it('snapshot: none can be taken of a store that is closed', async () => {
    await bench.kv.close();
    await expect(bench.kv.snapshot()).rejects.toMatchObject({ code: 'STORE_IO' });
  });
}

function testClosing(bench: Bench): void {
  it('close: what was written is there when the store is opened again', async () => {
    await bench.kv.batch([put('a', '1'), put('b', '1')], 'synced');
    await bench.kv.batch([put('c', '1'), del('a')], 'buffered');
    await bench.kv.close();
    bench.kv = await bench.place.open();
    expect(await keys(bench.kv, {})).toEqual(['b', 'c']);
  });

  it('close: waits for the batches under way, and may be repeated', async () => {
    const writing = Array.from({ length: 20 }, (_, index) =>
      bench.kv.batch([put(`k${index}`, '1')], 'synced'),
    );
    await Promise.all([bench.kv.close(), bench.kv.close()]);
    await expect(Promise.all(writing)).resolves.toHaveLength(20);
    await bench.kv.close();
    bench.kv = await bench.place.open();
    expect(await keys(bench.kv, {})).toHaveLength(20);
  });

  it('close: waits for the reads under way', async () => {
    const ops = Array.from({ length: 5000 }, (_, index) => put(`a${index}`, 'x'.repeat(100)));
    await bench.kv.batch(ops, 'synced');
    const reading = [
      bench.kv.range(all({ countMax: 5000 })),
      bench.kv.range(all({ countMax: 5000 })),
    ];
    const getting = bench.kv.get('a1');
    await bench.kv.close();
    await expect(reading[0]).resolves.toHaveLength(5000);
    await expect(reading[1]).resolves.toHaveLength(5000);
    await expect(getting).resolves.toBeDefined();
  });

  it('close: every later call is STORE_IO', async () => {
    await bench.kv.close();
    await expect(async () => bench.kv.get('a')).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(async () => bench.kv.range(all())).rejects.toMatchObject({ code: 'STORE_IO' });
    await expect(bench.kv.batch([put('a', '')], 'synced')).rejects.toMatchObject({
      code: 'STORE_IO',
    });
  });

  it('open: a second owner is STORE_LOCKED until the first has closed', async () => {
    await expect(bench.place.open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await bench.kv.batch([put('a', '1')], 'synced');
    await bench.kv.close();
    bench.kv = await bench.place.open();
    expect(text(await bench.kv.get('a'))).toBe('1');
  });
}

function put(key: string, value: string): KvOp {
  return { type: 'put', key, value: bytes(value) };
}

function del(key: string): KvOp {
  return { type: 'del', key };
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

function all(part: Partial<KvRange> = {}): KvRange {
  return { gte: '', lt: '\u{10FFFF}', countMax: 1000, order: 'ascending', ...part };
}

async function keys(kv: Kv, part: Partial<KvRange>): Promise<readonly string[]> {
  return (await kv.range(all(part))).map(({ key }) => key);
}
