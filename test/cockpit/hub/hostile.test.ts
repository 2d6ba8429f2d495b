/*
 * Peers that are trusted and mean harm, or are broken: what they cost the hub is bounded, the hub
 * serves on, and no other worker notices.
 */
import { afterEach, expect, test } from 'vitest';
import { findEnd } from '../../../cockpit/manager/job.ts';
import { encodeValue } from '../../../protocol/codec.ts';
import type { Frame } from '../../../protocol/frames.ts';
import {
  ackWaitMs,
  attemptsHeldMax,
  outboxRowsMax,
  talkTokensMax,
} from '../../../protocol/limits.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { openCorpus } from '../../fuzz/corpus.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { makeHello, type RawPeer } from '../../protocol/raw-peer.ts';
import { createChance } from '../../sim/chance.ts';
import { alice, bob, finished, makeJob } from './hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from './hub-in-hand.ts';

let field: HubInHand | undefined;

afterEach(async () => {
  await field?.hub.stop();
});

/** The hub, with bob sound and linked. */
async function openField() {
  const opened = await openHubInHand();
  field = opened;
  const sound = await opened.join(bob);
  let seq = 0;
  /** A job passes through the whole hub to bob and back. */
  const expectUnharmed = async () => {
    expect(opened.failure).toBeUndefined();
    expect(sound.closedBecause).toBeUndefined();
    const job = await opened.hub.desk.dispatch(makeJob([bob]));
    await opened.rest();
    expect(sound.pick('data').length).toBeGreaterThan(seq);
    seq += 1;
    sound.say(factFrame(seq, finished(`${job.id}.1`, 'succeeded')));
    await opened.rest();
    const after = await opened.hub.desk.get(job.id);
    expect(after.kind === 'command' && findEnd(after)?.outcome).toBe('succeeded');
    await opened.ports.advance(ackWaitMs);
    await opened.rest();
    expect(sound.pick('ack').at(-1)?.received).toBe(seq);
  };
  await expectUnharmed();
  /** Time passes, and bob is heard meanwhile. */
  const pass = async (ms: number) => {
    sound.say({ t: 'ping', at: 0 });
    await opened.ports.advance(ms);
  };
  return { ...opened, expectUnharmed, pass };
}

async function sayMany(peer: RawPeer, count: number, make: (at: number) => Frame): Promise<void> {
  for (let at = 0; at < count; at += 1) peer.say(make(at));
}

const attempts = Array.from(
  { length: attemptsHeldMax },
  (_, at): AttemptId => `J${900_000 + at}.1`,
);

test.each<[string, (at: number) => Frame]>([
  ['pings', (at) => ({ t: 'ping', at })],
  ['pongs to no ping', (at) => ({ t: 'pong', at })],
  ['hellos that want an answer', () => makeHello({ store: alice.slice(0, 32) })],
  ['what its policy says', () => ({ t: 'policy', is: 'open', lines: [] })],
  ['naks', () => ({ t: 'nak', code: 'X', message: 'y'.repeat(1000) })],
])('hostile: a storm of %s is answered for a while and then cut off', async (_name, make) => {
  const { join, rest, expectUnharmed } = await openField();
  const eve = await join(alice);
  await sayMany(eve, talkTokensMax * 3, make);
  await rest();
  expect(eve.pick('nak').at(-1)?.code).toBe('PEER_FLOOD');
  expect(eve.closedBecause).toBeDefined();
  expect(eve.heard.length).toBeLessThan(talkTokensMax + 20);
  await expectUnharmed();
});

test('hostile: a worker that takes work and takes none, again and again, fills no journal', async () => {
  const { join, rest, expectUnharmed, countRows } = await openField();
  const eve = await join(alice);
  const before = countRows('e/');
  await sayMany(eve, talkTokensMax, (at) => ({ t: 'draining', why: at % 2 === 0 ? 'x' : null }));
  await rest();
  expect(eve.pick('nak').at(-1)?.code).toBe('PEER_FLOOD');
  expect(countRows('e/') - before).toBeLessThan(talkTokensMax / 16 + 10);
  await expectUnharmed();
});

test('hostile: kinds that nobody knows are answered politely, and a storm of them is cut off', async () => {
  const { join, rest, expectUnharmed } = await openField();
  const eve = await join(alice);
  const odd = encodeValue({ t: 'hug', from: 'eve' });
  eve.sayBytes(odd);
  await rest();
  expect(eve.pick('nak')).toMatchObject([{ code: 'FRAME_UNKNOWN' }]);
  expect(eve.closedBecause).toBeUndefined();
  for (let at = 0; at < talkTokensMax * 2; at += 1) eve.sayBytes(odd);
  await rest();
  expect(eve.pick('nak').at(-1)?.code).toBe('PEER_FLOOD');
  await expectUnharmed();
});

test('hostile: resends are given where they are asked for, and not without end', async () => {
  const { hub, join, rest, expectUnharmed } = await openField();
  for (let at = 0; at < 40; at += 1) await hub.desk.dispatch(makeJob([alice]));
  const eve = await join(alice);
  expect(eve.pick('data')).toHaveLength(40);
  const need = Array.from({ length: 32 }, (_, at) => at + 1);
  await sayMany(eve, 2000, () => ({ t: 'ack', received: 0, need }));
  await rest();
  expect(eve.pick('nak').at(-1)?.code).toBe('PEER_FLOOD');
  expect(eve.pick('data').length).toBeLessThan(40 + talkTokensMax + 32);
  await expectUnharmed();
});

