/*
 * Every frame and every message, whatever is in it: it comes back as it was said, and what a peer says
 * for people to read comes back harmless.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeValue } from '../../protocol/codec.ts';
import { decodeFrame, encodeFrame } from '../../protocol/frames.ts';
import { createFrameDecoder, encodeFrame as putOnStream } from '../../protocol/framing.ts';
import { frameBytesBeforeHelloMax } from '../../protocol/limits.ts';
import { decodeCommand, decodeFact, encodeMessage } from '../../protocol/messages.ts';
import { anyFrame, anyMessage } from '../fuzz/arbitraries.ts';
import { messages } from '../wire/message-samples.ts';
import { frames } from '../wire/samples.ts';

const runs = { numRuns: 150 };
const dangerous = /[\u0000-\u001f\u007f-\u009f]/;

describe('round trip', () => {
  test.each(Object.entries(anyFrame))(
    'frames: any %s comes back as it was sent',
    (_kind, arbitrary) => {
      void fc.assert(
        fc.property(arbitrary, (frame) => {
          expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
        }),
        runs,
      );
    },
  );

  test.each(Object.entries(anyMessage))(
    'messages: any %s comes back as it was written',
    (kind, arbitrary) => {
      const decode = kind === 'assign' || kind === 'cancel' ? decodeCommand : decodeFact;
      void fc.assert(
        fc.property(arbitrary, (message) => {
          expect(decode(encodeMessage(message))).toEqual(message);
        }),
        runs,
      );
    },
  );

  test('frames: a stream of any frames, cut in two and in three at every byte, gives them back', () => {
    const anyFrames = fc.array(fc.oneof(...Object.values(anyFrame)), {
      minLength: 1,
      maxLength: 3,
    });
    void fc.assert(
      fc.property(anyFrames, (many) => {
        const stream = Buffer.concat(many.map((frame) => putOnStream(encodeFrame(frame))));
        for (let cut = 0; cut <= stream.length; cut += 1) {
          const second = cut + Math.floor((stream.length - cut) / 2);
          const decoder = createFrameDecoder();
          const pieces = [
            stream.subarray(0, cut),
            stream.subarray(cut, second),
            stream.subarray(second),
          ];
          const batches = pieces.map((piece) => decoder.push(piece));
          const got = batches.flatMap((batch) => batch.frames).map((bytes) => decodeFrame(bytes));
          expect(got).toHaveLength(many.length);
          if (cut % 64 === 0) expect(got).toEqual(many);
          expect(batches.at(-1)?.fault).toBeUndefined();
        }
      }),
      { numRuns: 12 },
    );
  });

  test('frames: a frame that is cut short anywhere is refused, whatever kind it is', () => {
    for (const [kind, frame] of Object.entries(frames)) {
      const whole = encodeFrame(frame);
      for (let length = 0; length < whole.length; length += 1) {
        expect(() => decodeFrame(whole.subarray(0, length)), `${kind} at ${length}`).toThrow(
          expect.objectContaining({ code: 'FRAME_INVALID' }),
        );
      }
    }
  });

  test('frames: the fullest hello of an agent passes before the handshake', () => {
    const inventory = Array.from({ length: 1000 }, () => ({
      attempt: 'J999999999999.999999' as const,
      state: 'accepted' as const,
    }));
    const hello = { ...frames.hello, inventory } as typeof frames.hello;
    expect(encodeFrame(hello).length).toBeLessThan(frameBytesBeforeHelloMax);
    expect(decodeFrame(encodeFrame(hello))).toEqual(hello);
  });
});

describe('words of peers', () => {
  const anyWords = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `\u001b[2J${text}`);

  test('words: whatever a worker says of an end, no control character of it is kept', () => {
    void fc.assert(
      fc.property(anyWords, (words) => {
        const said = {
          ...messages.finished,
          code: words,
          reason: words,
          usage: { signal: 'X\u0007' },
        };
        const { code, reason, usage } = decodeFact(encodeValue(said)) as unknown as {
          code: string;
          reason: string;
          usage: { signal: string };
        };
        expect([code, reason, usage.signal].filter((text) => dangerous.test(text))).toEqual([]);
      }),
    );
  });

  test('words: whatever a peer says of itself, no control character of it is kept', () => {
    void fc.assert(
      fc.property(anyWords, (words) => {
        const said = { ...frames.hello, name: words, host: words, version: words };
        const hello = decodeFrame(encodeValue(said)) as unknown as Record<string, string>;
        const kept = [hello.name, hello.host, hello.version];
        expect(kept.filter((text) => text === undefined || dangerous.test(text))).toEqual([]);
      }),
    );
  });
});
