/*
 * The store that mends itself: what a failure costs, what it must never cost, and how it ends.
 *
 * It runs over the simulated disk and over LevelDB; reopen-damage.test.ts has what neither can do.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import type { StoreHealth } from '../../store/disk-guard.ts';
import { closeStore } from '../../store/format.ts';
import { tailKey } from '../../store/keys.ts';
import type { KvOp } from '../../store/kv.ts';
import { readsWaitingMax, reopenMsMax } from '../../store/limits.ts';
import { instantDisk, MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import { openLevelKv } from '../../store/open.ts';
import { openReopeningKv, type ReopeningKv, type ReopenOptions } from '../../store/reopen.ts';
import { describeKv } from '../conformance/store.ts';
import { FakePorts, settle } from '../protocol/fake-ports.ts';
import { createDirectory } from './place.ts';
import { createWorld } from './world.ts';

describeKv('reopening, in memory', async () => {
  const disk = instantDisk();
  return { open: async () => (await openBench(disk)).kv, dispose: async () => undefined };
});

describeKv('reopening, level', async () => {
  const { path, remove } = await createDirectory();
  const open = () => openLevelKv(join(path, 'db'));
  return { open: () => openReopeningKv({ ...patient(new FakePorts()), open }), dispose: remove };
});

describe('reopening store', () => {
  it('batch: one that failed is written again after the store was opened anew, and only then resolves', async () => {
    for (const failures of [1, 2, 7]) {
      const bench = await openBench();
      await bench.kv.batch([put('a')], 'synced');
      bench.disk.failNext(failures);
      const { done, log } = watch([bench.kv.batch([put('b')], 'synced')]);
      await bench.pass();
      expect(await bench.kv.get('b')).toBeDefined();
      await done;
      expect([log, bench.openings]).toEqual([['0'], 1 + failures]);
      await bench.kv.close();
      expect(await readKeys(bench.disk)).toEqual(['a', 'b']);
    }
  });

  it('batch: all that waited follows the failed one, in the order of the calls', async () => {
    const bench = await openBench();
    bench.disk.failNext(3);
    const batches = ['1', '2', '3', '4'].map((value, n) =>
      bench.kv.batch([put('a', value), put(`n${n}`)], n % 2 === 0 ? 'synced' : 'buffered'),
    );
    const { done, log } = watch(batches);
    await bench.pass();
    await done;
    expect(log).toEqual(['0', '1', '2', '3']);
    expect(await bench.kv.get('a')).toEqual(new TextEncoder().encode('4'));
    expect(await bench.kv.range(whole)).toHaveLength(5);
  });

  it('batch: nothing acknowledged is lost and nothing is undone over 300 seeds of failures', async () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const world = createWorld(seed);
      const disk = new MemoryDisk({ ...world, syncMs: [1, 5] });
      const clock = { wallMs: world.nowMs };
      const ports = { ...world, clock };
      const kv = await openReopeningKv({ ...patient(ports), open: () => openMemoryKv(disk) });
      const acked: number[] = [];
      for (let n = 0; n < 30; n += 1) {
        if (world.random.fraction() < 0.2)
          disk.failNext(1 + Math.floor(world.random.fraction() * 3));
        void kv.batch([put('n', String(n)), put(`k${n}`)], 'synced').then(() => acked.push(n));
        if (world.random.fraction() < 0.5) await world.step();
      }
      if (seed % 2 === 0) {
        while (acked.length < 30) await world.step();
      }
      disk.crash();
      disk.heal();
      const keys = await readKeys(disk);
      expect(acked).toEqual(Array.from({ length: acked.length }, (_, n) => n));
      for (const n of acked) expect(keys).toContain(`k${n}`);
    }
  });

  it('full disk: the ballast goes before the store is opened again, and writes go on', async () => {
    const bench = await openBench();
    bench.disk.fill();
    bench.makeRoom = () => bench.disk.fill(5);
    const writing = bench.kv.batch([put('a')], 'synced');
    await bench.pass();
    await writing;
    expect(bench.roomAsked).toBe(1);
    expect(await bench.kv.get('a')).toBeDefined();
  });

  it('full disk: it is tried again for as long as it takes, and waits for no hand', async () => {
    const bench = await openBench();
    bench.disk.fill();
    const { done, log } = watch([bench.kv.batch([put('a')], 'synced')]);
    for (let n = 0; n < 50; n += 1) await bench.pass();
    expect(log).toEqual([]);
    expect(bench.openings).toBeGreaterThan(20);
    expect(bench.kv.health).toMatchObject({ is: 'reopening', code: 'DISK_FULL' });
    bench.disk.heal();
    await bench.pass();
    await done;
    expect(bench.kv.health).toEqual({ is: 'sound' });
  });

  it('full disk: a first opening that meets one gives the ballast up and succeeds', async () => {
    const disk = instantDisk();
    disk.fill();
    const makeRoom = async () => disk.fill(3);
    const open = () => openMemoryKv(disk);
    const kv = await openReopeningKv({ ...patient(new FakePorts()), open, makeRoom });
    await kv.batch([put('a')], 'synced');
    disk.fill();
    const again = { ...patient(new FakePorts()), open };
    await expect(openReopeningKv(again)).rejects.toMatchObject({ code: 'STORE_IO' });
  });

  it('health: since the first failure until a write has worked, with the code and the words', async () => {
    const bench = await openBench();
    bench.disk.failNext(2);
    const since = bench.ports.clock.wallMs();
    const writing = bench.kv.batch([put('a')], 'synced');
    await bench.pass();
    await writing;
    const fault = { is: 'reopening', since, code: 'STORE_REOPENING', message: expect.any(String) };
    expect(bench.told).toEqual([fault, fault, { is: 'sound' }]);
  });

  it('read: waits while the store is opened again, then gives what is there', async () => {
    const bench = await openBench();
    await bench.kv.batch([put('a')], 'synced');
    bench.disk.fill();
    void bench.kv.batch([put('b')], 'synced');
    await settle();
    const { done, log } = watch([bench.kv.get('a'), bench.kv.range(whole)]);
    await bench.pass();
    expect(log).toEqual([]);
    bench.disk.heal();
    await bench.pass();
    await done;
    expect(log).toHaveLength(2);
  });

  it('read: nobody sees a failed batch that stayed on the disk before it is acknowledged', async () => {
    const bench = await openBench();
    bench.ports.roll = 0.9;
    for (let n = 0; n < 40; n += 1) {
      bench.disk.timing.random.fraction = () => (n % 2 === 0 ? 0.9 : 0.1);
      bench.disk.failNext(n % 5);
      const order: string[] = [];
      void bench.kv.batch([put(`k${n}`)], 'synced').then(() => order.push('acked'));
      await settle();
      const reading = bench.kv.get(`k${n}`).then((value) => {
        if (value !== undefined) order.push('seen');
      });
      await bench.pass();
      await reading;
      expect(order).toEqual(['acked', 'seen']);
    }
  });

  it('read: those who wait are bounded, and the next is STORE_FULL', async () => {
    const bench = await openBench();
    bench.disk.fill();
    void bench.kv.batch([put('b')], 'synced');
    await settle();
    const waiting = Array.from({ length: readsWaitingMax }, () => bench.kv.get('a'));
    await expect(bench.kv.get('a')).rejects.toMatchObject({ code: 'STORE_FULL' });
    bench.disk.heal();
    await bench.pass();
    await Promise.all(waiting);
  });

  it('read: one that failed is answered also where only a batch without changes waits', async () => {
    const ports = new FakePorts();
    const disk = instantDisk();
    let failures = 1;
    let again: () => void = () => undefined;
    const open = async () => {
      const inner = await openMemoryKv(disk);
      again();
      const { get } = inner;
      inner.get = (key) => {
        if (key !== 'a' || failures === 0) return get.call(inner, key);
        failures -= 1;
        return Promise.reject(new AppError('STORE_IO'));
      };
      return inner;
    };
    const kv = await openReopeningKv({ ...patient(ports), open });
    let hasTurned = false;
    again = () => {
      void kv.batch([], 'synced').then(() => {
        hasTurned = true;
      });
    };
    const { log } = watch([kv.get('a')]);
    await pass(ports);
    expect([hasTurned, log, kv.health.is]).toEqual([true, ['0'], 'sound']);
  });

  it('close: while the store cannot be written it ends at once, and what waits is told', async () => {
    const bench = await openBench();
    bench.disk.fill();
    const results = Promise.allSettled([
      bench.kv.batch([put('a')], 'synced'),
      bench.kv.batch([put('b')], 'synced'),
      bench.kv.get('a'),
    ]);
    await bench.pass();
    await expect(bench.kv.close()).rejects.toMatchObject({ code: 'STORE_IO' });
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_IO' } });
    }
    expect(bench.ports.timerCount).toBe(0);
    bench.disk.heal();
    await (await openMemoryKv(bench.disk)).close();
  });

  it('close: the word that a process ended by itself waits for no full disk', async () => {
    const bench = await openBench();
    bench.disk.fill();
    const identity = { storeId: 'ab'.repeat(16), incarnation: 1, isAfterCrash: false };
    const closing = closeStore(bench.kv, identity, Promise.resolve());
    await expect(closing).rejects.toMatchObject({ code: 'STORE_IO' });
    expect(bench.ports.timerCount).toBe(0);
  });

  it('tail: is in every batch, hidden from ranges, and goes on where it was', async () => {
    const bench = await openBench();
    await bench.kv.batch([put('meta/a'), put('meta/z')], 'synced');
    await bench.kv.batch([put('b')], 'buffered');
    await bench.kv.batch([], 'synced');
    expect(await bench.kv.range({ ...whole, countMax: 2 })).toHaveLength(2);
    expect((await bench.kv.range({ ...whole, gte: 'meta/' })).map(({ key }) => key)).toEqual([
      'meta/a',
      'meta/z',
    ]);
    await bench.kv.close();
    const raw = await openMemoryKv(bench.disk);
    expect(await raw.get(tailKey)).toEqual(Uint8Array.of(2));
    await raw.close();
    const again = await openBench(bench.disk);
    await again.kv.batch([put('c')], 'synced');
    bench.disk.failNext();
    const writing = again.kv.batch([put('d')], 'synced');
    await again.pass();
    await writing;
  });
});

const whole = { gte: '', lt: '\u{10FFFF}', countMax: 1e6, order: 'ascending' } as const;

interface Bench {
  readonly kv: ReopeningKv;
  readonly disk: MemoryDisk;
  readonly ports: FakePorts;
  readonly told: StoreHealth[];
  openings: number;
  roomAsked: number;
  makeRoom: () => void;
  /** Lets everything happen that happens by itself within the longest pause. */
  pass(): Promise<void>;
}

