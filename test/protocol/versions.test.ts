/*
 * Versions: what two sides speak, and how a side that is too new or too old is refused without harm.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findEnd } from '../../cockpit/manager/job.ts';
import { encodeValue } from '../../protocol/codec.ts';
import { decodeFrame, protocolMax, protocolMin } from '../../protocol/frames.ts';
import { ackWaitMs } from '../../protocol/limits.ts';
import { decodeCommand, decodeFact } from '../../protocol/messages.ts';
import { negotiateVersion } from '../../protocol/version.ts';
import { alice, bob, finished, makeJob } from '../cockpit/hub/hub-bench.ts';
import { factFrame, openHubInHand } from '../cockpit/hub/hub-in-hand.ts';
import { messages } from '../wire/message-samples.ts';
import { frames } from '../wire/samples.ts';
import { makeHello } from './raw-peer.ts';

const anyRange = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([protoMin, more]) => ({ protoMin, protoMax: protoMin + more }));

describe('negotiation', () => {
  test('version: the newest that both speak, the same from either side, or none', () => {
    void fc.assert(
      fc.property(anyRange, anyRange, (ours, theirs) => {
        const version = negotiateVersion(ours, theirs);
        expect(negotiateVersion(theirs, ours)).toBe(version);
        const both = [];
        for (let at = 1; at <= 30; at += 1) {
          const isIn = [ours, theirs].every(
            ({ protoMin, protoMax }) => protoMin <= at && at <= protoMax,
          );
          if (isIn) both.push(at);
        }
        expect(version).toBe(both.at(-1));
      }),
    );
  });

  test('version: a range that ends before it begins shares nothing', () => {
    const ours = { protoMin: protocolMin, protoMax: protocolMax };
    expect(negotiateVersion(ours, { protoMin: 9, protoMax: 1 })).toBeUndefined();
  });
});

describe('a newer peer', () => {
  test('version: a hello that looks otherwise is refused for its version, not for its looks', () => {
    const tooNew = { protoMin: protocolMax + 2, protoMax: protocolMax + 2 };
    const odd = encodeValue({ t: 'hello', ...tooNew, who: { key: 'x' }, cursor: [1, 2] });
    expect(() => decodeFrame(odd)).toThrow(expect.objectContaining({ code: 'PEER_VERSION' }));
    const bent = encodeValue({ ...frames.hello, store: 7 });
    expect(() => decodeFrame(bent)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
  });

  test.each(Object.entries(frames))(
    'version: what a newer peer adds to %s is ignored',
    (_, frame) => {
      const more = { ...frame, zeal: 9, extra: { deep: [1, null, new Uint8Array(2)] } };
      expect(decodeFrame(encodeValue(more))).toStrictEqual(frame);
    },
  );

  test.each(Object.entries(messages))(
    'version: what a newer peer adds to %s is ignored',
    (_, message) => {
      const isCommand = message.kind === 'assign' || message.kind === 'cancel';
      const bytes = encodeValue({ ...message, zeal: 9, extra: { deep: [1] } });
      expect(isCommand ? decodeCommand(bytes) : decodeFact(bytes)).toStrictEqual(message);
    },
  );

  test('version: a peer of no shared version is told so, and the spools of both sides stay whole', async () => {
    const field = await openHubInHand();
    const { hub, join, rest, noticed } = field;
    for (let count = 0; count < 3; count += 1) await hub.desk.dispatch(makeJob([alice]));
    const before = field.countRows('o/');
    const versions = { protoMin: protocolMax + 2, protoMax: protocolMax + 2 };
    for (let dials = 0; dials < 5; dials += 1) {
      const peer = await join(alice, versions);
      expect(peer.pick('nak')).toMatchObject([{ code: 'PEER_VERSION' }]);
      expect(peer.closedBecause).toBeDefined();
      expect(peer.pick('data')).toEqual([]);
    }
    // Told once: a person must act, and a line at each dial would bury the rest.
    expect(noticed.filter((line) => line.includes('PEER_VERSION'))).toHaveLength(1);
    expect(field.countRows('o/')).toBe(before);
    const sound = await join(alice, { protoMax: protocolMax + 1 });
    expect(sound.pick('data').map((frame) => frame.seq)).toEqual([1, 2, 3]);
    sound.say(factFrame(1, finished('J1.1', 'succeeded')));
    await rest();
    const job = await hub.desk.get('J1');
    expect(job.kind === 'command' && findEnd(job)?.outcome).toBe('succeeded');
    await hub.stop();
  });

  test('version: kinds of frames and messages that only it knows end nothing', async () => {
    const field = await openHubInHand();
    const { hub, join, rest } = field;
    const job = await hub.desk.dispatch(makeJob([bob]));
    const peer = await join(bob);
    peer.sayBytes(encodeValue({ t: 'telemetry', load: 0.5 }));
    peer.say({ t: 'data', seq: 1, body: encodeValue({ kind: 'paused', attempt: `${job.id}.1` }) });
    peer.say(factFrame(2, finished(`${job.id}.1`, 'succeeded')));
    await rest();
    expect(peer.closedBecause).toBeUndefined();
    expect(peer.pick('nak')).toMatchObject([{ code: 'FRAME_UNKNOWN' }]);
    await field.ports.advance(ackWaitMs);
    await field.rest();
    expect(peer.pick('ack').at(-1)?.received).toBe(2);
    expect(field.countRows('q/')).toBe(1);
    const after = await hub.desk.get(job.id);
    expect(after.kind === 'command' && findEnd(after)?.outcome).toBe('succeeded');
    await hub.stop();
  });

  test('version: before it has greeted, what it says of an unknown kind is not held against it', async () => {
    const { hub, dial, rest } = await openHubInHand();
    const peer = dial(alice);
    await rest();
    peer.sayBytes(encodeValue({ t: 'preface', proto: 7 }));
    const ownStore = peer.pick('hello')[0]?.store ?? '';
    peer.say(makeHello({ store: alice.slice(0, 32), forStore: ownStore }));
    await rest();
    expect(peer.closedBecause).toBeUndefined();
    expect(peer.pick('hello').at(-1)?.isOpen).toBe(true);
    await hub.stop();
  });
});
