/*
 * The link contract, as a suite that every transport passes.
 *
 * A transport's test opens pairs of links its own way and hands them over; what is asserted here is
 * only what protocol/transports/link.ts promises. All waiting is for a notice of a link.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { frameBytesMax } from '../../protocol/limits.ts';
import type { Link } from '../../protocol/transports/link.ts';

/** Two ends of one connection, neither of them opened yet. */
export interface LinkPair {
  readonly near: Link;
  readonly far: Link;
}

/** What a link told its owner so far. */
export interface WatchedLink {
  readonly frames: Uint8Array[];
  readonly reasons: string[];
  readonly drains: number;
  /** Resolves at the notice after which `isReached` holds, or at once. */
  until(isReached: () => boolean): Promise<void>;
}

/** Opens a link and keeps what it tells. `onFrame` runs inside the frame notice. */
export function watchLink(
  link: Link,
  onFrame: (bytes: Uint8Array) => void = () => undefined,
): WatchedLink {
  const waiting = new Set<() => void>();
  const told = { frames: [] as Uint8Array[], reasons: [] as string[], drains: 0 };
  const notice = (): void => {
    for (const check of [...waiting]) check();
  };
  link.open({
    frame(bytes) {
      told.frames.push(bytes);
      onFrame(bytes);
      notice();
    },
    drain() {
      told.drains += 1;
      notice();
    },
    closed(reason) {
      told.reasons.push(reason);
      notice();
    },
  });
  return Object.assign(told, {
    until: (isReached: () => boolean) =>
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (!isReached()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  });
}

/** A frame that can be told from others: a number and filling that depends on it. */
export function makeFrame(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(number % 251);
  if (size >= 4) new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function readNumbers(watched: WatchedLink): number[] {
  return watched.frames.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
}

function countUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Runs the suite against one transport. */
export function testTransport(name: string, openPair: () => Promise<LinkPair>): void {
  describe(`transport ${name}`, () => {
    let near: Link;
    let far: Link;
    beforeEach(async () => {
      ({ near, far } = await openPair());
    });
    afterEach(() => {
      near.close('test over');
      far.close('test over');
    });

    testFrames(() => ({ near, far }));
    testPressure(() => ({ near, far }));
    testClosing(() => ({ near, far }));
  });
}

function testFrames(pair: () => LinkPair): void {
  test('frames: what one side sends comes back from one that echoes', async () => {
    const { near, far } = pair();
    const seen = watchLink(near);
    watchLink(far, (bytes) => far.send(bytes));
    near.send(makeFrame(7, 100));
    await seen.until(() => seen.frames.length === 1);
    expect(seen.frames[0]).toEqual(makeFrame(7, 100));
  });

  test('frames: what has come is counted, by which a slow line is told from silence', async () => {
    const { near, far } = pair();
    const seen = watchLink(far);
    const before = far.arrivedBytes;
    near.send(makeFrame(1, 50_000));
    await seen.until(() => seen.frames.length === 1);
    expect(far.arrivedBytes - before).toBeGreaterThanOrEqual(50_000);
  });

  test('frames: a thousand small ones arrive whole and in order', async () => {
    const { near, far } = pair();
    const seen = watchLink(far);
    watchLink(near);
    for (const number of countUpTo(1000)) near.send(makeFrame(number, 5 + (number % 60)));
    await seen.until(() => seen.frames.length === 1000);
    expect(readNumbers(seen)).toEqual(countUpTo(1000));
    expect(seen.frames[999]).toEqual(makeFrame(999, 5 + (999 % 60)));
  });

  test('frames: the smallest and the largest arrive whole', async () => {
    const { near, far } = pair();
    const seen = watchLink(far);
    watchLink(near);
    near.send(makeFrame(3, 1));
    near.send(makeFrame(5, frameBytesMax));
    await seen.until(() => seen.frames.length === 2);
    expect(seen.frames[0]).toEqual(makeFrame(3, 1));
    expect(Buffer.compare(seen.frames[1] as Uint8Array, makeFrame(5, frameBytesMax))).toBe(0);
  });

  test('frames: an empty or oversized one is refused and the link goes on', async () => {
    const { near, far } = pair();
    const seen = watchLink(far);
    watchLink(near);
    expect(() => near.send(new Uint8Array(0))).toThrow('invariant broken');
    expect(() => near.send(new Uint8Array(frameBytesMax + 1))).toThrow('invariant broken');
    near.send(makeFrame(1, 10));
    await seen.until(() => seen.frames.length === 1);
    expect(seen.frames).toEqual([makeFrame(1, 10)]);
    expect(seen.reasons).toEqual([]);
  });

  test('frames: those sent before the other side opens wait for it', async () => {
    const { near, far } = pair();
    const answers = watchLink(near);
    for (const number of countUpTo(20)) near.send(makeFrame(number, 100));
    const seen = watchLink(far);
    await seen.until(() => seen.frames.length === 20);
    expect(readNumbers(seen)).toEqual(countUpTo(20));
    far.send(makeFrame(1, 4));
    await answers.until(() => answers.frames.length === 1);
  });

  test('frames: the sender may reuse its bytes at once', async () => {
    const { near, far } = pair();
    const seen = watchLink(far);
    watchLink(near);
    const bytes = makeFrame(1, 64 * 1024);
    for (const number of [1, 2, 3]) {
      bytes.set(makeFrame(number, 64 * 1024));
      near.send(bytes);
    }
    bytes.fill(0);
    await seen.until(() => seen.frames.length === 3);
    expect(readNumbers(seen)).toEqual([1, 2, 3]);
  });

  test('frames: no owner is called from inside send', async () => {
    const { near, far } = pair();
    let isSending = false;
    let calledInside = 0;
    const note = (): void => {
      if (isSending) calledInside += 1;
    };
    const seen = watchLink(far, note);
    watchLink(near, note);
    isSending = true;
    near.send(makeFrame(1, 8));
    isSending = false;
    await seen.until(() => seen.frames.length === 1);
    expect(calledInside).toBe(0);
  });
}

function testPressure(pair: () => LinkPair): void {
  test('pressure: a sender that fills the link is asked to wait, then told to go on', async () => {
    const { near, far } = pair();
    const sender = watchLink(near);
    const seen = watchLink(far);
    let sentCount = 0;
    while (sentCount < 200) {
      const answer = near.send(makeFrame(sentCount, 64 * 1024));
      sentCount += 1;
      if (answer === 'full') break;
    }
    expect(sentCount).toBeLessThan(200);
    expect(sender.drains).toBe(0);
    await sender.until(() => sender.drains === 1);
    expect(near.send(makeFrame(sentCount, 4))).toBe('sent');
    await seen.until(() => seen.frames.length === sentCount + 1);
    expect(readNumbers(seen)).toEqual(countUpTo(sentCount + 1));
  });

  test('pressure: a link that nobody fills says nothing of draining', async () => {
    const { near, far } = pair();
    const sender = watchLink(near);
    const seen = watchLink(far);
    expect(near.send(makeFrame(0, 100))).toBe('sent');
    await seen.until(() => seen.frames.length === 1);
    near.close('done');
    await sender.until(() => sender.reasons.length === 1);
    expect(sender.drains).toBe(0);
  });

  test('pressure: an owner that ignores full is cut off, not buffered without end', async () => {
    const { near, far } = pair();
    const sender = watchLink(near);
    const frame = makeFrame(0, frameBytesMax);
    for (let count = 0; count < 20; count += 1) near.send(frame);
    await sender.until(() => sender.reasons.length === 1);
    expect(sender.reasons).toEqual(['SEND_OVERFLOW']);
    far.close('unused');
  });
}

function testClosing(pair: () => LinkPair): void {
  test('closing: both owners are told once, after what was sent', async () => {
    const { near, far } = pair();
    const mine = watchLink(near);
    const theirs = watchLink(far);
    for (const number of countUpTo(50)) near.send(makeFrame(number, 1000));
    near.close('work done');
    near.close('again');
    await Promise.all([
      mine.until(() => mine.reasons.length === 1),
      theirs.until(() => theirs.reasons.length === 1),
    ]);
    expect(mine.reasons).toEqual(['work done']);
    expect(theirs.reasons).toEqual(['closed by peer']);
    expect(readNumbers(theirs)).toEqual(countUpTo(50));
  });

  test('closing: the side that did not open the connection can end it too', async () => {
    const { near, far } = pair();
    const mine = watchLink(near);
    watchLink(far);
    far.send(makeFrame(9, 10));
    far.close('enough');
    await mine.until(() => mine.reasons.length === 1);
    expect(readNumbers(mine)).toEqual([9]);
  });

  test('closing: both sides at once end with one notice each', async () => {
    const { near, far } = pair();
    const mine = watchLink(near);
    const theirs = watchLink(far);
    near.close('mine');
    far.close('theirs');
    await Promise.all([
      mine.until(() => mine.reasons.length > 0),
      theirs.until(() => theirs.reasons.length > 0),
    ]);
    expect(mine.reasons).toEqual(['mine']);
    // Which end came first is a matter of the carrier; that there is one is not.
    expect(theirs.reasons).toHaveLength(1);
    expect(['theirs', 'closed by peer']).toContain(theirs.reasons[0]);
  });

  test('closing: what is sent afterwards is dropped', async () => {
    const { near, far } = pair();
    watchLink(near);
    const theirs = watchLink(far);
    near.send(makeFrame(1, 10));
    near.close('done');
    near.send(makeFrame(2, 10));
    await theirs.until(() => theirs.reasons.length === 1);
    expect(readNumbers(theirs)).toEqual([1]);
  });

  test('closing: an owner that closes inside a notice hears only that it is closed', async () => {
    const { near, far } = pair();
    watchLink(near);
    const theirs = watchLink(far, () => far.close('heard enough'));
    for (const number of countUpTo(20)) near.send(makeFrame(number, 10));
    await theirs.until(() => theirs.reasons.length === 1);
    expect(readNumbers(theirs)).toEqual([0]);
    expect(theirs.reasons).toEqual(['heard enough']);
  });

  test('closing: a link that ended before it was opened gives its frames and then its end', async () => {
    const { near, far } = pair();
    const mine = watchLink(near);
    near.send(makeFrame(4, 10));
    near.close('short visit');
    await mine.until(() => mine.reasons.length === 1);
    const theirs = watchLink(far);
    await theirs.until(() => theirs.reasons.length === 1);
    expect(readNumbers(theirs)).toEqual([4]);
  });
}
