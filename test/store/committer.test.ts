/*
 * Group commit: grouping, order, caps, and what a failed batch means for everyone who waits.
 *
 * The store behind it is a gate that the test opens, or a simulated disk that crashes.
 */
import { describe, expect, it } from 'vitest';
import type { AppError } from '../../protocol/errors.ts';
import { Committer } from '../../store/committer.ts';
import type { Durability, Kv, KvOp } from '../../store/kv.ts';
import {
  bufferedMsMax,
  commitBytesMax,
  commitOpsMax,
  commitWaitingBytesMax,
  deferredMsMax,
  deferredOpsMax,
} from '../../store/limits.ts';
import { instantDisk, MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { createWorld } from './world.ts';

describe('committer', () => {
  it('commit: resolves only once its changes are durable', async () => {
    const disk = instantDisk();
    const committer = await openCommitter(await openMemoryKv(disk));
    await committer.commit([put('a'), put('b')]);
    disk.crash();
    const kv = await openMemoryKv(disk);
    expect(await kv.range(whole)).toHaveLength(2);
  });

  it('commit: commits made in one turn share one synced batch', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    const commits = ['a', 'b', 'c'].map((key) => committer.commit([put(key)]));
    await gate.release();
    await Promise.all(commits);
    expect(gate.batches).toEqual([['a', 'b', 'c']]);
    expect(gate.durabilities).toEqual(['synced']);
  });

  it('commit: while a batch is in flight the next ones are collected, in order and whole', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    const first = committer.commit([put('a')]);
    await gate.started();
    const later = [committer.commit([put('b1'), put('b2')]), committer.commit([put('c')])];
    expect(gate.batches).toEqual([['a']]);
    await gate.release();
    await first;
    await gate.started();
    expect(gate.batches).toEqual([['a'], ['b1', 'b2', 'c']]);
    await gate.release();
    await Promise.all(later);
    await committer.idle();
    expect(gate.batches).toHaveLength(2);
  });

  it('buffer: what only the end of the process may not take goes with a batch that is synced for others', async () => {
    const gate = createGate();
    const ports = new FakePorts();
    const committer = await openCommitter(gate.kv, ports);
    committer.buffer([put('a')]);
    const commit = committer.commit([put('b')]);
    await gate.release();
    await commit;
    await ports.advance(10 * bufferedMsMax);
    expect(gate.batches).toEqual([['a', 'b']]);
    expect(gate.durabilities).toEqual(['synced']);
  });

  it('buffer: in a moment it has a batch of its own, which costs no sync', async () => {
    const gate = createGate();
    const ports = new FakePorts();
    const committer = await openCommitter(gate.kv, ports);
    committer.buffer([put('a')]);
    await ports.advance(bufferedMsMax - 1);
    committer.buffer([put('b')]);
    expect(gate.batches).toEqual([]);
    await ports.advance(1);
    committer.buffer([put('c')]);
    const commit = committer.commit([put('d')]);
    await gate.release();
    await gate.release();
    await commit;
    await committer.idle();
    expect(gate.batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(gate.durabilities).toEqual(['buffered', 'synced']);
  });

  it('buffer: what waits is written as it closes, and nothing is taken after that', async () => {
    const gate = createGate();
    const ports = new FakePorts();
    const committer = await openCommitter(gate.kv, ports);
    committer.buffer([put('a')]);
    const closed = committer.close();
    await gate.release();
    await closed;
    committer.buffer([put('b')]);
    await ports.advance(10 * bufferedMsMax);
    expect(gate.batches).toEqual([['a']]);
    expect(ports.timerCount).toBe(0);
  });

  it('commit: a commit does not resolve with the batch before its own', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    const done: string[] = [];
    const first = committer.commit([put('a')]).then(() => done.push('a'));
    await gate.started();
    const second = committer.commit([put('b')]).then(() => done.push('b'));
    await gate.release();
    await first;
    await gate.started();
    expect(done).toEqual(['a']);
    await gate.release();
    await second;
    expect(done).toEqual(['a', 'b']);
  });

  it('lead, seal: their rows open and close the batch of the commits made before it, and only that one', async () => {
    const gate = createGate();
    let noted: KvOp[] = [];
    const led = [put('led')];
    const [lead, seal] = [() => led.splice(0), () => noted.splice(0)];
    const committer = new Committer({
      ...{ kv: gate.kv, ports: new FakePorts(), lead, seal },
      onFailure: () => undefined,
    });
    const note = (key: string) => {
      noted = [...noted, put(key)];
    };
    note('seen');
    const first = committer.commit([put('a')]);
    await gate.started();
    note('later');
    const second = committer.commit([put('b')]);
    await gate.release();
    await first;
    await gate.started();
    await gate.release();
    await second;
    expect(gate.batches).toEqual([
      ['led', 'a', 'seen'],
      ['b', 'later'],
    ]);
  });

  it('committer: has no room at the cap of changes, takes what is planned all the same', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    const first = committer.commit([put('a')]);
    await gate.started();
    const many = committer.commit(Array.from({ length: commitOpsMax - 1 }, () => put('x')));
    expect(committer.hasRoom).toBe(true);
    const last = committer.commit([put('b')]);
    expect(committer.hasRoom).toBe(false);
    await gate.release();
    await first;
    await gate.started();
    expect(committer.hasRoom).toBe(true);
    await gate.release();
    await Promise.all([many, last]);
    expect(gate.batches.map((keys) => keys.length)).toEqual([1, commitOpsMax]);
  });

  it('committer: the cap of bytes counts keys and values, and what is beside them, to the last byte', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    const value = new Uint8Array(commitBytesMax - 6);
    const done = committer.commit([{ type: 'put', key: 'abc', value }]);
    expect(committer.hasRoom).toBe(true);
    const more = committer.commit([{ type: 'del', key: 'd' }], 2);
    expect(committer.hasRoom).toBe(false);
    await gate.started();
    await gate.release();
    await Promise.all([done, more]);
  });

  it('defer: changes that may wait go with the next batch, in their place, and wake nobody', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    committer.defer([put('x')]);
    await committer.idle();
    expect(gate.batches).toEqual([]);
    const first = committer.commit([put('a')]);
    await gate.started();
    committer.defer([put('y')]);
    await gate.release();
    await first;
    await committer.idle();
    expect(gate.batches).toEqual([['x', 'a']]);
    const second = committer.commit([put('b')]);
    await gate.started();
    await gate.release();
    await second;
    expect(gate.batches).toEqual([
      ['x', 'a'],
      ['y', 'b'],
    ]);
  });

  it('defer: at the cap, and when the committer closes, they get a batch of their own', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    committer.defer(Array.from({ length: deferredOpsMax - 1 }, () => put('x')));
    await committer.idle();
    expect(gate.batches).toEqual([]);
    committer.defer([put('y')]);
    await gate.started();
    await gate.release();
    await committer.idle();
    expect(gate.batches.map((keys) => keys.length)).toEqual([deferredOpsMax]);
    committer.defer([put('z')]);
    const closed = committer.close();
    await gate.started();
    await gate.release();
    await closed;
    expect(gate.batches.at(-1)).toEqual(['z']);
  });

  it('defer: in a quiet store they get a batch of their own after a while', async () => {
    const gate = createGate();
    const ports = new FakePorts();
    const committer = await openCommitter(gate.kv, ports);
    committer.defer([put('x')]);
    await ports.advance(deferredMsMax - 1);
    expect(gate.batches).toEqual([]);
    await ports.advance(1);
    expect(gate.batches).toEqual([['x']]);
    await gate.release();
    await committer.idle();
    expect(ports.timerCount).toBe(0);
  });

  it('failure: everyone who waits and everyone later is STORE_IO, and it is told once', async () => {
    const gate = createGate();
    const told: AppError[] = [];
    const ports = new FakePorts();
    const onFailure = (error: AppError) => told.push(error);
    const committer = new Committer({ kv: gate.kv, ports, onFailure });
    const inFlight = committer.commit([put('a')]);
    await gate.started();
    const commits = [inFlight, committer.commit([put('b')]), committer.commit([put('c')])];
    const results = Promise.allSettled(commits);
    await gate.fail(new Error('no space left'));
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_IO' } });
    }
    await expect(committer.commit([put('d')])).rejects.toMatchObject({ code: 'STORE_IO' });
    await committer.idle();
    await committer.close();
    expect(told).toMatchObject([{ code: 'STORE_IO', cause: { message: 'no space left' } }]);
    expect(gate.batches).toEqual([['a']]);
  });

  it('failure: what was acknowledged before it is there when the store is opened again', async () => {
    const disk = instantDisk();
    const kv = await openMemoryKv(disk);
    const committer = await openCommitter(kv);
    await committer.commit([put('a')]);
    disk.failNext();
    await expect(committer.commit([put('b')])).rejects.toMatchObject({ code: 'STORE_IO' });
    await kv.close();
    const again = await openMemoryKv(disk);
    expect((await again.range(whole)).map(({ key }) => key)).toEqual(['a']);
  });

  it('failure: more than may ever wait is one, STORE_FULL to all who wait and come', async () => {
    const gate = createGate();
    const told: AppError[] = [];
    const committer = new Committer({
      kv: gate.kv,
      ports: new FakePorts(),
      onFailure: (error) => told.push(error),
    });
    const first = committer.commit([put('a')]);
    await gate.started();
    const value = new Uint8Array(commitWaitingBytesMax);
    const large = committer.commit([{ type: 'put', key: 'b', value }]);
    const results = Promise.allSettled([large, committer.commit([put('c')])]);
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FULL' } });
    }
    await gate.release();
    await first;
    expect(told).toMatchObject([{ code: 'STORE_FULL' }]);
  });

  it('idle: resolves at once without work, and after all the work there is', async () => {
    const gate = createGate();
    const committer = await openCommitter(gate.kv);
    await committer.idle();
    let isIdle = false;
    void committer.commit([put('a')]);
    await gate.started();
    void committer.commit([put('b')]);
    const idle = committer.idle().then(() => {
      isIdle = true;
    });
    await gate.release();
    await gate.started();
    expect(isIdle).toBe(false);
    await gate.release();
    await idle;
    expect(gate.batches).toEqual([['a'], ['b']]);
  });

  it('close: what was taken is committed, what comes later is STORE_IO; may be repeated', async () => {
    const kv = await openMemoryKv(instantDisk());
    const committer = await openCommitter(kv);
    const taken = committer.commit([put('a')]);
    const closing = [committer.close(), committer.close()];
    await expect(committer.commit([put('b')])).rejects.toMatchObject({ code: 'STORE_IO' });
    await Promise.all([taken, ...closing]);
    expect((await kv.range(whole)).map(({ key }) => key)).toEqual(['a']);
  });

  it('crash: acknowledged commits are kept over 100 seeds, and the rest is a prefix of the calls', async () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const world = createWorld(seed);
      const disk = new MemoryDisk({ ...world, syncMs: [1, 5] });
      const committer = await openCommitter(await openMemoryKv(disk));
      let ackedCount = 0;
      for (let n = 0; n < 20; n += 1) {
        const key = `k${String(n).padStart(2, '0')}`;
        const count = (): void => {
          ackedCount += 1;
        };
        void committer.commit([put(key), put(`${key}+`)]).then(count, () => undefined);
        if (world.random.fraction() < 0.4) await world.step();
      }
      disk.crash();
      const kept = await (await openMemoryKv(disk)).range(whole);
      expect(kept.length).toBeGreaterThanOrEqual(2 * ackedCount);
      const prefix = Array.from(
        { length: kept.length / 2 },
        (_, n) => `k${String(n).padStart(2, '0')}`,
      );
      expect(kept.map(({ key }) => key)).toEqual(prefix.flatMap((key) => [key, `${key}+`]));
    }
  });
});

