/*
 * The pump alone, with streams of our own and takes that the test lets go: order, bounds, joining,
 * and a taker that breaks.
 */
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { joinBytesMax, queueBytesMax, takeBytesMax } from '../../../agent/work/limits.ts';
import { OutputPump } from '../../../agent/work/output-pump.ts';

interface Held {
  readonly stream: string;
  readonly bytes: Uint8Array;
  readonly release: () => void;
  readonly refuse: (error: Error) => void;
}

/** A pump whose takes are held until the test lets them go. */
function openPump(stdout: Readable, stderr: Readable) {
  const held: Held[] = [];
  let refusedCount = 0;
  const pump = new OutputPump({
    sources: { stdout, stderr },
    take: (stream, bytes) =>
      new Promise((release, refuse) => {
        held.push({ stream, bytes, release, refuse });
      }),
    onRefused: () => {
      refusedCount += 1;
    },
  });
  return { pump, held, refusedCount: () => refusedCount };
}

/** Everything that can happen without a new event from outside has happened. */
async function idle(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await turn();
}

test('pump: output of both pipes keeps its order while a take is in flight', async () => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const { held } = openPump(out, err);
  for (const [stream, text] of [
    [out, 'a'],
    [err, 'b'],
    [out, 'c'],
    [out, 'd'],
    [err, 'e'],
  ] as const) {
    stream.write(text);
    await idle();
  }
  expect(held).toHaveLength(1);
  for (let count = 0; count < 4; count += 1) {
    held[count]?.release();
    await idle();
  }
  // Neighbours of one pipe came as one.
  expect(held.map(({ stream, bytes }) => `${stream} ${Buffer.from(bytes)}`)).toEqual([
    'stdout a',
    'stderr b',
    'stdout cd',
    'stderr e',
  ]);
});

test('pump: what lies in one piece of memory is joined as it lies, what does not only while it is small', async () => {
  const out = new PassThrough();
  const { held } = openPump(out, new PassThrough());
  const block = Buffer.alloc(3 * joinBytesMax, 'x');
  const pieces = [
    block.subarray(0, 10),
    block.subarray(10, joinBytesMax),
    block.subarray(joinBytesMax),
  ];
  out.write('first');
  await idle();
  for (const piece of [...pieces, Buffer.from('aside'), Buffer.from(' and on')]) {
    out.write(piece);
    await idle();
  }
  for (let count = 0; count < 2; count += 1) {
    held[count]?.release();
    await idle();
  }
  const [, joined, aside] = held.map(({ bytes }) => bytes);
  expect([joined?.length, joined?.buffer === block.buffer]).toEqual([block.length, true]);
  expect(Buffer.from(aside ?? []).toString()).toBe('aside and on');
});

test('pump: never two takes at once, and none over the largest', async () => {
  const out = new PassThrough();
  const { held, pump } = openPump(out, Readable.from([]));
  out.end(Buffer.alloc(200_000, 1));
  let bytesCount = 0;
  while (bytesCount < 200_000) {
    await idle();
    expect(held).toHaveLength(1);
    const taken = held.shift();
    expect(taken?.bytes.length).toBeLessThanOrEqual(takeBytesMax);
    bytesCount += taken?.bytes.length ?? 0;
    taken?.release();
  }
  await pump.finished;
  expect(bytesCount).toBe(200_000);
});

test('pump: reads no more than its bound while the taker stands still', async () => {
  let madeCount = 0;
  const endless = new Readable({
    highWaterMark: 1000,
    read() {
      madeCount += 1;
      this.push(Buffer.alloc(1000));
    },
  });
  const { held } = openPump(endless, Readable.from([]));
  await idle();
  expect(held).toHaveLength(1);
  const standing = madeCount;
  expect(standing * 1000).toBeGreaterThanOrEqual(queueBytesMax);
  expect(standing * 1000).toBeLessThan(queueBytesMax + takeBytesMax + 10_000);
  await idle();
  expect(madeCount).toBe(standing);
  held[0]?.release();
  await idle();
  expect(madeCount).toBeGreaterThan(standing);
  endless.destroy();
});

test('pump: is finished only when the last take is', async () => {
  const { held, pump } = openPump(Readable.from([Buffer.from('x')]), Readable.from([]));
  let isFinished = false;
  const finished = pump.finished.then(() => {
    isFinished = true;
  });
  await pump.ended;
  await idle();
  expect([isFinished, pump.isIdle]).toEqual([false, false]);
  held[0]?.release();
  await finished;
  expect(pump.isIdle).toBe(true);
});

test('pump: when the taker breaks it says so once and lets the command run on', async () => {
  const out = new PassThrough();
  const { held, pump, refusedCount } = openPump(out, Readable.from([]));
  out.write('a');
  await idle();
  held[0]?.refuse(new Error('disk gone'));
  await idle();
  out.end(Buffer.alloc(1_000_000));
  await pump.finished;
  expect(held).toHaveLength(1);
  expect(refusedCount()).toBe(1);
});

test('pump: a pipe that fails has ended', async () => {
  const out = new PassThrough();
  const { pump } = openPump(out, Readable.from([]));
  out.destroy(new Error('EIO'));
  await expect(pump.finished).resolves.toBeUndefined();
});
