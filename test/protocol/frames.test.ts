/*
 * The frames: each field of each kind is held to its schema, and no bytes can do worse than a refusal.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeValue } from '../../protocol/codec.ts';
import { AppError } from '../../protocol/errors.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/frames.ts';
import {
  attemptsHeldMax,
  frameBytesMax,
  logChunkBytesMax,
  messageBytesMax,
  needCountMax,
  windowFramesMax,
} from '../../protocol/limits.ts';
import { frames } from '../wire/samples.ts';

const invalid = expect.objectContaining({ code: 'FRAME_INVALID' });
const tooMuch = Number.MAX_SAFE_INTEGER + 1;

/** The sample of this kind with some fields changed, as a peer would send it. */
function bend(kind: Frame['t'], fields: Readonly<Record<string, unknown>>): Uint8Array {
  return encodeValue({ ...frames[kind], ...fields });
}

const record = { offset: 0, stream: 'stdout', at: 0, bytes: new Uint8Array(10) };
const row = { attempt: 'J1.1', state: 'running' };

/** What an older peer does not send. */
const optional: Readonly<Record<string, readonly string[]>> = {
  'doctor-ask': ['only', 'area'],
  hello: [
    ...['name', 'host', 'capabilities', 'inventory', 'takesMany', 'takesWhole', 'takesEnded'],
    ...['build', 'draining', 'upgrade', 'reach'],
  ],
  tree: ['kept'],
  leave: ['code', 'message'],
  data: ['more'],
  ping: ['load'],
  pong: ['queued', 'wallMs'],
  'log-ack': ['window'],
  artifact: ['code'],
  'terminal-open': ['attempt', 'directory'],
  'terminal-end': ['exitCode', 'signal', 'code', 'message'],
};

