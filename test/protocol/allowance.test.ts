/*
 * What a peer may cost: never more than the bucket and what flowed in, and a sound peer is never short.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAllowance, linkCost, priceFrame, storeCost } from '../../protocol/allowance.ts';
import { attemptsHeldMax, talkPerSecond, talkTokensMax } from '../../protocol/limits.ts';
import { makeHello } from './raw-peer.ts';

describe('allowance', () => {
  test('allowance: whatever is asked for, no more is given than was there and flowed in', () => {
    const ask = fc.record({ waitMs: fc.nat(5000), cost: fc.nat(600) });
    void fc.assert(
      fc.property(fc.array(ask, { maxLength: 200 }), (asks) => {
        let nowMs = 1000;
        const allowance = createAllowance({ monotonicMs: () => nowMs });
        let given = 0;
        for (const { waitMs, cost } of asks) {
          nowMs += waitMs;
          if (allowance.spend(cost)) given += cost;
          const inflow = ((nowMs - 1000) / 1000) * talkPerSecond;
          expect(given).toBeLessThanOrEqual(talkTokensMax + inflow + 1e-6);
        }
      }),
    );
  });

  test('allowance: an empty bucket is full again after its time, and never fuller', () => {
    let nowMs = 0;
    const allowance = createAllowance({ monotonicMs: () => nowMs });
    expect(allowance.spend(talkTokensMax)).toBe(true);
    expect(allowance.spend(1)).toBe(false);
    nowMs += 1_000_000_000;
    expect(allowance.spend(talkTokensMax)).toBe(true);
    expect(allowance.spend(1)).toBe(false);
  });

  test('allowance: a sound agent with all that it can hold may dial anew every second for an hour', () => {
    let nowMs = 0;
    const allowance = createAllowance({ monotonicMs: () => nowMs });
    const inventory = Array.from({ length: attemptsHeldMax }, () => {
      return { attempt: 'J1.1' as const, state: 'running' as const };
    });
    // Without an inventory in the first hello of a link, and a ping a second beside it.
    const greeting = linkCost + 2 * priceFrame(makeHello()) + priceFrame({ t: 'ping', at: 0 });
    for (let second = 0; second < 3600; second += 1) {
      nowMs += 1000;
      expect(allowance.spend(greeting), `second ${second}`).toBe(true);
    }
    // A dozen times at once with its whole inventory, after a hub that came and went.
    for (let links = 0; links < 12; links += 1) {
      expect(allowance.spend(linkCost + priceFrame(makeHello({ inventory })))).toBe(true);
    }
  });

  test('allowance: messages and logs are free, and a new store costs more than any hello', () => {
    expect(priceFrame({ t: 'data', seq: 1, body: Uint8Array.of(1) })).toBe(0);
    expect(priceFrame({ t: 'log-ask', attempt: 'J1.1' })).toBe(0);
    expect(priceFrame({ t: 'ack', received: 1, need: [] })).toBe(0);
    expect(storeCost).toBeGreaterThan(priceFrame(makeHello()));
  });
});
