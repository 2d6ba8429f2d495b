/*
 * The in-memory pair: the link contract, and that it is deterministic.
 */
import { expect, test } from 'vitest';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { makeFrame, testTransport, watchLink } from '../../conformance/transport.ts';

const [keyA, keyB] = ['aa'.repeat(32), 'bb'.repeat(32)] as const;

testTransport('memory', async () => {
  const [near, far] = createLinkPair(keyA, keyB);
  return { near, far };
});

test('memory pair: each side sees the key of the other', () => {
  const [near, far] = createLinkPair(keyA, keyB);
  expect([near.peerKey, far.peerKey]).toEqual([keyB, keyA]);
  expect([near.carrier, far.carrier]).toEqual(['memory', 'memory']);
});

test('memory pair: a frame arrives within the microtasks of its send', async () => {
  const [near, far] = createLinkPair(keyA, keyB);
  const seen = watchLink(far);
  near.send(makeFrame(1, 4));
  expect(seen.frames).toHaveLength(0);
  await Promise.resolve();
  expect(seen.frames).toHaveLength(1);
});

test('memory pair: a side stays full while the other has not opened', async () => {
  const [near, far] = createLinkPair(keyA, keyB);
  const sender = watchLink(near);
  expect(near.send(makeFrame(1, 64 * 1024))).toBe('full');
  await Promise.resolve();
  expect(sender.drains).toBe(0);
  watchLink(far);
  await sender.until(() => sender.drains === 1);
});