test('hostile: messages that were applied long ago, sent again and again, are cut off', async () => {
  const { join, rest, expectUnharmed, countRows } = await openField();
  const eve = await join(alice);
  const fact = factFrame(1, { kind: 'accepted', attempt: 'J77.1', at: 1 });
  eve.say(fact);
  await rest();
  const rows = countRows('e/');
  await sayMany(eve, talkTokensMax * 2, () => fact);
  await rest();
  expect(eve.pick('nak').at(-1)?.code).toBe('PEER_FLOOD');
  expect(countRows('e/')).toBe(rows);
  await expectUnharmed();
});

test('hostile: an inventory of a thousand strange attempts, at each of many links, does not pile up', async () => {
  const { join, rest, expectUnharmed, countRows } = await openField();
  const inventory = attempts.map((attempt) => ({ attempt, state: 'running' as const }));
  for (let links = 0; links < 60; links += 1) await join(alice, { inventory });
  await rest();
  expect(countRows('o/')).toBeLessThanOrEqual(outboxRowsMax + attemptsHeldMax);
  await expectUnharmed();
});

test('hostile: a new store at each of many links is settled a few times only', async () => {
  const { join, rest, pass, expectUnharmed, countRows, hub } = await openField();
  await hub.desk.dispatch(makeJob([alice]));
  const stores = Array.from({ length: 300 }, (_, at) => at.toString(16).padStart(32, '0'));
  for (const store of stores) {
    await join(alice, { store });
    // Joining takes time, and bob is not to be silent for so long.
    await pass(0);
  }
  await rest();
  expect(countRows('oa/')).toBeLessThan(talkTokensMax / 256 + 4);
  await expectUnharmed();
});

test('hostile: two links that say different stores at the same moment settle one after the other', async () => {
  const { dial, rest, expectUnharmed, hub } = await openField();
  await hub.desk.dispatch(makeJob([alice]));
  const links = [dial(alice), dial(alice)];
  await rest();
  for (const [at, link] of links.entries()) {
    const forStore = link.pick('hello')[0]?.store ?? null;
    link.say(makeHello({ store: String(at).repeat(32), forStore }));
  }
  await rest();
  const open = links.filter((link) => link.closedBecause === undefined);
  expect(open).toHaveLength(1);
  // It is given to the store that stays, or lost with the one that went: one of the two.
  const after = await hub.desk.get('J2');
  const isLost = after.kind === 'command' && findEnd(after)?.outcome === 'lost';
  expect((open[0]?.pick('data').length ?? 0) + (isLost ? 1 : 0)).toBe(1);
  await expectUnharmed();
});

test('hostile: links that never greet are few at a time', async () => {
  const { dial, rest, ports, expectUnharmed } = await openField();
  const links = Array.from({ length: 100 }, () => dial(alice));
  await rest();
  expect(links.filter((link) => link.closedBecause === undefined).length).toBeLessThanOrEqual(8);
  await ports.advance(2000);
  expect(ports.timerCount).toBeLessThan(40);
  await expectUnharmed();
});

test('hostile: a store that remembers what was never said is not served, and nobody else suffers', async () => {
  const { join, expectUnharmed, noticed } = await openField();
  const eve = await join(alice, { received: 1_000_000 });
  expect(eve.pick('nak')).toMatchObject([{ code: 'PEER_REGRESSED' }]);
  expect(noticed.join('\n')).toContain('PEER_REGRESSED');
  await expectUnharmed();
});

test('hostile: logs of others, and logs at the end of all offsets, are not taken', async () => {
  const { hub, join, rest, expectUnharmed } = await openField();
  const job = await hub.desk.dispatch(makeJob([bob]));
  const own = await hub.desk.dispatch(makeJob([alice]));
  const eve = await join(alice);
  const end = 2 ** 48 - 1;
  const record = { offset: end - 1, stream: 'stdout' as const, at: 0, bytes: Uint8Array.of(1) };
  const log = (attempt: AttemptId): Frame => ({
    ...{ t: 'log', attempt, from: 0 },
    ...{ records: [record], next: end },
  });
  await sayMany(eve, 50, () => log(`${job.id}.1`));
  await sayMany(eve, 50, (at) => log(attempts[at] ?? 'J1.1'));
  await sayMany(eve, 5000, () => ({ t: 'log-ask', attempt: `${job.id}.1` }));
  eve.say(log(`${own.id}.1`));
  await rest();
  expect(await hub.mirror.findEnd(`${job.id}.1`)).toBe(0);
  expect(await hub.mirror.findEnd(`${own.id}.1`)).toBe(end);
  const slice = await hub.mirror.read(`${own.id}.1`, 0, 1000);
  expect(slice.records.map(({ offset }) => offset)).toEqual([end - 1]);
  const asked = eve.pick('log-ack').filter(({ attempt }) => attempt === `${job.id}.1`);
  expect(asked.every(({ offset }) => offset === Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(asked.length).toBeLessThan(2100);
  await expectUnharmed();
});

test('hostile: mutants of every frame, on link after link, harm nobody', async () => {
  const { join, rest, expectUnharmed, pass } = await openField();
  const chance = createChance(7);
  const corpus = openCorpus(7).filter(({ family }) => family === 'frame');
  for (let links = 0; links < 120; links += 1) {
    const eve = await join(alice);
    for (let count = 0; count < 25 && eve.closedBecause === undefined; count += 1) {
      const { bytes } = chance.pick(corpus);
      const mutant = mutate(bytes, chance.pick(corpus).bytes, chance);
      if (mutant.length > 0 && mutant.length <= 1024 * 1024) eve.sayBytes(mutant);
      if (count % 5 === 0) await rest();
    }
    eve.close();
    await pass(200);
  }
  await expectUnharmed();
});
