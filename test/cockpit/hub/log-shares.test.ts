/*
 * Many workers' logs on one way to the hub: what stands in line fits, and all get on alike.
 *
 * The loops of the workers and the mirror are the real ones; the way between is one line that is served
 * a frame at a time, as the room of a hub's socket is. Deterministic: nothing here has a speed.
 */
import { describe, expect, test } from 'vitest';
import type { HeldAttempt } from '../../../agent/attempts.ts';
import type { Desk } from '../../../agent/desk.ts';
import { SendLogs } from '../../../agent/loops/send-logs.ts';
import { logUnderWayBytesMax } from '../../../cockpit/hub/limits.ts';
import { LogMirror } from '../../../cockpit/hub/log-mirror.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import { logChunkBytesMax, logWindowBytesMax } from '../../../protocol/limits.ts';
import type { AttemptId, PeerKey } from '../../../protocol/model.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { instantLogDisk, type MemoryLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { type HubBench, makeJob, makeWorker, openTeamBench } from './hub-bench.ts';

const workerCount = 40;
const printedBytes = 400 * logChunkBytesMax;
/** One for all logs: nobody changes it. */
const chunk = new Uint8Array(logChunkBytesMax);

const openLogs = (disk: MemoryLogDisk = instantLogDisk()) =>
  openMemoryLogs(disk, { bytesMax: 2 * printedBytes });

interface Way {
  /** What was sent and did not arrive, oldest first. */
  readonly line: { readonly size: number; readonly arrive: () => void }[];
  /** What arrived, by worker. */
  readonly arrived: number[];
}

interface Ground {
  readonly bench: HubBench;
  readonly mirror: LogMirror;
  readonly way: Way;
}

/** A worker that has printed a lot, with its loop; nothing is sent before `linked`. */
async function openWorker({ bench, mirror, way }: Ground, n: number) {
  const key: PeerKey = (n + 16).toString(16).padStart(64, '0');
  await bench.workers.save(makeWorker(key, `w${n}`), 'worker-paired', []);
  await bench.workers.adoptStore(key, key.slice(0, 32));
  const job = await bench.desk.dispatch(makeJob([key]));
  const attempt: AttemptId = `${job.id}.1`;
  const logs = await openLogs();
  const log = await logs.open(attempt);
  for (let offset = 0; offset < printedBytes; offset += logChunkBytesMax) {
    await log.append([{ offset, stream: 'stdout', at: 1, bytes: chunk }]);
  }
  const held = { attempt, state: { is: 'running' } } as unknown as HeldAttempt;
  way.arrived[n] = 0;
  const loop: SendLogs = new SendLogs({
    desk: { list: () => [held], find: () => held } as unknown as Desk,
    logs,
    send: (frame) => {
      const size = frame.t === 'log' ? frame.next - frame.from : 0;
      const arrive = () => {
        way.arrived[n] = (way.arrived[n] ?? 0) + size;
        mirror.take(key, frame, (answer) => hear(loop, answer));
      };
      way.line.push({ size, arrive });
      return 'sent';
    },
    ...{ clock: bench.ports.clock, timers: bench.ports.timers },
    noticed: () => undefined,
    logEnd: () => printedBytes,
    failed: (error) => {
      throw error;
    },
  });
  return loop;
}

function hear(loop: SendLogs, answer: OwnerFrame): void {
  if (answer.t === 'log-ack') loop.acked(answer.attempt, answer);
}

const countLine = ({ line }: Way) => line.reduce((sum, { size }) => sum + size, 0);

/** Serves so many frames; gives the most that stood in line. */
async function serve(way: Way, frames: number): Promise<number> {
  let most = 0;
  for (let count = 0; count < frames; count += 1) {
    way.line.shift()?.arrive();
    for (let turn = 0; turn < 3; turn += 1) await settle();
    most = Math.max(most, countLine(way));
  }
  return most;
}

describe('log shares', () => {
  test('log shares: one that had the way alone leaves the others their part of it', async () => {
    const bench = await openTeamBench();
    const way: Way = { line: [], arrived: [] };
    const mirror = new LogMirror({
      logs: await openLogs(),
      disk: soundDisk,
      desk: bench.desk,
      clock: bench.ports.clock,
      failed: (error) => {
        throw error;
      },
      noticed: () => undefined,
    });
    const loops: SendLogs[] = [];
    for (let n = 0; n < workerCount; n += 1) {
      loops.push(await openWorker({ bench, mirror, way }, n));
    }
    loops[0]?.linked();
    await serve(way, 32);
    expect(countLine(way)).toBe(logWindowBytesMax);
    for (const loop of loops.slice(1)) loop.linked();
    // What the first has in line arrives before the others are heard, and as much follows it meanwhile.
    await serve(way, 2 * (logWindowBytesMax / logChunkBytesMax) + 2 * workerCount);
    const before = [...way.arrived];
    const most = await serve(way, 8 * workerCount);
    const shares = way.arrived.map((bytes, n) => bytes - (before[n] ?? 0));
    const least = Math.min(...shares) / Math.max(...shares);
    expect(least).toBeGreaterThan(0.7);
    expect(most).toBeLessThanOrEqual(logUnderWayBytesMax);
  });
});
