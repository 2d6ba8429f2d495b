/*
 * The hub's copies of logs: appended in place, on disk before they are acknowledged, each by its holder.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { logUnderWayBytesMax } from '../../../cockpit/hub/limits.ts';
import { LogMirror, logUnwanted } from '../../../cockpit/hub/log-mirror.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import { logWindowBytesMax } from '../../../protocol/limits.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import type { LogStore } from '../../../store/log.ts';
import { instantLogDisk, type MemoryLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { settle } from '../../protocol/fake-ports.ts';
import {
  alice,
  bob,
  type HubBench,
  makeJob,
  makeWorker,
  openTeamBench,
  silence,
} from './hub-bench.ts';

type LogFrame = Extract<OwnerFrame, { t: 'log' }>;

let bench: HubBench;
let disk: MemoryLogDisk;
let logs: LogStore;
let mirror: LogMirror;
let answers: OwnerFrame[];
let failures: unknown[];
let lines: string[];
let hasLogRoom: boolean;

beforeEach(async () => {
  bench = await openTeamBench();
  await bench.desk.dispatch(makeJob([alice]));
  disk = instantLogDisk();
  logs = await openMemoryLogs(disk, { bytesMax: 1024 * 1024 });
  hasLogRoom = true;
  lines = [];
  answers = [];
  failures = [];
  mirror = new LogMirror({
    logs,
    disk: { ...soundDisk, hasLogRoom: async () => hasLogRoom },
    desk: bench.desk,
    clock: bench.ports.clock,
    failed: (error) => failures.push(error),
    noticed: (line) => lines.push(line),
  });
});

/** Output at these offsets; the frame follows what ends at `from`. */
function log(
  from: number,
  pieces: readonly (readonly [offset: number, text: string])[],
  next?: number,
): LogFrame {
  const records = pieces.map(([offset, text]) => ({
    offset,
    stream: 'stdout' as const,
    at: 1,
    bytes: new TextEncoder().encode(text),
  }));
  const last = records.at(-1);
  const end = last === undefined ? from : last.offset + last.bytes.length;
  return { t: 'log', attempt: 'J1.1', from, records, next: next ?? end };
}

async function take(worker: string, ...frames: readonly OwnerFrame[]): Promise<void> {
  for (const frame of frames) mirror.take(worker, frame, (answer) => answers.push(answer));
  for (let turn = 0; turn < 3; turn += 1) await settle();
}

async function readText(): Promise<string> {
  const { records } = await mirror.read('J1.1', 0, 1e6);
  return records
    .map((record) => `${record.offset}:${Buffer.from(record.bytes).toString()}`)
    .join(' ');
}

const ack = (offset: number, isReset = false): OwnerFrame => ({
  t: 'log-ack',
  attempt: 'J1.1',
  offset,
  isReset,
  window: logWindowBytesMax,
});

