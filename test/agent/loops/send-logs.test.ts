/*
 * The loop that copies logs to the hub: within what the hub grants, and no log before another.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { HeldAttempt } from '../../../agent/attempts.ts';
import type { Desk } from '../../../agent/desk.ts';
import { logAskAgainMs, logPaceBytesMin } from '../../../agent/limits.ts';
import { SendLogs } from '../../../agent/loops/send-logs.ts';
import { decodeFrame, encodeFrame, type OwnerFrame } from '../../../protocol/frames.ts';
import { logChunkBytesMax } from '../../../protocol/limits.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import type { LogStore } from '../../../store/log.ts';
import { openLogFiles } from '../../../store/log-files.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { FakePorts, settle } from '../../protocol/fake-ports.ts';
import { createDirectory } from '../../store/place.ts';

const attempts: readonly AttemptId[] = ['J1.1', 'J2.1', 'J3.1'];

let logs: LogStore;
let ports: FakePorts;
let sent: OwnerFrame[];
let noticed: string[];
/** What ended with so much output by its report; all else runs. */
let ended: Partial<Record<AttemptId, number>>;
let delivered: AttemptId[];
let loop: SendLogs;

/** Every attempt has printed so much: zeros, or a text again and again. */
async function print(
  bytes: number,
  text = (_attempt: AttemptId, _offset: number) => '\0',
): Promise<void> {
  for (const attempt of attempts) {
    const log = await logs.open(attempt);
    for (let offset = 0; offset < bytes; offset += logChunkBytesMax) {
      const size = Math.min(logChunkBytesMax, bytes - offset);
      const piece = Buffer.alloc(size, text(attempt, offset));
      await log.append([{ offset, stream: 'stdout', at: 1, bytes: piece }]);
    }
  }
  const list = () =>
    attempts.map((attempt) => {
      const is = ended[attempt] === undefined ? 'running' : 'finished';
      return { attempt, state: { is }, logBytes: ended[attempt] } as unknown as HeldAttempt;
    });
  const find = (id: AttemptId) => list().find(({ attempt }) => attempt === id);
  loop = new SendLogs({
    desk: { list, find, logDelivered: (id: AttemptId) => delivered.push(id) } as unknown as Desk,
    logs,
    send: (frame) => {
      // As a link does: it has its copy before this returns.
      const copy = decodeFrame(encodeFrame(frame)) as OwnerFrame;
      sent.push(copy);
      return 'sent';
    },
    ...{ clock: ports.clock, timers: ports.timers },
    logEnd: () => bytes,
    noticed: (line) => noticed.push(line),
    failed: (error) => {
      throw error;
    },
  });
  loop.linked();
}

/** What was sent since the last look: `ask J1.1`, `J1.1: 0+65536`. */
async function look(): Promise<readonly string[]> {
  for (let turn = 0; turn < 6; turn += 1) await settle();
  return sent.splice(0).map((frame) => {
    if (frame.t === 'log-ask') return `ask ${frame.attempt}`;
    if (frame.t !== 'log') return frame.t;
    return `${frame.attempt}: ${frame.from}+${frame.next - frame.from}`;
  });
}

/** The hub has this log up to the offset; at 0 it says where to begin. */
const ack = (attempt: AttemptId, offset: number, window: number) =>
  loop.acked(attempt, { offset, isReset: offset === 0, window });

beforeEach(async () => {
  ports = new FakePorts();
  logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 2 ** 24 });
  [sent, noticed, delivered] = [[], [], []];
  ended = {};
});

