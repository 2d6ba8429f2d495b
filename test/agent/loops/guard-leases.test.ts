/*
 * The loop that keeps a guard: when there is one, what it is told, and what follows when it goes.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { GuardHandle, GuardListener } from '../../../agent/guard/guard-process.ts';
import type { GuardTable } from '../../../agent/guard/guard-words.ts';
import {
  guardEndingMs,
  guardIdleMs,
  guardReadyMsMax,
  guardRestartMsBase,
  guardRestartMsMax,
  guardSilentMsMax,
  guardStateMs,
  guardTickMs,
} from '../../../agent/guard/limits.ts';
import { GuardLeases } from '../../../agent/loops/guard-leases.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { openPeerStreams } from '../../../store/peer-streams.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { assign, type Bench, hub, openBench, processMark } from '../desk-bench.ts';

/** A guard as the test has it. */
interface Opened {
  readonly listener: GuardListener;
  readonly tables: GuardTable[];
  isReading: boolean;
  asked: 'close' | 'kill' | undefined;
}

const graceMs = 700;
const termMs = 30_000;

let bench: Bench;
let loop: GuardLeases;
let opened: Opened[];
let lines: string[];
let leftMs: number;
let asked: Set<AttemptId>;

beforeEach(async () => {
  bench = await openBench();
  [opened, lines, leftMs, asked] = [[], [], termMs, new Set()];
  loop = new GuardLeases({
    desk: bench.desk,
    ports: bench.ports,
    source: { graceMs, open: openGuard },
    mark: (attempt) => `s/${attempt}`,
    leaseLeftMs: () => leftMs,
    isAsked: (attempt) => asked.has(attempt),
    noticed: (line) => lines.push(line),
    failed: (error) => {
      throw error;
    },
  });
});

function openGuard(listener: GuardListener): GuardHandle {
  const guard: Opened = { listener, tables: [], isReading: true, asked: undefined };
  opened.push(guard);
  return {
    pid: 100 + opened.length,
    state: async (table) => {
      if (guard.isReading) guard.tables.push(table);
      return guard.isReading;
    },
    close: () => {
      guard.asked = 'close';
    },
    kill: () => {
      guard.asked = 'kill';
    },
  };
}

/** An attempt with a lease whose `starting` is on the disk, and what its cover came to. */
async function start(attempt: AttemptId): Promise<{ is: 'waits' | 'covered' | string }> {
  const plain = assign(attempt);
  if (plain.kind !== 'assign') throw new Error('an assignment');
  await bench.take({ ...plain, spec: { ...plain.spec, stopAfterMs: termMs } });
  await bench.desk.step(attempt, { type: 'start' });
  const cover = { is: 'waits' };
  loop.cover(attempt).then(
    () => {
      cover.is = 'covered';
    },
    (error: { code: string }) => {
      cover.is = error.code;
    },
  );
  await settle();
  return cover;
}

async function run(attempt: AttemptId): Promise<void> {
  await bench.desk.step(attempt, { type: 'spawned', at: 1, process: processMark });
  loop.wake();
  await bench.ports.advance(guardStateMs);
  await settle();
}

async function finish(attempt: AttemptId): Promise<void> {
  await bench.desk.step(attempt, { type: 'exited', at: 1, usage: { exitCode: 0 } });
  loop.wake();
}

/** A tick that is heard at once: a guard's monotonic clock has its own origin, the uptime is the box's. */
async function tick(guard: Opened | undefined, monotonicMs = 50): Promise<void> {
  guard?.listener.tick({ monotonicMs, uptimeMs: bench.ports.nowMs });
  await settle();
}

