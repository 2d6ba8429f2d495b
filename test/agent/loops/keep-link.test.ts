/*
 * The dial loop: what a session is told of a link, and when another one is asked for.
 */
import { describe, expect, test } from 'vitest';
import { KeepLink } from '../../../agent/loops/keep-link.ts';
import { AppError } from '../../../protocol/errors.ts';
import { climbMsBase, climbMsMax, climbProvenMs } from '../../../protocol/limits.ts';
import type { LeaseInstant } from '../../../protocol/machines/renewal.ts';
import type { Session } from '../../../protocol/session.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

/** A loop whose dials take so long, and the instants that its session was given with its links. */
function makeLoop(dialMs: number) {
  const ports = new FakePorts();
  const askedAt: (number | undefined)[] = [];
  const ends: ((reason: string) => void)[] = [];
  const other: { connection: { carrier: string } | undefined } = { connection: undefined };
  const session = Object.assign(other, {
    attach: (_link: unknown, at?: LeaseInstant) => {
      askedAt.push(at?.monotonicMs);
      return new Promise<string>((resolve) => ends.push(resolve));
    },
  }) as unknown as Session;
  const dials: number[] = [];
  const loop = new KeepLink({
    session,
    ports,
    dial: async () => {
      dials.push(ports.nowMs);
      if (dials.length === 2) throw new AppError('LINK_LOST');
      await new Promise<void>((resolve) => void ports.timers.after(dialMs, resolve));
      return createLinkPair('a', 'b')[0];
    },
  });
  return { ports, loop, askedAt, ends, dials, other };
}

describe('keep link', () => {
  test('keep link: a link was asked for when its dial began, however long that took', async () => {
    const { ports, loop, askedAt, dials } = makeLoop(700);
    void loop.start();
    await ports.advance(700);
    expect(askedAt).toEqual(dials);
    expect(askedAt).toHaveLength(1);
    loop.stop();
  });

  test('keep link: it dials again after a link that ended and after a dial that failed', async () => {
    const { ports, loop, ends, dials } = makeLoop(1);
    void loop.start();
    await ports.advance(1);
    ends[0]?.('cut');
    await ports.advance(60_000);
    expect(dials).toHaveLength(3);
    expect(loop.status).toContain('dialling');
    loop.stop();
  });

  test('keep link: while the hub came another way it dials at ease, and in a hurry once that is gone', async () => {
    const { ports, loop, ends, dials, other } = makeLoop(1);
    other.connection = { carrier: 'stdio' };
    void loop.start();
    await ports.advance(1);
    ends[0]?.('cut');
    await ports.advance(2 * climbMsBase * ports.roll - 1);
    expect(dials).toHaveLength(1);
    expect(loop.status).toBe('linked by ssh');
    other.connection = undefined;
    loop.closed();
    await ports.advance(0);
    expect(dials).toHaveLength(2);
    loop.stop();
  });

  test('keep link: a way that breaks again and again is tried ever more seldom, until it lasts', async () => {
    const { ports, loop, ends, dials, other } = makeLoop(1);
    other.connection = { carrier: 'stdio' };
    void loop.start();
    const pauses: number[] = [];
    await ports.advance(climbMsMax);
    for (let round = 0; round < 10; round += 1) {
      const [endedAt, dialled] = [ports.nowMs, dials.length];
      ends.at(-1)?.('LINK_TIMEOUT');
      while (dials.length === dialled) await ports.advance(100);
      pauses.push(ports.nowMs - endedAt);
      await ports.advance(1);
      if (dials.length === 2) await ports.advance(climbMsMax);
    }
    expect(pauses.at(-1)).toBe(climbMsMax / 2);
    await ports.advance(climbProvenMs);
    const [endedAt, dialled] = [ports.nowMs, dials.length];
    ends.at(-1)?.('LINK_TIMEOUT');
    while (dials.length === dialled) await ports.advance(100);
    expect(ports.nowMs - endedAt).toBe(climbMsBase / 2);
    loop.stop();
  });

  test('keep link: what a relay carries is left for a direct link, and comes back when that ends', async () => {
    const ports = new FakePorts();
    const asked: string[] = [];
    const ends: ((reason: string) => void)[] = [];
    const attach = () => new Promise<string>((resolve) => ends.push(resolve));
    const session = { connection: {}, attach } as unknown as Session;
    const loop = new KeepLink({
      session,
      ports,
      dial: async (how) => {
        asked.push(how);
        if (asked.length === 2) throw new AppError('LINK_TIMEOUT');
        const carrier = how === 'any' ? 'relay' : 'swarm';
        return { carrier } as Link;
      },
    });
    void loop.start();
    await ports.advance(1);
    expect(asked).toEqual(['any']);
    // The first try to climb fails, the second comes through and replaces the relay's link.
    await ports.advance(2 * climbMsBase);
    expect(asked).toEqual(['any', 'direct', 'direct']);
    ends[0]?.('replaced');
    await ports.advance(climbProvenMs);
    expect(asked).toHaveLength(3);
    ends[1]?.('LINK_TIMEOUT');
    await ports.advance(climbMsBase);
    expect(asked[3]).toBe('any');
    loop.stop();
  });
});
