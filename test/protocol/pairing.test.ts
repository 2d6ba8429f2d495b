/*
 * Pairing: one question, one answer, and nothing else on that link.
 */
import { describe, expect, test } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import { encodeFrame, type Frame } from '../../protocol/frames.ts';
import { frameBytesBeforeHelloMax, helloMsMax } from '../../protocol/limits.ts';
import { answerPair, askToPair } from '../../protocol/pairing.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { FakePorts, settle } from './fake-ports.ts';
import { RawPeer } from './raw-peer.ts';

const request = { key: 'ab'.repeat(32), host: 'box-1' };

/** An agent that asks a hub with this answer. */
function pair(decide: (request: { readonly key: string }) => Promise<string>) {
  const ports = new FakePorts();
  const [link, far] = createLinkPair('one-time', 'hub');
  answerPair(far, ports.timers, decide);
  return { name: askToPair(link, request, ports.timers), ports };
}

/** An agent that asks a peer in the test's hand. */
function askRaw() {
  const ports = new FakePorts();
  const [link, far] = createLinkPair('one-time', 'hub');
  const name = askToPair(link, request, ports.timers);
  return { name, peer: new RawPeer(far), ports };
}

/** A hub that answers a peer in the test's hand. */
function answerRaw(decide: () => Promise<string>) {
  const ports = new FakePorts();
  const [link, far] = createLinkPair('hub', 'one-time');
  answerPair(link, ports.timers, decide);
  return { peer: new RawPeer(far), ports };
}

describe('pairing', () => {
  test('pairing: the hub is asked with the agent’s own key, and its name comes back', async () => {
    const asked: unknown[] = [];
    const { name, ports } = pair(async (given) => {
      asked.push(given);
      return 'alice';
    });
    expect(await name).toBe('alice');
    expect(asked).toEqual([request]);
    await settle();
    expect(ports.timerCount).toBe(0);
  });

  test('pairing: a refusal passes through with its code and words', async () => {
    const { name } = pair(async () => {
      throw new AppError('INVITE_USED', 'It was used by bob.');
    });
    await expect(name).rejects.toMatchObject({
      code: 'INVITE_USED',
      message: 'It was used by bob.',
    });
  });

  test('pairing: a refusal of any length can be told', async () => {
    const { name } = pair(async () => {
      throw new AppError('STORE_IO', 'x'.repeat(5000));
    });
    await expect(name).rejects.toMatchObject({ code: 'STORE_IO' });
  });

  test('pairing: a code that only a newer hub knows is still a refusal', async () => {
    const { name, peer } = askRaw();
    peer.say({ t: 'nak', code: 'MOON_PHASE', message: 'Not tonight.' });
    await expect(name).rejects.toMatchObject({ code: 'PEER_UNKNOWN', message: 'Not tonight.' });
  });

  test('pairing: a hub that does not answer is given up in time', async () => {
    const { name, ports, peer } = askRaw();
    const code = name.catch((error: AppError) => error.code);
    await ports.advance(helloMsMax - 1);
    expect(peer.closedBecause).toBeUndefined();
    await ports.advance(1);
    expect(await code).toBe('LINK_TIMEOUT');
    expect(peer.closedBecause).toBe('closed by peer');
  });

  test('pairing: a link that ends, or an answer that is none, is an error', async () => {
    const gone = askRaw();
    gone.peer.close();
    await expect(gone.name).rejects.toMatchObject({ code: 'LINK_LOST' });
    expect(gone.ports.timerCount).toBe(0);
    for (const bytes of [Uint8Array.of(0xc1), encodeFrame({ t: 'ping', at: 1 })]) {
      const wrong = askRaw();
      wrong.peer.sayBytes(bytes);
      await expect(wrong.name).rejects.toMatchObject({ code: 'FRAME_INVALID' });
    }
  });

  test.each<[string, Frame]>([
    ['hello', { t: 'ping', at: 1 }],
    ['a large frame', { t: 'data', seq: 1, body: new Uint8Array(frameBytesBeforeHelloMax + 1) }],
  ])('pairing: %s on such a link is refused and decides nothing', async (_what, frame) => {
    let decided = 0;
    const { peer } = answerRaw(async () => {
      decided += 1;
      return 'alice';
    });
    peer.say(frame);
    await settle();
    expect(peer.pick('nak')[0]?.code).toMatch(/^FRAME_/);
    expect(decided).toBe(0);
  });

  test('pairing: a second question ends the link', async () => {
    const { peer } = answerRaw(async () => 'alice');
    const ask = { t: 'pair', ...request } as const;
    peer.say(ask);
    await settle();
    expect(peer.pick('paired')).toEqual([{ t: 'paired', name: 'alice' }]);
    peer.say(ask);
    await settle();
    expect(peer.closedBecause).toBe('closed by peer');
  });

  test('pairing: a stranger who asks nothing is shut out in time', async () => {
    const { peer, ports } = answerRaw(async () => 'alice');
    await ports.advance(helloMsMax - 1);
    expect(peer.closedBecause).toBeUndefined();
    await ports.advance(1);
    expect(peer.closedBecause).toBe('closed by peer');
    expect(ports.timerCount).toBe(0);
  });
});
