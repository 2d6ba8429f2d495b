/*
 * Invites: each lets one agent in, once, for its time, and is remembered by its public key alone.
 */
import { describe, expect, test } from 'vitest';
import { InviteBook } from '../../../cockpit/hub/invite-book.ts';
import { parseInvite } from '../../../protocol/invite.ts';
import { invitesOpenMax } from '../../../protocol/limits.ts';
import { prefixRange } from '../../../store/keys.ts';
import { alice, bob, type HubBench, openHubBench } from './hub-bench.ts';

const where = { addresses: [{ host: '127.0.0.1', port: 1 }], rendezvous: [] };
const order = { kind: 'worker', ...where, ttlMs: 1000, asks: false } as const;
const ask = (key: string) => ({ key, host: 'box-9' });

async function openBook(bench: HubBench): Promise<InviteBook> {
  const { kv, committer, workers, cockpits, inbox, ports } = bench;
  const failed = (error: unknown) => expect.unreachable(String(error));
  const rows = { kv, committer, workers, cockpits, inbox, ports };
  const book = new InviteBook({ ...rows, hubKey: 'ee'.repeat(32), failed });
  await book.open();
  return book;
}

async function setUp() {
  const bench = await openHubBench();
  const book = await openBook(bench);
  const { code, oneTimeKey } = await book.create(order);
  return { bench, book, code, oneTimeKey };
}

const readRows = ({ kv }: HubBench) =>
  kv.range({ ...prefixRange('i/'), countMax: 10_000, order: 'ascending' });

describe('invite book', () => {
  test('invite book: the code names the key that the door will admit, and no other', async () => {
    const { book, code, oneTimeKey } = await setUp();
    expect(parseInvite(code).oneTimeKey).toBe(oneTimeKey);
    expect(book.admits(oneTimeKey)).toBe(true);
    expect(book.admits(alice)).toBe(false);
  });

  test('invite book: the secret of a code is nowhere on the disk', async () => {
    const { bench, code } = await setUp();
    const secret = Buffer.from(parseInvite(code).oneTimeKeyPair.secretKey).subarray(0, 32);
    const [row] = await readRows(bench);
    expect(Buffer.from(row?.value ?? []).includes(secret)).toBe(false);
    expect(Buffer.from(row?.value ?? []).includes(code)).toBe(false);
  });

  test('invite book: it lets one agent in, and the same agent again with the same name', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    const worker = await book.pair(oneTimeKey, ask(alice));
    expect(worker).toMatchObject({
      key: alice,
      name: 'alice',
      kind: 'odally',
      host: 'box-9',
      store: null,
    });
    expect(await book.pair(oneTimeKey, ask(alice))).toEqual(worker);
    await expect(book.pair(oneTimeKey, ask(bob))).rejects.toMatchObject({ code: 'INVITE_USED' });
    const later = await bench.restart();
    const reopened = await openBook(later);
    expect(await reopened.pair(oneTimeKey, ask(alice))).toEqual(worker);
    await expect(reopened.pair(oneTimeKey, ask(bob))).rejects.toMatchObject({
      code: 'INVITE_USED',
    });
    expect(later.workers.list()).toEqual([worker]);
  });

  test('invite book: its time is over although the clock was set back, also when it was read back', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    bench.ports.wallStartMs -= 3 * 86_400_000;
    await bench.ports.advance(999);
    expect(book.admits(oneTimeKey)).toBe(true);
    await bench.ports.advance(1);
    expect(book.admits(oneTimeKey)).toBe(false);
    await expect(book.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({
      code: 'INVITE_EXPIRED',
    });
    const again = await book.create(order);
    const reopened = await openBook(await bench.restart());
    bench.ports.wallStartMs -= 3 * 86_400_000;
    await bench.ports.advance(1000);
    expect(reopened.admits(again.oneTimeKey)).toBe(false);
  });

  test('invite book: what a process made for something of its own holds no name after it, unless it was used', async () => {
    const { bench, book } = await setUp();
    const own = { ...order, ttlMs: 60_000, isPassing: true } as const;
    await book.create({ ...own, name: 'boxy' });
    const used = await book.create({ ...own, name: 'cutty' });
    const person = await book.create({ ...order, ttlMs: 60_000, name: 'held' });
    const worker = await book.pair(used.oneTimeKey, ask(alice));
    const taken = { code: 'WORKER_NAME_TAKEN' };
    await expect(book.create({ ...own, name: 'boxy' })).rejects.toMatchObject(taken);
    const later = await bench.restart();
    const reopened = await openBook(later);
    await reopened.create({ ...own, name: 'boxy' });
    await expect(reopened.create({ ...own, name: 'held' })).rejects.toMatchObject(taken);
    expect(reopened.admits(person.oneTimeKey)).toBe(true);
    expect(await reopened.pair(used.oneTimeKey, ask(alice))).toEqual(worker);
  });

  test('invite book: a name that somebody bore before is not given again', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    const worker = await book.pair(oneTimeKey, ask(alice));
    const renamed = { ...worker, name: 'builder', formerNames: ['alice'] };
    await bench.workers.save(renamed, 'worker-renamed', []);
    const next = await book.create({ ...order, ttlMs: 60_000 });
    expect(await book.pair(next.oneTimeKey, ask(bob))).toMatchObject({ name: 'bob' });
  });

  test('invite book: of two agents that come at once with one code, one gets in', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    const [first, second] = await Promise.allSettled([
      book.pair(oneTimeKey, ask(alice)),
      book.pair(oneTimeKey, ask(bob)),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { code: 'INVITE_USED' } });
    expect(bench.workers.list()).toHaveLength(1);
  });

  test('invite book: an agent that asks again is answered once its pairing is on disk', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    const first = book.pair(oneTimeKey, ask(alice)).catch(() => undefined);
    const answer = await book.pair(oneTimeKey, ask(alice));
    const later = await bench.restart();
    expect(later.workers.list()).toEqual([answer]);
    await first;
  });

  test('invite book: it is over at its end, and not a moment before', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    bench.ports.nowMs += 999;
    expect(book.admits(oneTimeKey)).toBe(true);
    bench.ports.nowMs += 1;
    expect(book.admits(oneTimeKey)).toBe(false);
    await expect(book.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({
      code: 'INVITE_EXPIRED',
    });
    await expect(book.pair(alice, ask(alice))).rejects.toMatchObject({ code: 'INVITE_EXPIRED' });
  });

  test('invite book: opening forgets what is over, and remembers what is not', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    const { oneTimeKey: longer } = await book.create({ ...order, ttlMs: 5000 });
    bench.ports.nowMs += 1000;
    const later = await bench.restart();
    const reopened = await openBook(later);
    expect([reopened.admits(oneTimeKey), reopened.admits(longer)]).toEqual([false, true]);
    expect(await readRows(later)).toHaveLength(1);
  });

  test('invite book: so many may be open at once, also when asked for at once', async () => {
    const bench = await openHubBench();
    const book = await openBook(bench);
    const made = await Promise.allSettled(
      Array.from({ length: invitesOpenMax + 3 }, () => book.create(order)),
    );
    expect(made.filter((one) => one.status === 'fulfilled')).toHaveLength(invitesOpenMax);
    expect(made.at(-1)).toMatchObject({ reason: { code: 'STORE_FULL' } });
    bench.ports.nowMs += 1000;
    await book.create(order);
    expect(await readRows(bench)).toHaveLength(1);
  });

  test('invite book: a worker that pairs again keeps its name, and gets its trust back', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    const worker = await book.pair(oneTimeKey, ask(alice));
    await bench.workers.revoke(worker);
    await expect(book.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({ code: 'INVITE_USED' });
    const { oneTimeKey: fresh } = await book.create(order);
    expect(await book.pair(fresh, ask(alice))).toEqual(worker);
    const { oneTimeKey: another } = await book.create(order);
    expect((await book.pair(another, ask(bob))).name).toBe('bob');
  });

  test('invite book: a name of a revoked worker is not given to another', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    await bench.workers.revoke(await book.pair(oneTimeKey, ask(alice)));
    const { oneTimeKey: fresh } = await book.create(order);
    expect((await book.pair(fresh, ask(bob))).name).toBe('bob');
  });
});

