/*
 * The rows of the store: their keys, their codec, outbox, inbox and journal.
 *
 * All on the store in memory; the conformance suite says that the one on disk is the same.
 */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encodeValue } from '../../protocol/codec.ts';
import { planReceived, readReceived } from '../../store/inbox.ts';
import {
  checkEvent,
  JournalPage,
  planEvents,
  readEventRows,
  readEvents,
  readLastEventSeq,
} from '../../store/journal.ts';
import * as keys from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { eventsPerRowMax } from '../../store/limits.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import {
  listStreams,
  planAcked,
  planAppend,
  readAcked,
  readLastSeq,
  readOutbox,
  readRemoved,
} from '../../store/outbox.ts';
import { openPeerStreams } from '../../store/peer-streams.ts';
import { findRow, planRow, readRow } from '../../store/row-codec.ts';

const alice = { peer: 'a'.repeat(64), store: '1'.repeat(32) };
const aliceAnew = { peer: 'a'.repeat(64), store: '2'.repeat(32) };
const bob = { peer: 'b'.repeat(64), store: '1'.repeat(32) };

let kv: Kv;

beforeEach(async () => {
  kv = await openMemoryKv(instantDisk());
});

describe('keys', () => {
  it('numbers: the order of keys is the order of numbers, up to the largest', () => {
    const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(keys.eventKey(a) < keys.eventKey(b)).toBe(a < b);
        expect(keys.getSeq(keys.outboxKey(alice, a))).toBe(a);
      }),
    );
  });

  it('numbers: a negative, broken or too large number is a broken invariant', () => {
    expect(() => keys.eventKey(-1)).toThrow('invariant');
    expect(() => keys.eventKey(1.5)).toThrow('invariant');
    expect(() => keys.disownedKey('J1.1000000')).toThrow('invariant');
    expect(() => keys.jobKey('Jx' as 'J1')).toThrow('invariant');
  });

  it('ids: jobs and attempts have the keys that the format names', () => {
    expect(keys.jobKey('J12')).toBe('j/000000000012');
    expect(keys.activeJobKey('J12')).toBe('ja/000000000012');
    expect(keys.endedJobKey(5, 'J12')).toBe('je/0000000000000005/000000000012');
    expect(keys.readEndedJobKey('je/0000000000000005/000000000012')).toEqual({ at: 5, job: 'J12' });
    expect(keys.lateReportKey('J12.3', 'ab')).toBe('l/000000000012/000003/ab');
    expect(keys.decisionKey(3)).toBe('d/000000000003');
    expect(keys.openDecisionKey(3)).toBe('da/000000000003');
    expect(keys.disownedKey('J12.3')).toBe('ax/000000000012.000003');
    expect(keys.heldKey(12)).toBe('ah/0000000000000012');
    expect(keys.outboxKey(alice, 7)).toBe(`o/${alice.peer}@${alice.store}/0000000000000007`);
  });

  it('prefixRange: holds the keys of its prefix and those of no other', () => {
    const samples = [
      keys.formatKey,
      keys.storeIdKey,
      keys.incarnationKey,
      keys.metaKey('x'),
      keys.outboxKey(alice, 1),
      keys.ackedKey(alice),
      keys.receivedKey(alice),
      keys.jobKey('J1'),
      keys.activeJobKey('J1'),
      keys.endedJobKey(1, 'J1'),
      keys.lateReportKey('J1.1', 'ab'),
      keys.decisionKey(1),
      keys.openDecisionKey(1),
      keys.heldKey(1),
      keys.disownedKey('J1.1'),
      keys.dispatchKey('x'),
      keys.eventKey(1),
      keys.workerKey(alice.peer),
      keys.cockpitKey(alice.peer),
      keys.boxKey(alice.peer),
      keys.inviteKey('x'),
      keys.spawnKey('x'),
      keys.poolKey('x'),
      keys.applyingKey(alice),
      keys.quarantineKey(alice.peer, 1),
      keys.auditKey(1),
    ];
    const owners = samples.map((key) =>
      Object.keys(keys.keyPrefixes).filter((prefix) => {
        const { gte, lt } = keys.prefixRange(prefix);
        return key >= gte && key < lt;
      }),
    );
    expect(owners.every((prefixes) => prefixes.length === 1)).toBe(true);
    expect(new Set(owners.flat())).toEqual(new Set(Object.keys(keys.keyPrefixes)));
  });

  it('prefixRange: a stream does not hold the rows of one that begins like it', () => {
    const longer = { ...alice, store: `${alice.store}0` };
    const { gte, lt } = keys.prefixRange(keys.outboxPrefix(alice));
    const key = keys.outboxKey(longer, 1);
    expect(key >= gte && key < lt).toBe(false);
    expect(() => keys.prefixRange('')).toThrow('invariant');
  });

  it('findStream: finds what the stream keys were made of, and nothing in others', () => {
    for (const key of [keys.outboxKey(bob, 3), keys.ackedKey(bob), keys.receivedKey(bob)]) {
      expect(keys.findStream(key)).toEqual(bob);
    }
    expect(keys.findStream(keys.workerKey(bob.peer))).toBeUndefined();
    expect(() => keys.ackedKey({ peer: 'a/b', store: 'c' })).toThrow('invariant');
  });

  it('documents: every prefix has a row in store/README.md', async () => {
    const readme = await readFile(new URL('../../store/README.md', import.meta.url), 'utf8');
    const missing = Object.keys(keys.keyPrefixes).filter(
      (prefix) => !readme.includes(`\`${prefix}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('row codec', () => {
  const schema = z.object({ a: z.number() });

  it('a value comes back as it was', async () => {
    await kv.batch([planRow('meta/x', { a: 1 })], 'synced');
    expect(await findRow(kv, 'meta/x', schema)).toEqual({ a: 1 });
    expect(await findRow(kv, 'meta/y', schema)).toBeUndefined();
  });

  it('a value of another shape and bytes that are no value are STORE_DAMAGED with their key', () => {
    for (const value of [encodeValue({ a: 'text' }), Uint8Array.of(0xc1), new Uint8Array(0)]) {
      expect(() => readRow(schema, { key: 'meta/x', value })).toThrow(
        expect.objectContaining({
          code: 'STORE_DAMAGED',
          message: expect.stringContaining('meta/x'),
        }),
      );
    }
  });
});

describe('outbox', () => {
  it('read: gives the messages above a number, lowest first, at most as many as asked', async () => {
    await append(alice, 1, 12);
    await append(bob, 1, 3);
    const entries = await readOutbox(kv, alice, { afterSeq: 8, countMax: 3 });
    expect(entries).toEqual([9, 10, 11].map((seq) => ({ seq, bytes: Uint8Array.of(seq) })));
    expect(await readOutbox(kv, alice, { afterSeq: 12, countMax: 3 })).toEqual([]);
    expect(await readOutbox(kv, aliceAnew, { afterSeq: 0, countMax: 3 })).toEqual([]);
  });

  it('acked: rows up to the number go, the rest and other streams stay', async () => {
    await append(alice, 1, 5);
    await append(aliceAnew, 1, 5);
    await kv.batch(planAcked(alice, { through: 3, rows: [1, 2, 3] }), 'synced');
    expect(await seqs(alice)).toEqual([4, 5]);
    expect(await seqs(aliceAnew)).toEqual([1, 2, 3, 4, 5]);
    expect(await readAcked(kv, alice)).toBe(3);
    expect(await readAcked(kv, aliceAnew)).toBe(0);
  });

  it('acked: the next number goes on after every row is gone', async () => {
    expect(await readLastSeq(kv, alice)).toBe(0);
    await append(alice, 1, 5);
    expect(await readLastSeq(kv, alice)).toBe(5);
    await kv.batch(planAcked(alice, { through: 5, rows: [1, 2, 3, 4, 5] }), 'synced');
    expect(await seqs(alice)).toEqual([]);
    expect(await readLastSeq(kv, alice)).toBe(5);
    expect(await readLastSeq(kv, bob)).toBe(0);
  });

  it('acked: only what is still there is taken away', async () => {
    await append(alice, 1, 5);
    await kv.batch(planAcked(alice, { through: 2, rows: [1, 2] }), 'synced');
    expect(await readRemoved(kv, alice, 2)).toBe(2);
    const ops = (await openPeerStreams(kv, alice)).planAcked(4);
    expect(ops.filter((op) => op.type === 'del')).toHaveLength(2);
    await kv.batch(ops, 'synced');
    expect(await seqs(alice)).toEqual([5]);
    expect(await readRemoved(kv, bob, 7)).toBe(7);
  });

  it('acked: an old or repeated number changes nothing', async () => {
    await append(alice, 1, 5);
    const streams = await openPeerStreams(kv, alice);
    await kv.batch(streams.planAcked(4), 'synced');
    expect(streams.planAcked(4)).toEqual([]);
    expect(streams.planAcked(2)).toEqual([]);
    expect(streams.waitingCount).toBe(1);
  });

  it('acked: where the mark reached the disk and a row stayed, the row goes with the next one', async () => {
    await append(alice, 1, 5);
    await kv.batch([planRow(keys.ackedKey(alice), 3)], 'synced');
    const streams = await openPeerStreams(kv, alice);
    expect(streams.counts).toEqual({ acked: 3, queued: 5, received: 0 });
    await kv.batch(streams.planAcked(4), 'synced');
    expect(await seqs(alice)).toEqual([5]);
  });

  it('streams: lists each that ever had a message once', async () => {
    expect(await listStreams(kv)).toEqual([]);
    await append(alice, 1, 500);
    await append(bob, 1, 2);
    await append(aliceAnew, 1, 2);
    await kv.batch(planAcked(bob, { through: 2, rows: [1, 2] }), 'synced');
    await kv.batch(planAcked(alice, { through: 2, rows: [1, 2] }), 'synced');
    await kv.batch([planReceived({ ...bob, store: 'f' }, 1)], 'synced');
    expect(await listStreams(kv)).toEqual([alice, aliceAnew, bob]);
  });
});

describe('inbox', () => {
  it('the mark is zero at first, then what was planned, and each stream has its own', async () => {
    expect(await readReceived(kv, alice)).toBe(0);
    await kv.batch([planReceived(alice, 41), planReceived(alice, 42)], 'synced');
    expect(await readReceived(kv, alice)).toBe(42);
    expect(await readReceived(kv, aliceAnew)).toBe(0);
  });

  it('a mark that is no number is STORE_DAMAGED', async () => {
    await kv.batch([planRow(keys.receivedKey(alice), 'many')], 'synced');
    await expect(readReceived(kv, alice)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });
});

describe('journal', () => {
  const event = { seq: 1, at: 1_700_000_000_000, kind: 'job-queued', job: 'J1' } as const;

  it('events come back in order, from a number on, at most as many as asked', async () => {
    expect(await readLastEventSeq(kv)).toBe(0);
    const full = { ...event, seq: 2, attempt: 'J1.1', worker: alice.peer, note: 'héllo' } as const;
    const events = [event, full, ...[3, 4, 5].map((seq) => ({ seq, at: 0, kind: 'k' }))];
    await kv.batch([...planEvents(events.slice(0, 3)), ...planEvents(events.slice(3))], 'synced');
    expect(await readLastEventSeq(kv)).toBe(5);
    expect(await readEvents(kv, { afterSeq: 0, countMax: 100 })).toEqual(events);
    expect(await readEvents(kv, { afterSeq: 1, countMax: 2 })).toEqual(events.slice(1, 3));
    expect(await readEvents(kv, { afterSeq: 5, countMax: 2 })).toEqual([]);
    expect(await readEventRows(kv, { afterSeq: 1, countMax: 2 })).toEqual([
      { key: keys.eventKey(3), events: events.slice(0, 3) },
    ]);
  });

  it('what was said just before is not said again, and comes back all the same', async () => {
    const of = { attempt: 'J1.1', worker: alice.peer } as const;
    const events = [
      { ...event, ...of },
      { ...event, ...of, seq: 2, job: 'J2' },
      { ...event, seq: 3, at: event.at + 1 },
      { ...event, ...of, seq: 4, job: 'J1' },
    ] as const;
    const [op] = planEvents(events);
    await kv.batch(planEvents(events), 'synced');
    expect(await readEvents(kv, { afterSeq: 0, countMax: 9 })).toEqual(events);
    // The peer's key is there for the first, and again after one without.
    expect(
      Buffer.from(op?.type === 'put' ? op.value : [])
        .toString()
        .split(alice.peer),
    ).toHaveLength(3);
  });

  it('a row of format 3, in which each event says all of it, is read as one of today', async () => {
    const listed = [1, 2].map((seq) => [seq, event.at, event.kind, 'J1', 'J1.1', alice.peer, null]);
    await kv.batch([planRow(keys.eventKey(2), listed)], 'synced');
    const said = { ...event, attempt: 'J1.1', worker: alice.peer };
    expect(await readEvents(kv, { afterSeq: 0, countMax: 9 })).toEqual([said, { ...said, seq: 2 }]);
  });

  it.each([
    ['an instant', [1, true, 'k', null, null, null, null]],
    ['a worker', [1, 5, 'k', null, null, true, null]],
    ['a job', [1, 5, 'k', true, null, null, null]],
  ])('a row that says %s again before it was said is STORE_DAMAGED', async (_what, listed) => {
    await kv.batch([planRow(keys.eventKey(1), [listed])], 'synced');
    const reading = readEvents(kv, { afterSeq: 0, countMax: 1 });
    await expect(reading).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });

  it('a row of format 2, one event as a map, is read beside shared ones', async () => {
    const next = { ...event, seq: 2 };
    await kv.batch([planRow(keys.eventKey(1), event), ...planEvents([next])], 'synced');
    expect(await readEvents(kv, { afterSeq: 0, countMax: 9 })).toEqual([event, next]);
  });

  it('more events than a row may hold take several, and are read back over all of them', async () => {
    const events = Array.from({ length: 2 * eventsPerRowMax + 1 }, (_, n) => ({
      ...event,
      seq: n + 1,
    }));
    const ops = planEvents(events);
    expect(ops.map(({ key }) => key)).toEqual(
      [eventsPerRowMax, 2 * eventsPerRowMax, events.length].map(keys.eventKey),
    );
    await kv.batch(ops, 'synced');
    expect(await readEvents(kv, { afterSeq: 7, countMax: 10_000 })).toEqual(events.slice(7));
  });

  it('a page gives what was added since it was last sealed, once', () => {
    const page = new JournalPage();
    expect(page.seal()).toEqual([]);
    page.add([event]);
    page.add([{ ...event, seq: 2 }]);
    expect(page.seal().map(({ key }) => key)).toEqual([keys.eventKey(2)]);
    expect(page.seal()).toEqual([]);
  });

  it('an event outside its limits is refused', () => {
    expect(() => checkEvent({ ...event, seq: 0 })).toThrow();
    expect(() => checkEvent({ ...event, kind: '' })).toThrow();
    expect(() => checkEvent({ ...event, note: 'x'.repeat(4097) })).toThrow();
    expect(() => checkEvent({ ...event, job: 'X1' as 'J1' })).toThrow();
    expect(() => checkEvent({ ...event, worker: 'alice' })).toThrow();
  });

  it('a row that is no event is STORE_DAMAGED', async () => {
    await kv.batch([planRow(keys.eventKey(1), { kind: 'x' })], 'synced');
    const reading = readEvents(kv, { afterSeq: 0, countMax: 1 });
    await expect(reading).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });
});

async function append(stream: keys.Stream, from: number, to: number): Promise<void> {
  const ops = [];
  for (let seq = from; seq <= to; seq += 1) ops.push(planAppend(stream, seq, Uint8Array.of(seq)));
  await kv.batch(ops, 'synced');
}

async function seqs(stream: keys.Stream): Promise<readonly number[]> {
  const entries = await readOutbox(kv, stream, { afterSeq: 0, countMax: 1e6 });
  return entries.map(({ seq }) => seq);
}