const whole = { gte: '', lt: '\u{10FFFF}', countMax: 1e6, order: 'ascending' } as const;

async function openCommitter(kv: Kv, ports = new FakePorts()): Promise<Committer> {
  return new Committer({ kv, ports, onFailure: () => undefined });
}

function put(key: string): KvOp {
  return { type: 'put', key, value: new Uint8Array(1) };
}

/** A store whose batches wait until the test lets each one through. */
function createGate() {
  const batches: string[][] = [];
  const durabilities: Durability[] = [];
  const open: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let onStart: () => void = () => {};
  const kv: Kv = {
    get: async () => undefined,
    range: async () => [],
    snapshot: () => Promise.reject(new Error('nobody asks')),
    close: async () => {},
    batch(ops, durability) {
      batches.push(ops.map(({ key }) => key));
      durabilities.push(durability);
      return new Promise((resolve, reject) => {
        open.push({ resolve, reject });
        onStart();
      });
    },
  };
  const started = (): Promise<void> =>
    new Promise((resolve) => {
      onStart = resolve;
      if (open.length > 0) resolve();
    });
  return {
    kv,
    batches,
    durabilities,
    /** Resolves when a batch waits to be let through. */
    started,
    async release(): Promise<void> {
      await started();
      open.shift()?.resolve();
    },
    async fail(error: Error): Promise<void> {
      await started();
      open.shift()?.reject(error);
    },
  };
}