describe('guard leases', () => {
  test('guard leases: without a lease there is no guard, and looking costs nothing', async () => {
    loop.wake();
    await bench.ports.advance(60_000);
    expect([opened.length, bench.ports.timerCount]).toEqual([0, 0]);
    expect(loop.status).toBe('no lease is held');
  });

  test('guard leases: work is covered once a guard lives and was told of it, before it has a pid', async () => {
    const cover = await start('J1.1');
    expect([opened.length, cover.is, loop.health.is]).toEqual([1, 'waits', 'down']);
    await tick(opened[0]);
    expect([cover.is, loop.status]).toEqual(['covered', '1 lease guarded by process 101']);
    expect(opened[0]?.tables).toEqual([
      {
        from: { monotonicMs: 50, uptimeMs: bench.ports.nowMs },
        rows: [{ mark: 's/J1.1', pid: 0, start: '0', forMs: termMs, isEnding: false }],
      },
    ]);
    await run('J1.1');
    const { pid, start: began, mark } = processMark;
    expect(opened[0]?.tables.at(-1)?.rows).toMatchObject([{ pid, start: began, mark }]);
  });

  test('guard leases: a guard that does not read was not told', async () => {
    const cover = await start('J1.1');
    const [guard] = opened;
    if (guard !== undefined) guard.isReading = false;
    await tick(guard);
    expect(cover.is).toBe('waits');
    if (guard !== undefined) guard.isReading = true;
    await tick(guard);
    expect(cover.is).toBe('covered');
  });

  test('guard leases: where none comes up in time the work may not start', async () => {
    const cover = await start('J1.1');
    await bench.ports.advance(guardReadyMsMax - 1);
    expect(cover.is).toBe('waits');
    await bench.ports.advance(1);
    expect(cover.is).toBe('JOB_UNGUARDED');
  });

  test('guard leases: what is left is counted from the tick, of which the time is not ours', async () => {
    await start('J1.1');
    await tick(opened[0], 777_000);
    await bench.ports.advance(900);
    leftMs = 12_000;
    loop.wake();
    await bench.ports.advance(guardStateMs);
    await settle();
    expect(opened[0]?.tables.at(-1)).toMatchObject({
      from: { monotonicMs: 777_000 },
      rows: [{ forMs: 12_900 + guardStateMs }],
    });
  });

  test('guard leases: a tick that waited while this process did not run ends no lease early', async () => {
    await start('J1.1');
    const readAt = bench.ports.nowMs;
    await bench.ports.advance(4000);
    leftMs = termMs - 4000;
    // By the guard's own clock, of which the origin is another.
    opened[0]?.listener.tick({ monotonicMs: 300, uptimeMs: readAt });
    await settle();
    const [row] = opened[0]?.tables.at(-1)?.rows ?? [];
    // Uptimes may count whole seconds.
    expect(row?.forMs).toBeGreaterThanOrEqual(termMs - 1000);
    expect(row?.forMs).toBeLessThanOrEqual(termMs);
  });

  test('guard leases: many changes of a moment are told together, but whoever waits does not wait for that', async () => {
    await start('J1.1');
    await tick(opened[0]);
    for (let count = 0; count < 50; count += 1) loop.wake();
    await bench.ports.advance(guardStateMs - 1);
    expect(opened[0]?.tables).toHaveLength(1);
    const covers = await Promise.all([start('J2.1'), start('J3.1'), start('J4.1')]);
    expect(covers.map(({ is }) => is)).toEqual(['covered', 'covered', 'covered']);
    await bench.ports.advance(1);
    await settle();
    expect(opened[0]?.tables.length).toBeLessThanOrEqual(5);
    expect(opened[0]?.tables.at(-1)?.rows).toHaveLength(4);
  });

  test('guard leases: what the agent itself has asked to end has its grace and more; a decision alone has not', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await run('J1.1');
    leftMs = 0;
    await bench.desk.step('J1.1', { type: 'end', at: 1, cause: 'hub-silent' });
    await tick(opened[0]);
    expect(opened[0]?.tables.at(-1)?.rows).toMatchObject([{ isEnding: false, forMs: 0 }]);
    asked.add('J1.1');
    await tick(opened[0]);
    expect(opened[0]?.tables.at(-1)?.rows).toMatchObject([
      { isEnding: true, forMs: graceMs + guardEndingMs },
    ]);
  });

  test('guard leases: a guard whose work has ended is let go, but not at once', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await run('J1.1');
    await finish('J1.1');
    await bench.ports.advance(guardStateMs);
    await settle();
    expect(opened[0]?.tables.at(-1)?.rows).toEqual([]);
    expect(loop.health).toEqual({ is: 'none', leaseCount: 0, pid: null });
    await bench.ports.advance(guardIdleMs / 2);
    await tick(opened[0]);
    expect(opened[0]?.asked).toBeUndefined();
    await bench.ports.advance(guardIdleMs / 2 - guardStateMs);
    expect([opened[0]?.asked, bench.ports.timerCount]).toEqual(['close', 0]);
    await start('J2.1');
    expect(opened).toHaveLength(2);
  });

  test('guard leases: one that ends is followed by another that is told everything, and it is said', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await run('J1.1');
    opened[0]?.listener.gone('SIGKILL');
    expect([opened.length, loop.health.is]).toEqual([1, 'down']);
    expect(lines).toEqual([expect.stringContaining('SIGKILL')]);
    await bench.ports.advance(guardRestartMsBase);
    await tick(opened[1]);
    expect(opened[1]?.tables.at(-1)?.rows).toMatchObject([{ pid: processMark.pid }]);
    // What the dead one said last is heard after it.
    opened[0]?.listener.ended(processMark.mark);
    opened[0]?.listener.gone('again');
    expect([opened.length, loop.health.is, lines.length]).toEqual([2, 'up', 1]);
  });

  test('guard leases: guards that cannot live are tried ever more seldom', async () => {
    await start('J1.1');
    const openedBy = async (ms: number) => {
      await bench.ports.advance(ms);
      return opened.length;
    };
    let pauseMs = guardRestartMsBase;
    for (let count = 1; count < 20; count += 1) {
      opened.at(-1)?.listener.gone('ENOENT');
      expect(await openedBy(pauseMs - 1)).toBe(count);
      expect(await openedBy(1)).toBe(count + 1);
      pauseMs = Math.min(2 * pauseMs, guardRestartMsMax);
    }
  });

  test('guard leases: one that is stopped is killed and followed, but one look that is late blames nobody', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await bench.ports.advance(guardSilentMsMax);
    await tick(opened[0]);
    await bench.ports.advance(guardSilentMsMax + guardTickMs - 1);
    expect(opened[0]?.asked).toBeUndefined();
    await bench.ports.advance(1);
    expect(opened[0]?.asked).toBe('kill');
    await bench.ports.advance(guardRestartMsBase);
    expect(opened).toHaveLength(2);
  });

  test('guard leases: what its guard ended ends for the reason that it had', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await run('J1.1');
    opened[0]?.listener.ended('s/J1.1');
    await settle();
    await finish('J1.1');
    const ending = { outcome: 'cancelled', code: 'LEASE_LAPSED' };
    expect(bench.desk.find('J1.1')?.state).toMatchObject({ is: 'finished', ending });
  });

  test('guard leases: what was given up with a store of the hub is guarded until it has ended', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await run('J1.1');
    const other = { peer: hub, store: 'd'.repeat(32) };
    await bench.desk.adopt(await openPeerStreams(bench.kv, other), []);
    asked.add('J1.1');
    await tick(opened[0]);
    expect(opened[0]?.tables.at(-1)?.rows).toMatchObject([
      { mark: processMark.mark, isEnding: true, forMs: graceMs + guardEndingMs },
    ]);
    bench.desk.disowned.ended('J1.1');
    await tick(opened[0]);
    expect(opened[0]?.tables.at(-1)?.rows).toEqual([]);
  });

  test('guard leases: an agent that stops lets its guard go, whatever that still holds', async () => {
    await start('J1.1');
    await tick(opened[0]);
    loop.stop();
    await tick(opened[0]);
    opened[0]?.listener.gone('status 0');
    await bench.ports.advance(60_000);
    expect([opened.length, opened[0]?.asked, lines]).toEqual([1, 'close', []]);
  });

  test('guard leases: a guard that is let go right after the work ended holds nothing more', async () => {
    await start('J1.1');
    await tick(opened[0]);
    await run('J1.1');
    await finish('J1.1');
    loop.stop();
    expect(opened[0]?.tables.at(-1)?.rows).toEqual([]);
    expect(opened[0]?.asked).toBe('close');
  });
});
