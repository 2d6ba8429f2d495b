/*
 * The store that mends itself, over a store whose every act the test decides: reads that fail, and
 * stores that come back with other rows than were acknowledged.
 */
import { describe, expect, it } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import { tailKey } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { reopenMsMax } from '../../store/limits.ts';
import { openReopeningKv } from '../../store/reopen.ts';
import { FakePorts, settle } from '../protocol/fake-ports.ts';

describe('reopening store', () => {
  it('read: one that failed is asked again of a store opened anew; one that always fails is told', async () => {
    const script = openScript();
    const kv = await script.open();
    script.failReads(1);
    const reading = kv.get('a');
    await script.pass();
    expect(await reading).toBeUndefined();
    expect([script.openings, kv.health]).toEqual([2, { is: 'sound' }]);
    script.failReads(Number.POSITIVE_INFINITY);
    const failing = expect(kv.get('a')).rejects.toMatchObject({ code: 'STORE_IO' });
    await script.pass();
    await failing;
  });

  it.each([
    [0, 'fewer than were acknowledged'],
    [4, 'more than were ever tried'],
  ])('damage: a store that comes back with %i batches, %s, is never used again', async (found) => {
    const script = openScript();
    const kv = await script.open();
    await kv.batch([put('a')], 'synced');
    await kv.batch([put('b')], 'synced');
    script.failWrites(1);
    script.comesBackWith(found);
    const batches = [kv.batch([put('c')], 'synced'), kv.batch([put('d')], 'synced')];
    const results = Promise.allSettled(batches);
    await script.pass();
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_DAMAGED' } });
    }
    await expect(kv.damaged).resolves.toMatchObject({ code: 'STORE_DAMAGED' });
    await expect(kv.batch([put('e')], 'synced')).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(script.openings).toBe(2);
  });

  it.each([2, 3])(
    'damage: a store that comes back with %i batches of 2 and one tried is sound',
    async (found) => {
      const script = openScript();
      const kv = await script.open();
      await kv.batch([put('a')], 'synced');
      await kv.batch([put('b')], 'synced');
      script.failWrites(1);
      script.comesBackWith(found);
      const writing = kv.batch([put('c')], 'synced');
      await script.pass();
      await writing;
      expect(script.tail).toBe(3);
    },
  );

  it('damage: what LevelDB calls corrupt is not tried again', async () => {
    const script = openScript();
    const kv = await script.open();
    script.failWrites(1, new AppError('STORE_DAMAGED'));
    await expect(kv.batch([put('a')], 'synced')).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(script.openings).toBe(1);
  });
});

/** A store of one row, its mark, that does what the test says. */
function openScript() {
  const ports = new FakePorts();
  const mark = { tail: undefined as number | undefined, next: undefined as number | undefined };
  const failures = { reads: 0, writes: 0, error: new AppError('STORE_IO', 'scripted') };
  const script = {
    openings: 0,
    get tail() {
      return mark.tail;
    },
    failReads: (count: number) => {
      failures.reads = count;
    },
    failWrites: (count: number, error = failures.error) => {
      Object.assign(failures, { writes: count, error });
    },
    /** What the mark says after the next opening. */
    comesBackWith: (tail: number) => {
      mark.next = tail;
    },
    pass: () => pass(ports),
    open: () =>
      openReopeningKv({
        ports,
        makeRoom: async () => undefined,
        changed: () => undefined,
        open: async () => openInner(),
      }),
  };
  const read = async (key: string) => {
    if (key === tailKey) return mark.tail === undefined ? undefined : Uint8Array.of(mark.tail);
    failures.reads -= 1;
    if (failures.reads >= 0) throw new AppError('STORE_IO', 'scripted');
    return undefined;
  };
  const openInner = (): Kv => {
    script.openings += 1;
    if (script.openings > 1) mark.tail = mark.next ?? mark.tail;
    return {
      get: read,
      range: async () => [],
      snapshot: () => Promise.reject(new Error('nobody asks')),
      close: async () => undefined,
      batch: async (ops) => {
        failures.writes -= 1;
        if (failures.writes >= 0) throw failures.error;
        const op = ops.at(-1);
        mark.tail = op?.type === 'put' ? op.value[0] : mark.tail;
      },
    };
  };
  return script;
}

async function pass(ports: FakePorts): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await settle();
    await ports.advance(reopenMsMax);
  }
  await settle();
}

function put(key: string, value = 'x'): KvOp {
  return { type: 'put', key, value: new TextEncoder().encode(value) };
}
