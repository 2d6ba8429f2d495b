/*
 * The intake: nothing extra while all is well, and care after a process that did not end by itself.
 */
import { describe, expect, test } from 'vitest';
import { windowFramesMax } from '../../protocol/limits.ts';
import { closeStore, openStore } from '../../store/format.ts';
import { type HandNote, openMemoryHandNote } from '../../store/hand-note.ts';
import { type InHand, openInHand } from '../../store/in-hand.ts';
import { Intake, type TakeHow, type TakeRows } from '../../store/intake.ts';
import { applyingKey, receivedKey } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { instantDisk, type MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import { openPeerStreams, type PeerStreams, type StreamRow } from '../../store/peer-streams.ts';
import { createWorld } from './world.ts';

const stream = { peer: 'ab'.repeat(32), store: 'c'.repeat(32) };
const key = applyingKey(stream);

/** What outlives a process: its disk, its hand note, and how often it was started. */
interface Box {
  readonly disk: MemoryDisk;
  readonly handNote: HandNote;
  startCount: number;
}

/** A process that takes messages until one kills it, or somebody else does. */
interface Life {
  readonly taken: string[];
  readonly batches: string[][];
  readonly streams: PeerStreams;
  /** Resolves when the rows are taken, or never: then the process is dead. */
  deliver(count: number): Promise<'taken' | 'dead'>;
}

/**
 * What becomes of the process at a message: its handler `dies`; or it `lives`; or it has returned, the
 * disk takes nothing from then on (`waits`), and the process is killed from outside.
 */
type Fate = (seq: number, how: TakeHow) => 'lives' | 'dies' | 'waits';

function makeBox(): Box {
  return { disk: instantDisk(), handNote: openMemoryHandNote(), startCount: 0 };
}

/** Every start but the first is after a crash. */
function openHands({ handNote, startCount }: Box, kv: Kv): Promise<InHand> {
  const isAfterCrash = startCount > 1;
  const identity = { storeId: 'ef'.repeat(16), incarnation: startCount, isAfterCrash };
  return openInHand({ kv, handNote }, identity);
}

async function begin(box: Box, fate: Fate): Promise<Life> {
  box.startCount += 1;
  const inner = await openMemoryKv(box.disk);
  const batches: string[][] = [];
  let kill: () => void = () => undefined;
  const dead = new Promise<'dead'>((resolve) => {
    kill = () => resolve('dead');
  });
  let isStuck = false;
  const kv: Kv = {
    get: (name) => inner.get(name),
    range: (range) => inner.range(range),
    snapshot: () => inner.snapshot(),
    batch: (ops: readonly KvOp[], durability) => {
      // A dead process writes nothing more, and a disk that fails takes nothing.
      if (isStuck) return new Promise(() => undefined);
      batches.push(ops.map((op) => `${op.type} ${op.key.split('/')[0]} ${durability}`));
      return inner.batch(ops, durability);
    },
    close: () => inner.close(),
  };
  let isDead = false;
  const write = (word: string) => {
    if (!isDead) box.handNote.write(word);
  };
  const inHand = await openHands({ ...box, handNote: { ...box.handNote, write } }, kv);
  const streams = await openPeerStreams(kv, stream);
  const intake = new Intake({ kv, peer: stream.peer, streams, inHand });
  const taken: string[] = [];
  const handle = (rows: readonly StreamRow[], how: TakeHow): Promise<void> => {
    for (const { seq } of rows) {
      taken.push(`${seq} ${how}`);
      const does = fate(seq, how);
      isStuck ||= does !== 'lives';
      isDead ||= does === 'dies';
      if (does !== 'lives') kill();
    }
    if (isDead) return new Promise(() => undefined);
    return kv.batch([streams.planReceived(rows.at(-1)?.seq ?? 0)], 'synced');
  };
  const take: TakeRows = async (rows, { how, hold }) => {
    // Whoever takes it may look something up first, and pause for that.
    await Promise.resolve();
    await hold(() => handle(rows, how));
  };
  const deliver = (count: number) => {
    const first = streams.counts.received + 1;
    const rows = Array.from({ length: count }, (_, at) => ({
      seq: first + at,
      bytes: Uint8Array.of(1),
    }));
    const done = intake.take(stream.store, rows, take).then(() => 'taken' as const);
    return Promise.race([done, dead]);
  };
  return { taken, batches, streams, deliver };
}

/** Lives one after the other on one disk, each killed by what it takes; gives what each took. */
async function liveOn(fate: Fate, lives: number, count: number): Promise<readonly string[][]> {
  const box = makeBox();
  const all: string[][] = [];
  for (let life = 0; life < lives; life += 1) {
    const { taken, deliver } = await begin(box, fate);
    const end = await deliver(count);
    all.push(taken);
    if (end === 'taken') break;
    // The process died and the box did not: what was written stays.
    box.disk.undos.length = 0;
    box.disk.crash();
  }
  return all;
}

describe('intake', () => {
  test('intake: without a crash before, rows are taken in one piece and nothing is noted', async () => {
    const life = await begin(makeBox(), () => 'lives');
    expect(await life.deliver(5)).toBe('taken');
    expect(life.taken).toEqual(['1 apply', '2 apply', '3 apply', '4 apply', '5 apply']);
    expect(life.batches).toEqual([['put r synced']]);
  });

  test('intake: after a crash each message is in hand while it is taken, and no batch more is written', async () => {
    const box = { ...makeBox(), startCount: 1 };
    const held: string[] = [];
    const life = await begin(box, () => {
      held.push(box.handNote.read());
      return 'lives';
    });
    expect(await life.deliver(2)).toBe('taken');
    const { peer, store } = stream;
    expect(held).toEqual([`${peer}@${store} 1 2`, `${peer}@${store} 2 2`]);
    expect(box.handNote.read()).toBe('');
    expect(life.batches).toEqual([['put r synced'], ['put r synced']]);
    expect(box.disk.rows.get(receivedKey(stream))).toBeDefined();
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

  test('intake: a message that was handled and waits for the disk as processes end is applied at last', async () => {
    let ends = 0;
    const fate: Fate = (seq) => {
      if (seq !== 3 || ends === 6) return 'lives';
      ends += 1;
      return 'waits';
    };
    const lives = await liveOn(fate, 9, 4);
    expect(lives.flat().filter((line) => !line.endsWith('apply'))).toEqual([]);
    expect(lives.at(-1)?.at(-1)).toMatch(/apply$/);
    expect(lives).toHaveLength(7);
  });

  test('intake: what waits for the disk as processes end is not counted with what kills them', async () => {
    const fates = ['dies', 'dies', 'waits', 'waits', 'lives'] as const;
    let at = 0;
    const lives = await liveOn(() => fates[at++] ?? 'lives', 9, 1);
    expect(lives.map(String)).toEqual(['1 apply', '1 apply', '1 apply', '1 apply', '1 apply']);
  });

  test('intake: a message that was taken at last leaves no count behind', async () => {
    const fates = ['dies', 'dies', 'lives'] as const;
    let at = 0;
    const box = makeBox();
    const counted: boolean[] = [];
    for (const end of ['dead', 'dead', 'taken']) {
      const life = await begin(box, () => fates[at++] ?? 'lives');
      counted.push(box.disk.rows.get(key) !== undefined);
      expect(await life.deliver(1)).toBe(end);
      box.disk.undos.length = 0;
      box.disk.crash();
    }
    expect(counted).toEqual([false, false, true]);
    expect(box.disk.rows.get(key)).toBeUndefined();
  });

  test('intake: beyond one window the care is over', async () => {
    const box = { ...makeBox(), startCount: 1 };
    const life = await begin(box, () => 'lives');
    await life.deliver(windowFramesMax);
    life.batches.length = 0;
    await life.deliver(3);
    expect(life.batches).toEqual([['put r synced']]);
  });

  test('intake: rows of another store of the peer are taken as they come', async () => {
    const kv = await openMemoryKv(instantDisk());
    const streams = await openPeerStreams(kv, stream);
    const inHand = await openHands({ ...makeBox(), startCount: 2 }, kv);
    const intake = new Intake({ kv, peer: stream.peer, streams, inHand });
    const taken: string[] = [];
    await intake.take(
      'd'.repeat(32),
      [{ seq: 1, bytes: Uint8Array.of(1) }],
      async (rows, { how }) => {
        taken.push(`${rows.length} ${how}`);
      },
    );
    expect(taken).toEqual(['1 apply']);
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
