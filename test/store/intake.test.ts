/*
 * The intake: nothing extra while all is well, and care after a process that did not end by itself.
 */
import { describe, expect, test } from 'vitest';
import { windowFramesMax } from '../../protocol/limits.ts';
import { Committer } from '../../store/committer.ts';
import { closeStore, openStore } from '../../store/format.ts';
import { Intake, type TakeHow } from '../../store/intake.ts';
import { applyingKey, receivedKey } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { instantDisk, type MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import { openPeerStreams, type PeerStreams, type StreamRow } from '../../store/peer-streams.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { createWorld } from './world.ts';

const stream = { peer: 'ab'.repeat(32), store: 'c'.repeat(32) };
const key = applyingKey(stream);

/** A process that takes messages until one kills it. */
interface Life {
  readonly taken: string[];
  readonly batches: string[][];
  readonly streams: PeerStreams;
  /** Resolves when the rows are taken, or never: then the process is dead. */
  deliver(count: number): Promise<'taken' | 'dead'>;
}

/** What a handler does: `dies` never returns, `fails` lets the commit fail. */
type Fate = (seq: number, how: TakeHow) => 'lives' | 'dies';

async function begin(disk: MemoryDisk, fate: Fate, isAfterCrash: boolean): Promise<Life> {
  const inner = await openMemoryKv(disk);
  const batches: string[][] = [];
  let kill: () => void = () => undefined;
  const dead = new Promise<'dead'>((resolve) => {
    kill = () => resolve('dead');
  });
  let isDead = false;
  const kv: Kv = {
    get: (name) => inner.get(name),
    range: (range) => inner.range(range),
    snapshot: () => inner.snapshot(),
    batch: (ops: readonly KvOp[], durability) => {
      // A dead process writes nothing more.
      if (isDead) return new Promise(() => undefined);
      batches.push(ops.map((op) => `${op.type} ${op.key.split('/')[0]} ${durability}`));
      return inner.batch(ops, durability);
    },
    close: () => inner.close(),
  };
  const streams = await openPeerStreams(kv, stream);
  const intake = new Intake({ kv, peer: stream.peer, streams, isAfterCrash });
  const taken: string[] = [];
  const take = async (rows: readonly StreamRow[], how: TakeHow) => {
    for (const { seq } of rows) {
      taken.push(`${seq} ${how}`);
      if (fate(seq, how) === 'lives') continue;
      isDead = true;
      kill();
      throw new Error('what the process died of');
    }
    const last = rows.at(-1)?.seq ?? 0;
    await kv.batch([streams.planReceived(last)], 'synced');
  };
  const deliver = (count: number) => {
    const first = streams.counts.received + 1;
    const rows = Array.from({ length: count }, (_, at) => ({
      seq: first + at,
      bytes: Uint8Array.of(1),
    }));
    const done = intake.take(stream.store, rows, take).then(() => 'taken' as const);
    return Promise.race([done, dead]).catch(() => 'dead' as const);
  };
  return { taken, batches, streams, deliver };
}

/** Lives one after the other on one disk, each killed by what it takes; gives what each took. */
async function liveOn(fate: Fate, lives: number, count: number): Promise<readonly string[][]> {
  const disk = instantDisk();
  const all: string[][] = [];
  for (let life = 0; life < lives; life += 1) {
    const { taken, deliver } = await begin(disk, fate, life > 0);
    const end = await deliver(count);
    all.push(taken);
    if (end === 'taken') break;
    // The process died and the box did not: what was written stays.
    disk.undos.length = 0;
    disk.crash();
  }
  return all;
}

describe('intake', () => {
  test('intake: without a crash before, rows are taken in one piece and nothing is noted', async () => {
    const life = await begin(instantDisk(), () => 'lives', false);
    expect(await life.deliver(5)).toBe('taken');
    expect(life.taken).toEqual(['1 apply', '2 apply', '3 apply', '4 apply', '5 apply']);
    expect(life.batches).toEqual([['put r synced']]);
  });

  test('intake: after a crash each message is noted before it is taken, and the note goes', async () => {
    const disk = instantDisk();
    const life = await begin(disk, () => 'lives', true);
    expect(await life.deliver(2)).toBe('taken');
    const each = [['put p buffered'], ['put r synced'], ['del p buffered']];
    const sorted = (batches: readonly string[][]) => batches.map(String).toSorted();
    expect(sorted(life.batches)).toEqual(sorted([...each, ...each]));
    expect(disk.rows.get(key)).toBeUndefined();
    expect(disk.rows.get(receivedKey(stream))).toBeDefined();
  });

  test('intake: a message that kills three processes is set aside by the fourth, and the rest is taken', async () => {
    const lives = await liveOn(
      (seq, how) => (seq === 3 && how === 'apply' ? 'dies' : 'lives'),
      9,
      5,
    );
    expect(lives).toHaveLength(4);
    expect(lives[3]).toEqual(['3 quarantine', '4 apply', '5 apply', '6 apply', '7 apply']);
  });

  test('intake: where settling kills too, the message is only buried', async () => {
    const lives = await liveOn(
      (seq, how) => (seq === 1 && how !== 'bury' ? 'dies' : 'lives'),
      9,
      1,
    );
    expect(lives.map((taken) => taken.at(-1))).toEqual([
      '1 apply',
      '1 apply',
      '1 apply',
      '1 quarantine',
      '1 bury',
    ]);
  });

  test('intake: two messages that kill are set aside one after the other', async () => {
    const fate: Fate = (seq, how) => ([2, 4].includes(seq) && how === 'apply' ? 'dies' : 'lives');
    const lives = await liveOn(fate, 12, 5);
    expect(lives.flat().filter((line) => line.endsWith('quarantine'))).toEqual([
      '2 quarantine',
      '4 quarantine',
    ]);
    expect(lives.at(-1)?.at(-1)).toMatch(/apply$/);
  });

  test('intake: once a handler has returned its note goes ahead of its commit', async () => {
    const inner = await openMemoryKv(instantDisk());
    const batches: string[] = [];
    const kv: Kv = {
      get: (name) => inner.get(name),
      range: (range) => inner.range(range),
      snapshot: () => inner.snapshot(),
      batch: (ops, durability) => {
        batches.push(...ops.map((op) => `${op.type} ${op.key.split('/')[0]}`));
        return inner.batch(ops, durability);
      },
      close: () => inner.close(),
    };
    const streams = await openPeerStreams(kv, stream);
    const committer = new Committer({
      kv,
      ports: new FakePorts(),
      onFailure: () => undefined,
    });
    const intake = new Intake({ kv, peer: stream.peer, streams, isAfterCrash: true });
    await intake.take(stream.store, [{ seq: 1, bytes: Uint8Array.of(1) }], (rows) =>
      committer.commit([streams.planReceived(rows.length)]),
    );
    // A kill while the commit is under way must not count against the message.
    expect(batches).toEqual(['put p', 'del p', 'put r']);
  });

  test('intake: beyond one window the care is over', async () => {
    const life = await begin(instantDisk(), () => 'lives', true);
    await life.deliver(windowFramesMax);
    life.batches.length = 0;
    await life.deliver(3);
    expect(life.batches).toEqual([['put r synced']]);
  });

  test('intake: rows of another store of the peer are taken as they come', async () => {
    const kv = await openMemoryKv(instantDisk());
    const streams = await openPeerStreams(kv, stream);
    const intake = new Intake({ kv, peer: stream.peer, streams, isAfterCrash: true });
    const taken: string[] = [];
    await intake.take('d'.repeat(32), [{ seq: 1, bytes: Uint8Array.of(1) }], async (rows, how) => {
      taken.push(`${rows.length} ${how}`);
    });
    expect(taken).toEqual(['1 apply']);
    expect(await kv.get(applyingKey({ peer: stream.peer, store: 'd'.repeat(32) }))).toBeUndefined();
  });
});

describe('the end of an incarnation', () => {
  test('open: only an incarnation that said so ended by itself', async () => {
    const disk = instantDisk();
    const { random } = createWorld(1);
    const open = async () => openStore(await openMemoryKv(disk), random);
    const first = await open();
    expect(first.isAfterCrash).toBe(false);
    disk.crash();
    const second = await open();
    expect(second.isAfterCrash).toBe(true);
    disk.crash();
    const kv = await openMemoryKv(disk);
    const third = await openStore(kv, random);
    await closeStore(kv, third, new Promise(() => undefined));
    const fourth = await open();
    expect(fourth.isAfterCrash).toBe(false);
    disk.crash();
    expect((await open()).isAfterCrash).toBe(true);
  });
});