describe('invite that asks', () => {
  const asking = { ...order, ttlMs: 60_000, asks: true };
  const first = (bench: HubBench) => {
    const [decision] = bench.inbox.list();
    if (decision === undefined) throw new Error('nothing is asked');
    return decision;
  };

  async function knock() {
    const { bench, book } = await setUp();
    const { oneTimeKey } = await book.create(asking);
    await expect(book.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({
      code: 'PAIRING_ASKED',
    });
    return { bench, book, oneTimeKey };
  }

  test('invite: a box that knocks waits in the inbox, once, and nobody is let in', async () => {
    const { bench, book, oneTimeKey } = await knock();
    await expect(book.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({
      code: 'PAIRING_ASKED',
    });
    await expect(book.pair(oneTimeKey, ask(bob))).rejects.toMatchObject({ code: 'INVITE_USED' });
    expect(bench.inbox.list()).toMatchObject([{ kind: 'pairing', peer: alice, host: 'box-9' }]);
    expect(bench.workers.list()).toEqual([]);
    const later = await bench.restart();
    const reopened = await openBook(later);
    await expect(reopened.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({
      code: 'PAIRING_ASKED',
    });
    expect(later.inbox.list()).toHaveLength(1);
  });

  test('invite: approved, the box is let in with the answer, and is told so when it knocks again', async () => {
    const { bench, book, oneTimeKey } = await knock();
    const worker = await book.approve({ decision: first(bench), answer: { as: 'approve' } });
    expect(worker).toMatchObject({ key: alice, name: 'alice', host: 'box-9' });
    expect(bench.inbox.list()).toEqual([]);
    expect(await book.pair(oneTimeKey, ask(alice))).toEqual(worker);
    const later = await bench.restart();
    expect(later.workers.list()).toEqual([worker]);
    expect(later.inbox.list()).toEqual([]);
  });

  test('invite: a key that has become a cockpit’s meanwhile is not let in as a worker too', async () => {
    const { bench, book } = await knock();
    await bench.cockpits.pair(ask(alice), () => []);
    const answered = { decision: first(bench), answer: { as: 'approve' } } as const;
    await expect(book.approve(answered)).rejects.toMatchObject({ code: 'PAIR_EXISTS' });
    expect(bench.workers.list()).toEqual([]);
  });

  test('invite: rejected, the box is told so, and the code lets nobody in', async () => {
    const { bench, book, oneTimeKey } = await knock();
    await book.reject({ decision: first(bench), answer: { as: 'reject' } });
    expect(bench.inbox.list()).toEqual([]);
    const later = await bench.restart();
    const reopened = await openBook(later);
    for (const key of [alice, bob]) {
      await expect(reopened.pair(oneTimeKey, ask(key))).rejects.toMatchObject({
        code: 'PAIRING_REJECTED',
      });
    }
    expect(later.workers.list()).toEqual([]);
  });

  test('invite: at its end the request goes, also where the hub was down then', async () => {
    const { bench } = await knock();
    await bench.ports.advance(59_999);
    expect(bench.inbox.list()).toHaveLength(1);
    await bench.ports.advance(1);
    expect(bench.inbox.list()).toEqual([]);
    const other = await knock();
    const decision = first(other.bench);
    other.book.stop();
    other.bench.ports.nowMs += 60_000;
    await expect(other.book.approve({ decision, answer: { as: 'approve' } })).rejects.toMatchObject(
      { code: 'INVITE_EXPIRED' },
    );
    const later = await other.bench.restart();
    await openBook(later);
    expect(later.inbox.list()).toEqual([]);
  });
});

describe('invite book: a wished name', () => {
  test('invite book: who comes with it is called so, and nobody else is while it is open', async () => {
    const { bench, book } = await setUp();
    const wished = await book.create({ ...order, name: 'alice' });
    const plain = await book.create(order);
    // The list of names begins with alice, who is promised.
    expect((await book.pair(plain.oneTimeKey, ask(bob))).name).toBe('bob');
    await expect(book.create({ ...order, name: 'alice' })).rejects.toMatchObject({
      code: 'WORKER_NAME_TAKEN',
    });
    const again = await openBook(bench);
    expect((await again.pair(wished.oneTimeKey, ask(alice))).name).toBe('alice');
  });

  test('invite book: a name that is no name, or somebody’s, makes no invite', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    await book.pair(oneTimeKey, ask(alice));
    const refused = (name: string) => expect(book.create({ ...order, name })).rejects;
    await refused('alice').toMatchObject({ code: 'WORKER_NAME_TAKEN' });
    await refused('No Name').toMatchObject({ code: 'WORKER_NAME' });
    expect(await readRows(bench)).toHaveLength(1);
  });

  test('invite book: who gets an agent onto a box again gives it the name that it did not hear of', async () => {
    const { bench, book } = await setUp();
    const own = { ...order, isPassing: true, name: 'boxy' } as const;
    const first = await book.create(own);
    await book.pair(first.oneTimeKey, ask(alice));
    await book.withdraw(first.oneTimeKey);
    const refused = { code: 'WORKER_NAME_TAKEN' };
    await expect(book.create({ ...order, name: 'boxy' })).rejects.toMatchObject(refused);
    const again = await book.create(own);
    expect(await book.pair(again.oneTimeKey, ask(alice))).toMatchObject({ name: 'boxy' });
    await book.withdraw(again.oneTimeKey);
    await bench.workers.noteSeen(alice);
    await expect(book.create(own)).rejects.toMatchObject(refused);
  });

  test('invite book: a promise ends with its invite; a box that is known keeps the name it has', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    await book.pair(oneTimeKey, ask(alice));
    const wished = await book.create({ ...order, name: 'boxy' });
    expect((await book.pair(wished.oneTimeKey, ask(alice))).name).toBe('alice');
    await book.create({ ...order, name: 'other' });
    await bench.ports.advance(1001);
    await expect(book.create({ ...order, name: 'other' })).resolves.toBeDefined();
  });

  test('invite book: one that is withdrawn lets nobody in, and is gone from the disk', async () => {
    const { bench, book, oneTimeKey } = await setUp();
    await book.withdraw(oneTimeKey);
    await book.withdraw(oneTimeKey);
    expect(book.admits(oneTimeKey)).toBe(false);
    expect(await readRows(bench)).toEqual([]);
    await expect(book.pair(oneTimeKey, ask(alice))).rejects.toMatchObject({
      code: 'INVITE_EXPIRED',
    });
  });
});