describe('send logs', () => {
  test('send logs: where only one chunk may be under way, the logs of a worker take turns', async () => {
    await print(4 * logChunkBytesMax);
    expect(await look()).toEqual(attempts.map((attempt) => `ask ${attempt}`));
    for (const attempt of attempts) ack(attempt, 0, logChunkBytesMax);
    const seen: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const [line = '', ...more] = await look();
      expect(more).toEqual([]);
      seen.push(line);
      const [attempt = '', from, bytes] = line.split(/: |\+/);
      ack(attempt as AttemptId, Number(from) + Number(bytes), logChunkBytesMax);
    }
    const round = (from: number) =>
      ['J1.1', 'J2.1', 'J3.1'].map((attempt) => `${attempt}: ${from}+${logChunkBytesMax}`);
    expect(seen).toEqual([...round(0), ...round(logChunkBytesMax)]);
  });

  test('send logs: what is under way is within the grant, in chunks no larger than it', async () => {
    await print(4 * logChunkBytesMax);
    await look();
    ack('J1.1', 0, 1000);
    expect(await look()).toEqual(['J1.1: 0+1000']);
    ack('J1.1', 1000, 1.5 * logChunkBytesMax);
    expect(await look()).toEqual([`J1.1: 1000+${logChunkBytesMax - 1000}`]);
  });

  test('send logs: a hub that grants nothing stops the copying nearly, and never the agent', async () => {
    await print(logChunkBytesMax);
    await look();
    ack('J1.1', 0, 0);
    expect(await look()).toEqual(['J1.1: 0+1']);
  });

  test('send logs: a new connection begins with little under way, whatever is granted', async () => {
    await print(8 * logChunkBytesMax);
    await look();
    for (const attempt of attempts) ack(attempt, 0, 2 ** 22);
    expect(await look()).toHaveLength(logPaceBytesMin / logChunkBytesMax);
  });

  test('send logs: logs that are read from files at once come whole, byte for byte', async () => {
    const directory = await createDirectory();
    onTestFinished(directory.remove);
    logs = await openLogFiles(directory.path, { bytesMax: 2 ** 24 });
    onTestFinished(() => logs.close());
    // More than is kept in memory of each, and no two pieces alike.
    const bytes = 3 * 2 ** 20;
    await print(bytes, (attempt, offset) => `${attempt} ${offset} `);
    const came = new Map(attempts.map((attempt) => [attempt, Buffer.alloc(bytes)]));
    const isWhole = () => attempts.every((attempt) => ends.get(attempt) === bytes);
    const ends = new Map<AttemptId, number>();
    for (; !isWhole(); await immediate()) {
      for (const frame of sent.splice(0)) {
        if (frame.t === 'log-ask') ack(frame.attempt, 0, 2 ** 22);
        if (frame.t !== 'log') continue;
        for (const record of frame.records)
          came.get(frame.attempt)?.set(record.bytes, record.offset);
        ends.set(frame.attempt, frame.next);
        ack(frame.attempt, frame.next, 2 ** 22);
      }
    }
    for (const attempt of attempts) {
      const log = await logs.open(attempt);
      const wanted = (await log.read(0, bytes)).records.map((record) => record.bytes);
      expect(came.get(attempt)?.equals(Buffer.concat(wanted))).toBe(true);
    }
  });

  test('send logs: where the disk lost the end of what ended work printed, the hub is told of a gap and has it all', async () => {
    ended = { 'J1.1': 900 };
    await print(500);
    await look();
    ack('J1.1', 0, logChunkBytesMax);
    expect(await look()).toEqual(['J1.1: 0+900']);
    ack('J1.1', 900, logChunkBytesMax);
    await look();
    expect(delivered).toEqual(['J1.1']);
  });

  test('send logs: a log that is gone although its row says that it printed holds nothing for ever', async () => {
    ended = { 'J2.1': 700 };
    await print(0);
    expect(await look()).toEqual(['ask J2.1']);
    ack('J2.1', 300, logChunkBytesMax);
    expect(await look()).toEqual(['J2.1: 300+400']);
  });

  test('send logs: a log that cannot be read just now holds up no other, and is asked for again', async () => {
    await print(100);
    const { open } = logs;
    logs.open = (attempt) =>
      attempt === 'J1.1' ? Promise.reject(new Error('EMFILE')) : open.call(logs, attempt);
    await look();
    for (const attempt of attempts) ack(attempt, 0, logChunkBytesMax);
    expect(await look()).toEqual(['J2.1: 0+100']);
    ack('J2.1', 100, logChunkBytesMax);
    expect(await look()).toEqual(['J3.1: 0+100']);
    ack('J3.1', 100, logChunkBytesMax);
    expect(noticed).toEqual([expect.stringContaining('the log of J1.1 cannot be read now')]);
    logs.open = open.bind(logs);
    await ports.advance(2 * logAskAgainMs);
    expect(await look()).toEqual(['ask J1.1']);
    ack('J1.1', 0, logChunkBytesMax);
    expect(await look()).toEqual(['J1.1: 0+100']);
  });
});
