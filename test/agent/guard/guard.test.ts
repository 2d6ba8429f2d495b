/*
 * The guard: what it ends and when, what it says, and when it has finished.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { Guard } from '../../../agent/guard/guard.ts';
import type { GuardRow, GuardWord } from '../../../agent/guard/guard-words.ts';
import { guardMarginMs, guardOrphanMsMax, guardTickMs } from '../../../agent/guard/limits.ts';
import type { LeaseInstant } from '../../../protocol/machines/renewal.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

let ports: FakePorts;
let guard: Guard;
let words: GuardWord[];
let ended: string[];
let letGo: (() => void)[];
let finishedCount: number;

beforeEach(() => {
  ports = new FakePorts();
  [words, ended, letGo, finishedCount] = [[], [], [], 0];
  guard = new Guard({
    ports,
    tell: (word) => words.push(word),
    end: ({ mark }) => {
      ended.push(mark);
      return new Promise((resolve) => letGo.push(resolve));
    },
    finished: () => {
      finishedCount += 1;
    },
  });
  guard.start();
});

function lease(mark: string, forMs: number): GuardRow {
  return { mark, pid: 7, start: '9', forMs, isEnding: false };
}

function readTick(): LeaseInstant {
  const tick = words.findLast((word) => word.t === 'tick');
  if (tick?.t !== 'tick') throw new Error('it never ticked');
  return tick;
}

/** As an agent that lives does it, each time it hears a tick. */
async function renewFor(ms: number, rows: readonly GuardRow[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += guardTickMs) {
    guard.state({ from: readTick(), rows });
    await ports.advance(guardTickMs);
  }
}

describe('guard', () => {
  test('guard: it ticks at once and each second, and being told things does not put that off', async () => {
    expect(words).toHaveLength(1);
    for (let count = 0; count < 20; count += 1) {
      guard.state({ from: readTick(), rows: [lease('a', 60_000)] });
      await ports.advance(guardTickMs / 10);
    }
    expect(words).toHaveLength(3);
  });

  test('guard: what is renewed is never touched', async () => {
    await renewFor(60_000, [lease('a', 5000), lease('b', 1500)]);
    expect(ended).toEqual([]);
  });

  test('guard: each lease ends when its own time is over, while its agent is silent', async () => {
    guard.state({ from: readTick(), rows: [lease('a', 5000), lease('b', 3000)] });
    await ports.advance(3000 + guardMarginMs - 1);
    expect(ended).toEqual([]);
    await ports.advance(1);
    expect(ended).toEqual(['b']);
    await ports.advance(2000);
    expect(ended).toEqual(['b', 'a']);
    expect(words.filter(({ t }) => t === 'ended')).toEqual([
      { t: 'ended', mark: 'b' },
      { t: 'ended', mark: 'a' },
    ]);
  });

  test('guard: a dead agent takes nothing from its leases; then nothing is left, and it has finished', async () => {
    guard.state({ from: readTick(), rows: [lease('a', 5000)] });
    guard.agentGone();
    await ports.advance(5000 + guardMarginMs - 1);
    expect([ended, finishedCount]).toEqual([[], 0]);
    await ports.advance(1);
    expect([ended, finishedCount]).toEqual([['a'], 0]);
    letGo[0]?.();
    await ports.advance(1);
    expect([finishedCount, ports.timerCount]).toEqual([1, 0]);
  });

  test('guard: without a lease the end of its agent is its own, and until then it stays', async () => {
    guard.state({ from: readTick(), rows: [lease('a', 5000)] });
    guard.state({ from: readTick(), rows: [] });
    await ports.advance(guardOrphanMsMax - 1);
    expect([ended, finishedCount]).toEqual([[], 0]);
    guard.agentGone();
    expect(finishedCount).toBe(1);
  });

  test('guard: where its pipe is held open by somebody else it does not stay for ever', async () => {
    guard.state({ from: readTick(), rows: [lease('a', 5000)] });
    await ports.advance(5000 + guardMarginMs);
    letGo[0]?.();
    await ports.advance(guardOrphanMsMax);
    expect([ended, finishedCount]).toEqual([['a'], 1]);
  });

  test('guard: what it ended is ended once, however often its agent still states it', async () => {
    guard.state({ from: readTick(), rows: [lease('a', 0)] });
    await ports.advance(guardMarginMs);
    letGo[0]?.();
    await renewFor(10_000, [lease('a', 5000)]);
    expect(ended).toEqual(['a']);
  });
});