async function openBench(disk = instantDisk()): Promise<Bench> {
  const ports = new FakePorts();
  const told: StoreHealth[] = [];
  const bench = { disk, ports, told, openings: 0, roomAsked: 0, makeRoom: () => undefined } as Omit<
    Bench,
    'kv' | 'pass'
  >;
  const kv = await openReopeningKv({
    ports,
    open: () => {
      bench.openings += 1;
      return openMemoryKv(disk);
    },
    makeRoom: async () => {
      bench.roomAsked += 1;
      bench.makeRoom();
    },
    changed: (health) => told.push(health),
  });
  return Object.assign(bench, { kv, pass: () => pass(ports) });
}

async function pass(ports: FakePorts): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await settle();
    await ports.advance(reopenMsMax);
  }
  await settle();
}

function patient(ports: ReopenOptions['ports']): Omit<ReopenOptions, 'open'> {
  return { ports, makeRoom: async () => undefined, changed: () => undefined };
}

function put(key: string, value = 'x'): KvOp {
  return { type: 'put', key, value: new TextEncoder().encode(value) };
}

/** Notes which promises have resolved, in order. */
function watch(promises: readonly Promise<unknown>[]) {
  const log: string[] = [];
  const done = Promise.all(promises.map((promise, n) => promise.then(() => log.push(String(n)))));
  return { done, log };
}

async function readKeys(disk: MemoryDisk): Promise<readonly string[]> {
  const kv = await openMemoryKv(disk);
  const rows = await kv.range(whole);
  await kv.close();
  return rows.map(({ key }) => key).filter((key) => key !== tailKey);
}