describe('frames', () => {
  test.each(Object.entries(frames))('frames: %s comes back as it was sent', (_kind, frame) => {
    expect(decodeFrame(encodeFrame(frame))).toStrictEqual(frame);
  });

  test.each(Object.entries(frames))(
    'frames: each field of %s that must be there is missed',
    (kind, frame) => {
      for (const field of Object.keys(frame)) {
        if (field === 't' || optional[frame.t]?.includes(field)) continue;
        const { [field]: _left, ...rest } = frame as unknown as Record<string, unknown>;
        expect(() => decodeFrame(encodeValue(rest)), `${kind} without ${field}`).toThrow(invalid);
      }
    },
  );

  test.each<[Frame['t'], Readonly<Record<string, unknown>>]>([
    ['hello', { protoMin: 0 }],
    ['hello', { role: 'stranger' }],
    ['hello', { store: '0123456789ABCDEF0123456789ABCDEF' }],
    ['hello', { store: '' }],
    ['hello', { incarnation: 0 }],
    ['hello', { forStore: 'x' }],
    ['hello', { received: -1 }],
    ['hello', { queued: 1.5 }],
    ['hello', { queued: tooMuch }],
    ['hello', { isOpen: 1 }],
    ['hello', { name: 'a'.repeat(65) }],
    ['hello', { capabilities: { os: 'linux' } }],
    ['hello', { inventory: [{ attempt: 'J1', state: 'running' }] }],
    ['hello', { inventory: [{ attempt: 'J1.1', state: 'asleep' }] }],
    ['hello', { inventory: new Array(attemptsHeldMax + 1).fill(row) }],
    ['data', { seq: 0 }],
    ['data', { seq: tooMuch }],
    ['data', { body: new Uint8Array(0) }],
    ['data', { body: new Uint8Array(messageBytesMax + 1) }],
    ['data', { body: 'text' }],
    ['data', { body: null }],
    ['data', { body: { length: 3 } }],
    ['data', { more: new Uint8Array(1) }],
    ['data', { more: [new Uint8Array(0)] }],
    ['data', { more: [new Uint8Array(messageBytesMax + 1)] }],
    ['data', { more: Array.from({ length: windowFramesMax }, () => new Uint8Array(1)) }],
    ['ack', { received: -1 }],
    ['ack', { need: new Array(needCountMax + 1).fill(1) }],
    ['ack', { need: [0] }],
    ['ping', { at: Number.NaN }],
    ['ping', { at: Number.POSITIVE_INFINITY }],
    ['pong', { at: -1 }],
    ['log-ask', { attempt: 'J01.1' }],
    ['log-ask', { attempt: 'J1.0' }],
    ['log-ask', { attempt: '../../etc/passwd' }],
    ['log', { records: [{ ...record, stream: 'stdin' }] }],
    ['log', { records: [{ ...record, bytes: new Uint8Array(logChunkBytesMax + 1) }], next: 1e6 }],
    ['log', { from: 5, records: [record] }],
    ['log', { records: [record], next: 9 }],
    ['log', { records: [record, { ...record, offset: 9 }] }],
    [
      'log',
      { records: [{ ...record, offset: Number.MAX_SAFE_INTEGER }], next: Number.MAX_SAFE_INTEGER },
    ],
    ['log-ack', { offset: -1 }],
    ['pair', { key: 'AB'.repeat(32) }],
    ['pair', { key: 'ab'.repeat(31) }],
    ['paired', { name: 7 }],
    ['nak', { message: 'x'.repeat(1025) }],
  ])('frames: a %s with a wrong field is refused, %o', (kind, fields) => {
    expect(() => decodeFrame(bend(kind, fields))).toThrow(invalid);
  });

  test('frames: the last value that a limit allows is taken', () => {
    const inventory = new Array(attemptsHeldMax).fill(row);
    const need = Array.from({ length: needCountMax }, (_, index) => index + 1);
    for (const bytes of [
      bend('hello', { inventory }),
      bend('ack', { need }),
      bend('data', { seq: Number.MAX_SAFE_INTEGER, body: new Uint8Array(messageBytesMax) }),
      bend('log', { records: [record, { ...record, offset: 10 }], next: 20 }),
    ]) {
      expect(decodeFrame(bytes).t).not.toBe('unknown');
    }
  });

  test('frames: a field that a newer peer added is ignored', () => {
    expect(decodeFrame(bend('ping', { mood: 'good' }))).toStrictEqual(frames.ping);
  });

  test('frames: a kind that a newer peer knows is told apart, its name cut to a bound', () => {
    expect(decodeFrame(encodeValue({ t: 'hug', arms: 2 }))).toEqual({ t: 'unknown', kind: 'hug' });
    const long = decodeFrame(encodeValue({ t: 'x'.repeat(5000) }));
    expect(long).toEqual({ t: 'unknown', kind: 'x'.repeat(64) });
  });

  test.each([[null], [7], ['hello'], [[{ t: 'ping', at: 1 }]], [{}], [{ t: 7 }], [{ T: 'ping' }]])(
    'frames: a value that is no map with its kind is refused, %o',
    (value) => {
      expect(() => decodeFrame(encodeValue(value))).toThrow(invalid);
    },
  );

  test('frames: bytes beyond the largest frame are refused before they are looked at', () => {
    const tooLarge = expect.objectContaining({ code: 'FRAME_TOO_LARGE' });
    expect(() => decodeFrame(new Uint8Array(frameBytesMax + 1))).toThrow(tooLarge);
    expect(() => decodeFrame(new Uint8Array(frameBytesMax))).toThrow(invalid);
  });

  test('frames: a frame with bytes changed, cut, doubled or added gives a frame, FRAME_* or, for a hello, PEER_VERSION', () => {
    const samples = Object.values(frames);
    const byte = fc.integer({ min: 0, max: 255 });
    const edit = fc.record({
      at: fc.nat(2000),
      how: fc.constantFrom('set', 'cut', 'add', 'double'),
      byte: fc.oneof(byte, fc.constantFrom(0xc1, 0xd4, 0xdb, 0xdd, 0xdf, 0xcf, 0x81, 0x91)),
    });
    const outcomes = { decoded: 0, refused: 0 };
    // A hello whose edits hit its versions names versions that nobody speaks; it is told so.
    const codesOf = (kind: string) => (kind === 'hello' ? /^FRAME_|^PEER_VERSION$/ : /^FRAME_/);
    const judge = (kind: string, bytes: Uint8Array) => {
      try {
        decodeFrame(bytes);
        outcomes.decoded += 1;
      } catch (error) {
        outcomes.refused += 1;
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).code).toMatch(codesOf(kind));
      }
    };
    void fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        (sample, edits) => {
          judge(sample.t, edits.reduce(applyEdit, encodeFrame(sample)));
        },
      ),
      { numRuns: 20_000 },
    );
    // Both ends of the judgement were reached, or the test would show nothing.
    expect(Math.min(outcomes.decoded, outcomes.refused)).toBeGreaterThan(100);
  });
});

function applyEdit(
  bytes: Uint8Array,
  { at: anywhere, how, byte }: { readonly at: number; readonly how: string; readonly byte: number },
): Uint8Array {
  const at = bytes.length === 0 ? 0 : anywhere % bytes.length;
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (how === 'cut') return head;
  if (how === 'add') return Buffer.concat([head, Uint8Array.of(byte), tail]);
  if (how === 'double') return Buffer.concat([bytes, tail]);
  return Buffer.concat([head, Uint8Array.of(byte), tail.subarray(1)]);
}
