/*
 * The agent's desk: what it was told, what it does and what it owes go to disk in one batch.
 */
import { describe, expect, test } from 'vitest';
import { readHeld } from '../../agent/attempts.ts';
import { attemptsKeptMax, receiptWaitMs } from '../../agent/limits.ts';
import { attemptsHeldMax } from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { heldKey, outboxKey, quarantineKey, receivedKey } from '../../store/keys.ts';
import { openPeerStreams } from '../../store/peer-streams.ts';
import { readQuarantine } from '../../store/quarantine.ts';
import { assign, type Bench, cancel, hub, hubStore, openBench, processMark } from './desk-bench.ts';

const stream = { peer: hub, store: hubStore };

async function run(bench: Bench, attempt: AttemptId): Promise<void> {
  await bench.desk.step(attempt, { type: 'start' });
  await bench.desk.step(attempt, { type: 'spawned', at: 5, process: processMark });
}

async function finish(bench: Bench, attempt: AttemptId): Promise<void> {
  await run(bench, attempt);
  await bench.desk.step(attempt, { type: 'exited', at: 9, usage: { exitCode: 0 } });
}

/** The same home after the process was killed. */
async function restart(bench: Bench): Promise<Bench> {
  bench.disk.crash();
  return openBench(bench.disk);
}

