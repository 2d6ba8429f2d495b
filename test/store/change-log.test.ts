/*
 * A log of changes against a map: it always says what was said last, after every start, in few rows, and never less for what stays.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ChangeLog, openChangeLog, readChanges } from '../../store/change-log.ts';
import { heldKey, prefixRange } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { changeRowBytesMax, changesSpareBytesMax, changesSpareMax } from '../../store/limits.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { readRow } from '../../store/row-codec.ts';

/** What is written with many elements, and few bytes. */
const wide = 'wide';
const wideNumbers = Array.from({ length: 16_000 }, () => 0);

interface Thing {
  readonly id: string;
  readonly text: string;
}

const schema = z
  .tuple([z.string(), z.string(), z.array(z.number())])
  .transform(([id, text]): Thing => ({ id, text }));

const parts = {
  prefix: 'ah/',
  keyOf: heldKey,
  idOf: ({ id }: Thing) => id,
  describe: ({ id, text }: Thing) => [id, text, text === wide ? wideNumbers : []],
  schema,
};

const open = (kv: Kv): Promise<ChangeLog<string, Thing>> => openChangeLog(kv, parts);

async function list(kv: Kv): Promise<ReadonlyMap<string, string>> {
  return new Map((await readChanges(kv, parts)).map(({ id, text }) => [id, text]));
}

async function countEntries(kv: Kv): Promise<number> {
  const rows = await kv.range({ ...prefixRange('ah/'), countMax: 10_000, order: 'ascending' });
  return rows.reduce((sum, row) => sum + readRow(z.array(z.unknown()), row).length, 0);
}

const id = fc.integer({ min: 0, max: 30 }).map(String);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), id }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('seal' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

test('change log: the disk says after each batch what was said last, also to who begins anew', async () => {
  const walk = fc.asyncProperty(fc.array(step, { maxLength: 300 }), async (steps) => {
    const kv = await openMemoryKv(instantDisk());
    let log = await open(kv);
    let kept = new Map<string, string>();
    const now = new Map<string, string>();
    for (const [index, one] of steps.entries()) {
      if (one.do === 'put') {
        now.set(one.id, `${index}`);
        log.put({ id: one.id, text: `${index}` });
      } else if (one.do === 'remove') {
        now.delete(one.id);
        log.remove(one.id);
      } else if (one.do === 'seal') {
        const ops = log.seal();
        if (ops.length > 0) await kv.batch(ops, 'synced');
        kept = new Map(now);
        expect(await list(kv)).toEqual(kept);
      } else {
        // What was not sealed is forgotten, as by a crash.
        log = await open(kv);
        now.clear();
        for (const { id, text } of log.list()) now.set(id, text);
        expect(now).toEqual(kept);
      }
    }
  });
  await fc.assert(walk, { numRuns: 200 });
});

test('change log: what comes and goes leaves nothing, and a batch is one row', async () => {
  const kv = await openMemoryKv(instantDisk());
  const log = await open(kv);
  const ids = Array.from({ length: 100 }, (_, n) => `${n}`);
  const batch = async (act: (id: string) => void): Promise<readonly KvOp[]> => {
    ids.forEach(act);
    const ops = log.seal();
    await kv.batch(ops, 'synced');
    return ops;
  };
  const shapes: string[][] = [];
  for (const act of [
    (id: string) => log.put({ id, text: 'new' }),
    (id: string) => log.put({ id, text: 'ended' }),
    (id: string) => log.remove(id),
  ]) {
    shapes.push((await batch(act)).map(({ type, key }) => `${type} ${key}`));
  }
  const [one, two] = [heldKey(1), heldKey(2)];
  expect(shapes).toEqual([[`put ${one}`], [`del ${one}`, `put ${two}`], [`del ${two}`]]);
  expect(await countEntries(kv)).toBe(0);
});

test('change log: what stays is said again before the log is long, and nothing that is gone comes back', async () => {
  const kv = await openMemoryKv(instantDisk());
  const log = await open(kv);
  const staying = Array.from({ length: 50 }, (_, n) => `s${n}`);
  for (const id of staying) log.put({ id, text: 'stays' });
  await kv.batch(log.seal(), 'synced');
  let entriesMax = 0;
  for (let n = 0; n < 1500; n += 1) {
    log.put({ id: `${n}`, text: 'goes' });
    if (n > 2) log.remove(`${n - 3}`);
    await kv.batch(log.seal(), 'synced');
    if (n % 50 === 0) entriesMax = Math.max(entriesMax, await countEntries(kv));
  }
  expect(entriesMax).toBeGreaterThan(changesSpareMax / 2);
  expect(entriesMax).toBeLessThanOrEqual(2 * 54 + changesSpareMax + 50);
  const expected = [...staying, '1497', '1498', '1499'];
  expect([...(await list(kv)).keys()].toSorted()).toEqual(expected.toSorted());
  expect((await open(kv)).list()).toHaveLength(53);
});

test('change log: what is too large for one row takes several, in order', async () => {
  const kv = await openMemoryKv(instantDisk());
  const log = await open(kv);
  const text = 'x'.repeat(changeRowBytesMax / 4);
  for (let n = 0; n < 20; n += 1) log.put({ id: `${n}`, text });
  const ops = log.seal();
  expect(ops.length).toBeGreaterThan(4);
  const sizes = ops.map((op) => (op.type === 'put' ? op.value.length : 0));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(changeRowBytesMax);
  await kv.batch(ops, 'synced');
  const again = await open(kv);
  expect(again.list().map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
  again.put({ id: 'huge', text: text.repeat(8) });
  await kv.batch(again.seal(), 'synced');
  expect((await open(kv)).list()).toHaveLength(21);
});

test('change log: however many elements its entries have together, a row can be read', async () => {
  const kv = await openMemoryKv(instantDisk());
  const log = await open(kv);
  for (let n = 0; n < 20; n += 1) log.put({ id: `${n}`, text: wide });
  await kv.batch(log.seal(), 'synced');
  expect((await open(kv)).list()).toHaveLength(20);
});

test('change log: what is gone does not lie there for long, however much it was', async () => {
  const kv = await openMemoryKv(instantDisk());
  const log = await open(kv);
  log.put({ id: 'small', text: 'stays' });
  await kv.batch(log.seal(), 'synced');
  const text = 'x'.repeat(200_000);
  let bytesMax = 0;
  for (let n = 0; n < 60; n += 1) {
    log.put({ id: `${n}`, text });
    if (n > 0) log.remove(`${n - 1}`);
    await kv.batch(log.seal(), 'synced');
    const rows = await kv.range({ ...prefixRange('ah/'), countMax: 1000, order: 'ascending' });
    bytesMax = Math.max(
      bytesMax,
      rows.reduce((sum, { value }) => sum + value.length, 0),
    );
  }
  expect(bytesMax).toBeGreaterThan(4 * text.length);
  expect(bytesMax).toBeLessThan(changesSpareBytesMax + 4 * text.length);
  expect([...(await list(kv)).keys()].toSorted()).toEqual(['59', 'small']);
});

test('change log: numbers go on while its process lives, also where nothing was left', async () => {
  const kv = await openMemoryKv(instantDisk());
  const log = await open(kv);
  const keys: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    log.put({ id: 'one', text: `${n}` });
    keys.push(...log.seal().map(({ key }) => key));
    log.remove('one');
    log.seal();
  }
  expect(keys).toEqual([heldKey(1), heldKey(2), heldKey(3)]);
});
