/*
 * The worker's half of a lease: what renews it, what does not, and when it is over.
 */
import { describe, expect, test } from 'vitest';
import { renewalsHeldMax } from '../../../protocol/limits.ts';
import {
  dropWaiting,
  findLeaseLeftMs,
  type LeaseInstant,
  noteAnswer,
  noteReceived,
  unrenewed,
} from '../../../protocol/machines/renewal.ts';

const instant = (ms: number): LeaseInstant => ({ monotonicMs: ms, uptimeMs: ms });
const answer = (ms: number, queued = 0) => ({ sentAt: instant(ms), queued });

describe('renewal', () => {
  test('renewal: a lease runs from when the answered ping left', () => {
    const { renewedAt } = noteAnswer(unrenewed, answer(1000), 0);
    expect(renewedAt).toEqual(instant(1000));
    expect(findLeaseLeftMs(renewedAt, instant(1000), 10_000)).toBe(10_000);
    expect(findLeaseLeftMs(renewedAt, instant(10_999), 10_000)).toBe(1);
    expect(findLeaseLeftMs(renewedAt, instant(11_000), 10_000)).toBe(0);
  });

  test('renewal: before the first answer there is no lease', () => {
    expect(findLeaseLeftMs(unrenewed.renewedAt, instant(0), 10_000)).toBe(0);
  });

  test('renewal: an answer counts only once what was queued with it is applied', () => {
    const waiting = noteAnswer(unrenewed, answer(1000, 5), 4);
    expect(waiting.renewedAt).toBeUndefined();
    expect(noteReceived(waiting, 4)).toBe(waiting);
    expect(noteReceived(waiting, 5).renewedAt).toEqual(instant(1000));
  });

  test('renewal: an older answer that becomes good later does not set the lease back', () => {
    const early = noteAnswer(unrenewed, answer(1000, 9), 0);
    const both = noteAnswer(early, answer(2000, 0), 0);
    expect(both.renewedAt).toEqual(instant(2000));
    expect(noteReceived(both, 9).renewedAt).toEqual(instant(2000));
    expect(noteReceived(both, 9).waiting).toEqual([]);
  });

  test('renewal: what waits is bounded, and the oldest stays', () => {
    let renewal = unrenewed;
    for (let n = 1; n <= renewalsHeldMax + 10; n += 1) {
      renewal = noteAnswer(renewal, answer(n, n), 0);
    }
    expect(renewal.waiting).toHaveLength(renewalsHeldMax);
    expect(noteReceived(renewal, 1).renewedAt).toEqual(instant(1));
  });

  test('renewal: answers to what never comes keep no other from counting', () => {
    let renewal = unrenewed;
    for (let n = 1; n <= renewalsHeldMax; n += 1) {
      renewal = noteAnswer(renewal, answer(n, 510), 505);
    }
    // The hub was killed with those five on their way to its disk, and says what it has by now.
    renewal = noteAnswer(renewal, answer(100, 505), 505);
    expect(renewal.renewedAt).toEqual(instant(100));
    renewal = noteReceived(noteAnswer(renewal, answer(200, 507), 505), 507);
    expect(renewal.renewedAt).toEqual(instant(200));
  });

  test('renewal: of answers that wait for the same the newest counts, however many there are', () => {
    let renewal = unrenewed;
    for (let n = 1; n <= 2 * renewalsHeldMax; n += 1)
      renewal = noteAnswer(renewal, answer(n, 5), 4);
    expect(noteReceived(renewal, 5).renewedAt).toEqual(instant(2 * renewalsHeldMax));
  });

  test('renewal: numbers of an old store are forgotten with it', () => {
    const dropped = dropWaiting(noteAnswer(unrenewed, answer(1000, 5), 0));
    expect(noteReceived(dropped, 100).renewedAt).toBeUndefined();
  });

  test('renewal: a box that slept has lost its lease, though its monotonic clock stood still', () => {
    const from = instant(1000);
    const woken = { monotonicMs: 2000, uptimeMs: 61_000 };
    expect(findLeaseLeftMs(from, woken, 30_000)).toBeLessThanOrEqual(0);
    // A clock that counts whole seconds may be one ahead without any sleep.
    expect(findLeaseLeftMs(from, { monotonicMs: 2000, uptimeMs: 3000 }, 30_000)).toBe(29_000);
  });
});