describe('desk', () => {
  test('desk: an assign, its row, its report and the mark are one batch, told after it', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    expect(bench.batches).toEqual([
      [`put ${outboxKey(stream, 1)}`, `put ${receivedKey(stream)}`, `put ${heldKey(1)}`],
    ]);
    expect(bench.asked).toEqual(['queued accepted']);
    expect(await bench.readFacts()).toMatchObject([{ kind: 'accepted', attempt: 'J1.1' }]);
    expect(bench.desk.inventory()).toEqual([{ attempt: 'J1.1', state: 'accepted' }]);
  });

  test('desk: an end that comes when the store is closing is not on the disk without its report', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'), assign('J2.1'));
    await run(bench, 'J1.1');
    // Under way, and not sealed yet, when the store begins to close.
    const earlier = bench.desk.step('J2.1', { type: 'start' });
    const closed = bench.close();
    const end = bench.desk.step('J1.1', { type: 'exited', at: 9, usage: { exitCode: 0 } });
    await expect(end).rejects.toMatchObject({ code: 'STORE_IO' });
    await Promise.all([earlier, closed]);
    const again = await restart(bench);
    expect(again.desk.inventory()).toMatchObject([
      { attempt: 'J1.1', state: 'running' },
      { attempt: 'J2.1', state: 'starting' },
    ]);
  });

  test('desk: the same assign again adds nothing but the mark', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    await bench.take(assign('J1.1'));
    expect(await bench.readFacts()).toHaveLength(1);
    expect(bench.batches[1]).toEqual([`put ${receivedKey(stream)}`]);
  });

  test('desk: a cancel in the same delivery ends it before it starts', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'), cancel('J1.1'));
    expect(bench.batches).toHaveLength(1);
    expect(await bench.readFacts()).toMatchObject([
      { kind: 'accepted' },
      { kind: 'finished', outcome: 'cancelled', logBytes: 42 },
    ]);
    await bench.desk.step('J1.1', { type: 'start' });
    expect(bench.desk.find('J1.1')?.state.is).toBe('finished');
  });

  test('desk: a running process is asked to end only after that is on disk', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    await run(bench, 'J1.1');
    const taken = bench.take(cancel('J1.1'));
    expect(bench.asked).not.toContain('end J1.1');
    await taken;
    expect(bench.asked.at(-1)).toBe('end J1.1');
    expect((await readHeld(bench.kv))[0]?.state).toMatchObject({
      is: 'running',
      endCause: 'cancel',
    });
  });

  test('desk: an attempt leaves accepted on disk before any process can exist', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    await bench.desk.step('J1.1', { type: 'start' });
    expect((await readHeld(bench.kv))[0]?.state.is).toBe('starting');
  });

  test('desk: a cancel never changes what has finished', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    const before = bench.desk.find('J1.1');
    await bench.take(cancel('J1.1'));
    expect(bench.desk.find('J1.1')).toEqual(before);
    expect((await bench.readFacts()).map((fact) => fact.kind)).toEqual([
      'accepted',
      'started',
      'finished',
    ]);
  });

  test('desk: after a kill, what may have run is lost, what had not waits on', async () => {
    const first = await openBench();
    await first.take(assign('J1.1'), assign('J2.1'), assign('J3.1'), assign('J4.1'));
    await first.desk.step('J2.1', { type: 'start' });
    await run(first, 'J3.1');
    await finish(first, 'J4.1');
    const bench = await restart(first);
    for (const held of bench.desk.list())
      await bench.desk.step(held.attempt, { type: 'restart', at: 50 });
    expect(bench.asked).toEqual(['queued finished', 'queued finished']);
    expect(bench.desk.inventory().map((row) => row.state)).toEqual([
      'accepted',
      'finished',
      'finished',
      'finished',
    ]);
    const outcomes = (await bench.readFacts()).flatMap((fact) =>
      fact.kind === 'finished' ? [`${fact.attempt} ${fact.outcome}`] : [],
    );
    expect(outcomes).toEqual(['J4.1 succeeded', 'J2.1 lost', 'J3.1 lost']);
  });

  test('desk: a message that cannot be read is kept aside and the stream goes on', async () => {
    const bench = await openBench();
    const poison = Uint8Array.of(0xc1, 1, 2);
    await bench.desk.take([{ seq: 1, bytes: poison }]);
    await bench.take(assign('J1.1'));
    expect(await readQuarantine(bench.kv, 9)).toMatchObject([
      { key: quarantineKey(hub, 1), bytes: poison },
    ]);
    expect(bench.desk.streams?.counts.received).toBe(2);
    expect(bench.desk.find('J1.1')?.state.is).toBe('accepted');
  });

  test('desk: a cancel or an event of an attempt that is not held does nothing', async () => {
    const bench = await openBench();
    await bench.take(cancel('J9.1'));
    await bench.desk.step('J9.1', { type: 'start' });
    expect(bench.batches).toEqual([[`put ${receivedKey(stream)}`]]);
    expect(bench.asked).toEqual([]);
  });

  test('desk: a box without room refuses new work with the code, and keeps what it holds', async () => {
    const { desk, take, readFacts, refusal } = await openBench();
    await take(assign('J1.1'));
    refusal.code = 'DISK_LOW';
    await take(assign('J1.1'), assign('J2.1'));
    expect(desk.list().map(({ attempt }) => attempt)).toEqual(['J1.1']);
    expect((await readFacts()).at(-1)).toMatchObject({
      kind: 'finished',
      attempt: 'J2.1',
      outcome: 'refused',
      code: 'DISK_LOW',
    });
    refusal.code = undefined;
    await take(assign('J3.1'));
    expect(desk.list()).toHaveLength(2);
  });

  test('desk: an attempt too many is refused with its code and not held', async () => {
    const bench = await openBench();
    const ids = Array.from({ length: attemptsHeldMax }, (_, index): AttemptId => `J${index + 1}.1`);
    await bench.take(...ids.map(assign));
    await bench.take(assign('J9999.1'));
    expect(bench.desk.list()).toHaveLength(attemptsHeldMax);
    expect((await bench.readFacts()).at(-1)).toMatchObject({
      kind: 'finished',
      attempt: 'J9999.1',
      outcome: 'refused',
      code: 'JOB_FULL',
      logBytes: 0,
    });
  });

  test('desk: what only waits for its log to leave takes no place, is stated last, and has an end too', async () => {
    const bench = await openBench();
    const ids = (from: number, count: number) =>
      Array.from({ length: count }, (_, at): AttemptId => `J${from + at}.1`);
    const ended = ids(1, attemptsHeldMax);
    await bench.take(...ended.map(assign));
    for (const id of ended) {
      await bench.desk.step(id, { type: 'end', at: 5, cause: 'cancel' });
    }
    await bench.take(assign('J9000.1'));
    expect(bench.desk.find('J9000.1')).toBeUndefined();
    // The hub has all reports and no log.
    bench.desk.acked(10_000);
    expect(bench.desk.owes(attemptsHeldMax)).toBe(true);
    expect(bench.desk.owes(attemptsHeldMax + 1)).toBe(false);
    await bench.take(assign('J9001.1'));
    expect(bench.desk.find('J9001.1')).toBeDefined();
    const inventory = bench.desk.inventory();
    expect(inventory[0]).toEqual({ attempt: 'J9001.1', state: 'accepted' });
    expect(inventory).toHaveLength(attemptsHeldMax);
    await bench.take(...ids(10_000, attemptsKeptMax).map(assign));
    expect(bench.desk.list()).toHaveLength(attemptsKeptMax);
    expect((await bench.readFacts()).at(-1)).toMatchObject({ code: 'JOB_FULL' });
    // And all of it is found again.
    expect(await readHeld(bench.kv)).toHaveLength(attemptsKeptMax);
  });

  test('desk: it forgets an attempt once the hub has its report and its log, not before', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    bench.desk.logDelivered('J1.1');
    await finish(bench, 'J1.1');
    bench.desk.acked(2);
    bench.desk.logDelivered('J1.1');
    expect(bench.desk.find('J1.1')).toBeDefined();
    bench.desk.acked(3);
    bench.desk.logDelivered('J1.1');
    expect(bench.desk.find('J1.1')).toBeUndefined();
    expect(bench.asked.at(-1)).toBe('forgotten J1.1');
  });

  test.each([0, 42])(
    'desk: an attempt that printed %s bytes and left files is held until the hub has the files too',
    async (printed) => {
      const bench = await openBench();
      const kept = [{ path: 'a', bytes: 1, sha256: 'ab'.repeat(32) }];
      Object.assign(bench, { printed, brought: { kept, missed: [] }, owesFiles: true });
      await bench.take(assign('J1.1'));
      await finish(bench, 'J1.1');
      expect((await bench.readFacts()).at(-1)).toMatchObject({ artifacts: { kept } });
      bench.desk.acked(3);
      bench.desk.logDelivered('J1.1');
      expect(bench.desk.find('J1.1')).toMatchObject({ artifacts: { kept } });
      bench.owesFiles = false;
      bench.desk.artifactsDelivered('J1.1');
      expect(bench.desk.find('J1.1') === undefined).toBe(printed === 0);
      bench.desk.logDelivered('J1.1');
      expect(bench.desk.find('J1.1')).toBeUndefined();
    },
  );

  test('desk: an attempt that printed nothing is forgotten with the ack of its report', async () => {
    const bench = await openBench();
    bench.printed = 0;
    await bench.take(assign('J1.1'), assign('J2.1'));
    await finish(bench, 'J2.1');
    await finish(bench, 'J1.1');
    bench.desk.acked(4);
    expect(bench.desk.list().map((held) => held.attempt)).toEqual(['J1.1']);
    bench.desk.acked(6);
    expect(bench.desk.list()).toEqual([]);
    expect(bench.asked.slice(-2)).toEqual(['forgotten J2.1', 'forgotten J1.1']);
  });

  test('desk: one that ended silently before a restart is forgotten with the ack that comes after', async () => {
    const bench = await openBench();
    bench.printed = 0;
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    bench.disk.crash();
    const again = await openBench(bench.disk);
    expect(again.desk.list()).toHaveLength(1);
    again.desk.acked(3);
    expect(again.desk.list()).toEqual([]);
  });

  test('desk: what is forgotten leaves the disk with the next batch that is written', async () => {
    const bench = await openBench();
    bench.printed = 0;
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    const count = bench.batches.length;
    bench.desk.acked(3);
    expect(bench.batches).toHaveLength(count);
    await bench.take(assign('J2.1'));
    expect((await readHeld(bench.kv)).map((held) => held.attempt)).toEqual(['J2.1']);
    expect(await bench.readFacts()).toMatchObject([{ kind: 'accepted', attempt: 'J2.1' }]);
  });

  test('desk: a hub with another store gets nothing of the old one, and what runs is ended', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'), assign('J2.1'));
    await run(bench, 'J2.1');
    const other = { peer: hub, store: 'd'.repeat(32) };
    await bench.desk.adopt(await openPeerStreams(bench.kv, other), []);
    expect(bench.desk.list()).toEqual([]);
    expect(await readHeld(bench.kv)).toEqual([]);
    expect(bench.asked).toEqual(
      expect.arrayContaining(['end J2.1', 'forgotten J1.1', 'forgotten J2.1']),
    );
    await bench.take(assign('J1.1'));
    expect(bench.batches.at(-1)).toContain(`put ${outboxKey(other, 1)}`);
  });

  test('desk: a store of the hub that is known already ends nothing, whichever link brings the news again', async () => {
    const bench = await openBench();
    const other = { peer: hub, store: 'd'.repeat(32) };
    const streams = await bench.desk.adopt(await openPeerStreams(bench.kv, other), []);
    await bench.take(assign('J1.1'));
    await run(bench, 'J1.1');
    const again = await bench.desk.adopt(await openPeerStreams(bench.kv, other), []);
    expect(again).toBe(streams);
    expect(bench.asked).toEqual(['queued accepted', 'queued started']);
    expect(bench.desk.find('J1.1')?.state.is).toBe('running');
  });
});

