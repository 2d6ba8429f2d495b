/*
 * A real FIFO read through blocks: every byte, in order, in few buffers; pauses and ends as streams do.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { takeBytesMax } from '../../../agent/work/limits.ts';
import { openPipeSource } from '../../../agent/work/pipe-source.ts';

/** Both ends of a fresh FIFO. */
function openFifo() {
  const directory = mkdtempSync(join(tmpdir(), 'wy-fifo-'));
  const path = join(directory, 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  rmSync(directory, { recursive: true });
  const source = openPipeSource(reader);
  onTestFinished(() => {
    source.destroy();
  });
  return { source, writer };
}

/** Writes all, as fast as the pipe takes it. */
async function writeAll(writer: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(writer, bytes, at, Math.min(bytes.length - at, 50_000));
    } catch {
      await turn();
    }
  }
}

test('pipe source: every byte comes once and in order, in a few buffers that nobody writes again', async () => {
  const { source, writer } = openFifo();
  const pieces: Uint8Array[] = [];
  source.on('data', (bytes: Uint8Array) => pieces.push(bytes));
  const sent = Buffer.from(Array.from({ length: 1_000_003 }, (_, at) => (at * 7919) % 251));
  const closed = once(source, 'close');
  await writeAll(writer, sent);
  closeSync(writer);
  await closed;
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
  const buffers = new Set(pieces.map(({ buffer }) => buffer));
  expect(buffers.size).toBeLessThanOrEqual(4 + Math.ceil((2 * sent.length) / takeBytesMax));
});

test('pipe source: what is printed now and then holds a page, not a block', async () => {
  const { source, writer } = openFifo();
  const sizes: number[] = [];
  source.on('data', ({ buffer }: Uint8Array) => sizes.push(buffer.byteLength));
  for (let count = 0; count < 20; count += 1) {
    const came = once(source, 'data');
    writeSync(writer, 'x'.repeat(600));
    await came;
  }
  closeSync(writer);
  await once(source, 'close');
  expect(Math.max(...sizes)).toBe(4096);
});

test('pipe source: paused it reads nothing more, and goes on when it is resumed', async () => {
  const { source, writer } = openFifo();
  let text = '';
  source.on('data', (bytes: Uint8Array) => {
    text += Buffer.from(bytes).toString();
  });
  const first = once(source, 'data');
  writeSync(writer, 'one');
  await first;
  source.pause();
  writeSync(writer, 'two');
  for (let count = 0; count < 20; count += 1) await turn();
  expect(text).toBe('one');
  source.resume();
  closeSync(writer);
  await once(source, 'close');
  expect(text).toBe('onetwo');
});
