/*
 * The dial loop: what a session is told of a link, and when another one is asked for.
 */
import { describe, expect, test } from 'vitest';
import { KeepLink } from '../../../agent/loops/keep-link.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { LeaseInstant } from '../../../protocol/machines/renewal.ts';
import type { Session } from '../../../protocol/session.ts';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

/** A loop whose dials take so long, and the instants that its session was given with its links. */
function makeLoop(dialMs: number) {
  const ports = new FakePorts();
  const askedAt: (number | undefined)[] = [];
  const ends: ((reason: string) => void)[] = [];
  const session = {
    attach: (_link: unknown, at?: LeaseInstant) => {
      askedAt.push(at?.monotonicMs);
      return new Promise<string>((resolve) => ends.push(resolve));
    },
  } as unknown as Session;
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
  return { ports, loop, askedAt, ends, dials };
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
});