/** A desk whose hub takes whole reports, with free slots. */
async function openWhole(): Promise<Bench> {
  const bench = await openBench();
  bench.desk.noteHub({ takesWhole: true });
  bench.onTaken = () => {
    for (const { attempt } of bench.desk.list()) void bench.desk.step(attempt, { type: 'start' });
  };
  return bench;
}

describe('desk, whole reports', () => {
  test('desk: what ends soon is one message, which says when it was accepted and started', async () => {
    const bench = await openWhole();
    const acceptedAt = bench.ports.clock.wallMs();
    await bench.take(assign('J1.1'));
    const first = [`put ${heldKey(1)}`, `put ${receivedKey(stream)}`];
    expect(new Set(bench.batches[0])).toEqual(new Set(first));
    await bench.ports.advance(receiptWaitMs / 2);
    await finish(bench, 'J1.1');
    await bench.ports.advance(10 * receiptWaitMs);
    expect(await bench.readFacts()).toMatchObject([{ kind: 'finished', acceptedAt, startedAt: 5 }]);
    expect(bench.asked).toEqual(['queued finished']);
  });

  test('desk: what runs on is reported as started after a moment, and its end by itself', async () => {
    const bench = await openWhole();
    const acceptedAt = bench.ports.clock.wallMs();
    await bench.take(assign('J1.1'));
    await run(bench, 'J1.1');
    expect(await bench.readFacts()).toEqual([]);
    await bench.ports.advance(receiptWaitMs);
    expect(await bench.readFacts()).toEqual([
      { kind: 'started', attempt: 'J1.1', at: 5, acceptedAt },
    ]);
    await finish(bench, 'J1.1');
    expect(bench.asked).toEqual(['queued started', 'queued finished']);
  });

  test('desk: a spawn that takes long is reported as accepted meanwhile', async () => {
    const bench = await openWhole();
    await bench.take(assign('J1.1'));
    await bench.ports.advance(receiptWaitMs);
    expect(bench.asked).toEqual(['queued accepted']);
    await run(bench, 'J1.1');
    await bench.ports.advance(receiptWaitMs);
    expect(bench.asked).toEqual(['queued accepted', 'queued started']);
  });

  test('desk: what waits for a slot is reported as accepted in the batch that takes it', async () => {
    const bench = await openWhole();
    bench.onTaken = () => undefined;
    await bench.take(assign('J1.1'));
    expect(bench.batches).toHaveLength(1);
    expect(bench.asked).toEqual(['queued accepted']);
    await bench.ports.advance(receiptWaitMs);
    expect(bench.asked).toHaveLength(1);
  });

  test('desk: what was not said when the process died is said by its loss', async () => {
    const bench = await openWhole();
    await bench.take(assign('J1.1'));
    const again = await restart(bench);
    await again.desk.step('J1.1', { type: 'restart', at: 7 });
    expect(await again.readFacts()).toMatchObject([{ kind: 'finished', outcome: 'lost' }]);
  });

  test('desk: nothing is said to another store of the hub, nor after the end', async () => {
    const bench = await openWhole();
    await bench.take(assign('J1.1'));
    const streams = await openPeerStreams(bench.kv, { peer: hub, store: 'd'.repeat(32) });
    await bench.desk.adopt(streams, []);
    await bench.take(assign('J2.1'));
    bench.desk.stop();
    await bench.ports.advance(receiptWaitMs);
    expect(bench.asked).toEqual(['forgotten J1.1']);
  });
});
