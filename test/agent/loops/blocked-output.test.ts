/*
 * Output that the disk does not take: its process waits, no byte is lost, and no job ends for it.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { RunWork } from '../../../agent/loops/run-work.ts';
import type { TakeOutput, Work, Workshop } from '../../../agent/work/work.ts';
import { AppError } from '../../../protocol/errors.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import type { LogStore } from '../../../store/log.ts';
import { instantLogDisk, type MemoryLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { openPeerStreams } from '../../../store/peer-streams.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { assign, type Bench, hub, openBench, processMark } from '../desk-bench.ts';
import { freePolicies } from '../policy/policies-in-hand.ts';

let bench: Bench;
let logDisk: MemoryLogDisk;
let logs: LogStore;
let loop: RunWork;
let give: TakeOutput;
let exit: () => void;
let guard: { refusal: AppError | undefined; hasLogRoom: boolean };

beforeEach(async () => {
  bench = await openBench();
  logDisk = instantLogDisk();
  logs = await openMemoryLogs(logDisk, { bytesMax: 1e6 });
  guard = { refusal: undefined, hasLogRoom: true };
  const start: Workshop['start'] = async (_order, take) => {
    give = take;
    const ended = new Promise<Awaited<Work['exit']>>((resolve) => {
      exit = () => resolve({ usage: { exitCode: 0 }, finishedAt: 9 });
    });
    return { process: processMark, exit: ended, end: () => undefined };
  };
  loop = new RunWork({
    desk: bench.desk,
    workshop: { start } as Pick<Workshop, 'start'> as Workshop,
    logs,
    disk: {
      ...soundDisk,
      findRefusal: () => guard.refusal,
      hasLogRoom: async () => guard.hasLogRoom,
    },
    ports: bench.ports,
    slots: 1,
    policies: freePolicies,
    mark: (attempt) => attempt,
    mayStart: () => true,
    leftMs: () => undefined,
    leaseLeftMs: (termMs) => termMs,
    cover: async () => undefined,
    logGrew: () => undefined,
    collect: async () => undefined,
    failed: (error) => {
      throw error;
    },
  });
  await bench.take(assign('J1.1'));
});

async function run(): Promise<void> {
  loop.wake();
  for (let turn = 0; turn < 3; turn += 1) await settle();
}

/** Gives output; says when it was taken. */
function giveText(text: string) {
  const state = { isTaken: false };
  const taken = give('stdout', new TextEncoder().encode(text)).then(() => {
    state.isTaken = true;
  });
  return { state, taken };
}

async function readText(): Promise<string> {
  const { records } = await (await logs.open('J1.1')).read(0, 1e6);
  return records.map(({ offset, bytes }) => `${offset}:${Buffer.from(bytes).toString()}`).join(' ');
}

describe('blocked output', () => {
  test('blocked output: waits on a full disk for as long as it is full, then is all there', async () => {
    await run();
    logDisk.fill();
    const first = giveText('ab');
    await bench.ports.advance(60_000);
    expect(first.state.isTaken).toBe(false);
    expect(loop.status).toBe('1 of 1 slots in use, 1 wait for the disk');
    logDisk.heal();
    await bench.ports.advance(2000);
    await first.taken;
    await giveText('cd').taken;
    expect([await readText(), loop.status]).toEqual(['0:ab 2:cd', '1 of 1 slots in use']);
  });

  test('blocked output: does not use the room that is kept for outcomes', async () => {
    await run();
    guard.hasLogRoom = false;
    const blocked = giveText('ab');
    await bench.ports.advance(60_000);
    expect([blocked.state.isTaken, await readText()]).toEqual([false, '']);
    guard.hasLogRoom = true;
    await bench.ports.advance(2000);
    await blocked.taken;
  });

  test('blocked output: a sync that fails at the end is done again before the outcome is told', async () => {
    await run();
    await giveText('ab').taken;
    logDisk.failNext(3);
    exit();
    await settle();
    expect(bench.desk.find('J1.1')?.state.is).toBe('running');
    await bench.ports.advance(10_000);
    await loop.idle();
    expect(bench.desk.find('J1.1')?.state).toMatchObject({ ending: { outcome: 'succeeded' } });
  });

  test('blocked output: nobody waits for the disk once the agent gives up', async () => {
    await run();
    logDisk.fill();
    const { taken } = giveText('ab');
    const refused = expect(taken).rejects.toMatchObject({ code: 'STORE_IO' });
    await bench.ports.advance(5000);
    loop.endAll();
    await bench.ports.advance(2000);
    await refused;
  });

  test('blocked output: nothing new starts while the disk has no room', async () => {
    guard.refusal = new AppError('DISK_LOW');
    await run();
    expect(loop.busyCount).toBe(0);
    guard.refusal = undefined;
    await run();
    expect(loop.busyCount).toBe(1);
  });

  test('blocked output: what still comes after the hub’s store changed is kept nowhere, and fails nothing', async () => {
    await run();
    await giveText('ab').taken;
    logDisk.fill();
    const blocked = giveText('cd');
    await bench.ports.advance(5000);
    await bench.desk.adopt(
      await openPeerStreams(bench.kv, { peer: hub, store: 'd'.repeat(32) }),
      [],
    );
    await logs.remove('J1.1');
    await bench.ports.advance(2000);
    await blocked.taken;
    logDisk.heal();
    await giveText('ef').taken;
    logDisk.fill();
    exit();
    await loop.idle();
    expect([await logs.list(), loop.status]).toEqual([[], '0 of 1 slots in use']);
  });
});