describe('log mirror', () => {
  test('log mirror: the holder is told where the copy ends, others that it is not wanted', async () => {
    await take(alice, log(0, [[0, 'abc']]));
    await take(alice, { t: 'log-ask', attempt: 'J1.1' });
    await take(bob, { t: 'log-ask', attempt: 'J1.1' });
    await take(alice, { t: 'log-ask', attempt: 'J9.1' });
    expect(answers).toEqual([
      ack(3),
      ack(3, true),
      ack(logUnwanted, true),
      { ...ack(logUnwanted, true), attempt: 'J9.1' },
    ]);
  });

  test('log mirror: what a failed sync lost is sent again, and is no gap', async () => {
    await take(alice, log(0, [[0, 'abc']]));
    disk.forgetNext();
    await take(alice, log(3, [[3, 'def']]));
    await take(alice, log(6, [[6, 'ghi']]));
    expect(answers).toEqual([ack(3), ack(3, true)]);
    await take(alice, log(3, [[3, 'defghi']]));
    expect(await readText()).toBe('0:abc 3:defghi');
  });

  test('log mirror: nor does a gap of the worker’s hide what a failed sync lost', async () => {
    await take(alice, log(0, [[0, 'abc']]));
    disk.forgetNext();
    await take(alice, log(3, [[3, 'def']]));
    await take(alice, log(6, [], 600));
    expect(answers).toEqual([ack(3), ack(3, true)]);
  });

  test('log mirror: the next chunk is appended while one is synced, and acked only after its own sync', async () => {
    const log1 = await logs.open('J1.1');
    const syncs: (() => void)[] = [];
    log1.sync = () => {
      const { end } = log1;
      return new Promise((resolve) => syncs.push(() => resolve(end)));
    };
    await take(alice, log(0, [[0, 'ab']]));
    await take(alice, log(2, [[2, 'cd']]), log(4, [[4, 'ef']]));
    expect(await readText()).toBe('0:ab 2:cd 4:ef');
    expect([answers, syncs.length]).toEqual([[], 1]);
    syncs[0]?.();
    await take(alice);
    expect([answers, syncs.length]).toEqual([[ack(2)], 2]);
    syncs[1]?.();
    await take(alice);
    expect([answers, syncs.length]).toEqual([[ack(2), ack(6)], 2]);
  });

  test('log mirror: the more workers send, the less each may have under way', async () => {
    const unsynced = async (attempt: AttemptId) =>
      Object.assign(await logs.open(attempt), { sync: () => new Promise(() => undefined) });
    const slow = { open: unsynced } as Pick<LogStore, 'open'> as LogStore;
    mirror = new LogMirror({
      logs: slow,
      disk: soundDisk,
      desk: bench.desk,
      clock: bench.ports.clock,
      failed: (error) => failures.push(error),
      noticed: (line) => lines.push(line),
    });
    for (let n = 2; n <= 32; n += 1) {
      const key = n.toString(16).padStart(64, '0');
      await bench.workers.save(makeWorker(key, `w${n}`), 'worker-paired', []);
      await bench.workers.adoptStore(key, key.slice(0, 32));
      await bench.desk.dispatch(makeJob([key]));
      await take(key, { ...log(0, [[0, 'x']]), attempt: `J${n}.1` });
    }
    await take(alice, { t: 'log-ask', attempt: 'J9.1' });
    expect(answers).toMatchObject([{ window: Math.floor(logUnderWayBytesMax / 31) }]);
  });

  test('log mirror: chunks that wait go to disk with one sync and one ack', async () => {
    await take(alice, log(0, [[0, 'ab']]), log(2, [[2, 'cd']]), log(4, [[4, 'ef']]));
    expect(await readText()).toBe('0:ab 2:cd 4:ef');
    expect(answers).toEqual([ack(6)]);
  });

  test('log mirror: what the copy has already is not written twice', async () => {
    await take(alice, log(0, [[0, 'abcd']]));
    await take(
      alice,
      log(0, [
        [0, 'ab'],
        [2, 'cdef'],
      ]),
    );
    await take(alice, log(0, [[0, 'abc']]));
    expect(await readText()).toBe('0:abcd 4:ef');
    expect(answers.at(-1)).toEqual(ack(6));
  });

  test('log mirror: a chunk that does not follow the copy is not taken, and the worker set back', async () => {
    await take(alice, log(0, [[0, 'ab']]));
    await take(alice, log(9, [[9, 'zz']]));
    expect(await readText()).toBe('0:ab');
    expect(answers.at(-1)).toEqual(ack(2, true));
  });

  test('log mirror: a hole that the worker’s cap made is kept as a hole, also at the end', async () => {
    await take(
      alice,
      log(0, [
        [0, 'ab'],
        [10, 'cd'],
      ]),
    );
    await take(alice, log(12, [], 20));
    expect(await readText()).toBe('0:ab 10:cd');
    expect(await mirror.findEnd('J1.1')).toBe(20);
    expect(answers.at(-1)).toEqual(ack(20));
  });

  test('log mirror: another worker writes nothing, even while the holder’s chunks are written', async () => {
    await take(alice, log(0, [[0, 'ab']]));
    const rogue = { ...log(2, [[2, 'EVIL']]) };
    for (const [worker, frame] of [
      [alice, log(2, [[2, 'cd']])],
      [bob, rogue],
      [alice, log(4, [[4, 'ef']])],
    ] as const) {
      mirror.take(worker, frame, (answer) => answers.push(answer));
    }
    await take(bob, rogue, log(6, [[6, 'MORE']]));
    expect(await readText()).toBe('0:ab 2:cd 4:ef');
    expect(failures).toEqual([]);
  });

  test('log mirror: a worker that sends first and is no holder does not lose the holder’s chunks', async () => {
    mirror.take(bob, log(0, [[0, 'EVIL']]), () => answers.push(ack(-1)));
    await take(alice, log(0, [[0, 'ab']]));
    expect(await readText()).toBe('0:ab');
    expect(answers).toEqual([ack(2)]);
  });

  test('log mirror: an attempt that ended or was superseded still brings its log', async () => {
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    await bench.desk.retry(await bench.desk.get('J1'), bob);
    await take(alice, log(0, [[0, 'late']]));
    await take(bob, { ...log(0, [[0, 'new']]), attempt: 'J1.2' });
    expect(await readText()).toBe('0:late');
    expect(await mirror.findEnd('J1.2')).toBe(3);
  });

  test('log mirror: followers hear of each growth until they leave', async () => {
    let heardCount = 0;
    const leave = mirror.follow('J1.1', () => {
      heardCount += 1;
    });
    await take(alice, log(0, [[0, 'ab']]));
    expect(heardCount).toBe(1);
    leave();
    leave();
    await take(alice, log(2, [[2, 'cd']]));
    expect(heardCount).toBe(1);
  });

  test('log mirror: what the disk does not take is not acknowledged, told once, and taken when it comes again', async () => {
    for (const [fault, mend] of [
      [() => disk.failNext(), () => undefined],
      [() => disk.fill(), () => disk.heal()],
    ] as const) {
      fault();
      const from = await mirror.findEnd('J1.1');
      answers = [];
      lines = [];
      await take(alice, log(from, [[from, 'ab']]));
      expect([answers, failures, lines.length]).toEqual([[], [], 1]);
      mend();
      await take(alice, { t: 'log-ask', attempt: 'J1.1' }, log(from, [[from, 'ab']]));
      expect(answers.at(-1)).toMatchObject({ t: 'log-ack', offset: from + 2 });
    }
    expect(await readText()).toBe('0:ab 2:ab');
  });

  test('log mirror: what was dropped for the disk does not count as waiting for ever', async () => {
    disk.fill();
    const large = 'x'.repeat(60_000);
    for (let n = 0; n < 100; n += 1) await take(alice, log(0, [[0, large]]));
    disk.heal();
    await take(alice, log(0, [[0, 'ab']]));
    expect(answers).toMatchObject([{ t: 'log-ack', offset: 2 }]);
  });

  test('log mirror: while room is kept for outcomes no log is written', async () => {
    hasLogRoom = false;
    await take(alice, log(0, [[0, 'ab']]));
    expect([answers, failures, await mirror.findEnd('J1.1')]).toEqual([[], [], 0]);
    hasLogRoom = true;
    await take(alice, log(0, [[0, 'ab']]));
    expect(answers).toMatchObject([{ offset: 2 }]);
  });
});
