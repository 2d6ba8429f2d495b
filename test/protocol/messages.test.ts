/*
 * The durable messages: each field is held to its schema, in the direction in which it may travel.
 */
import { describe, expect, test } from 'vitest';
import { encodeValue } from '../../protocol/codec.ts';
import {
  type DurableMessage,
  decodeCommand,
  decodeFact,
  encodeMessage,
} from '../../protocol/messages.ts';
import { messages } from '../wire/message-samples.ts';

const invalid = expect.objectContaining({ code: 'FRAME_INVALID' });
const isCommand = (message: DurableMessage) => ['assign', 'cancel'].includes(message.kind);
const both = [decodeCommand, decodeFact];
/** What an older peer does not send, or what there may be nothing to say of. */
const optional = [
  ...['expiresAt', 'code', 'reason', 'acceptedAt', 'startedAt', 'artifacts', 'kept'],
  'isRepeat',
];

describe('messages', () => {
  test.each(Object.entries(messages))(
    'messages: %s comes back, and only in its direction',
    (_name, message) => {
      const [right, wrong] = isCommand(message) ? both : both.toReversed();
      expect(right?.(encodeMessage(message))).toStrictEqual(message);
      expect(() => wrong?.(encodeMessage(message))).toThrow(invalid);
    },
  );

  test.each(Object.entries(messages))(
    'messages: each field of %s that must be there is missed',
    (name, message) => {
      const decode = isCommand(message) ? decodeCommand : decodeFact;
      for (const field of Object.keys(message)) {
        if (optional.includes(field)) continue;
        const { [field]: _left, ...rest } = message as unknown as Record<string, unknown>;
        expect(() => decode(encodeValue(rest)), `${name} without ${field}`).toThrow(invalid);
      }
    },
  );

  test.each([
    ['assign', { attempt: 'J0.1' }],
    ['assign', { attempt: 'J1.1.1' }],
    ['assign', { attempt: 'J1234567890123.1' }],
    ['assign', { attempt: 12 }],
    ['assign', { issuedAt: -1 }],
    ['assign', { expiresAt: 1.5 }],
    ['assign', { spec: null }],
    ['assign:spec', { command: [] }],
    ['assign:spec', { command: 'echo' }],
    ['assign:spec', { command: [7] }],
    ['assign:spec', { cwd: 'x'.repeat(4097) }],
    ['assign:spec', { env: { A: 1 } }],
    ['assign:spec', { env: { ['A'.repeat(257)]: '' } }],
    ['assign:spec', { deadlineMs: 0 }],
    ['assign:spec', { lostAfterMs: -1 }],
    ['assign:spec', { stopAfterMs: 0.5 }],
    ['assign:spec', { isIdempotent: 'yes' }],
    ['cancel', { at: null }],
    ['accepted', { at: '0' }],
    ['started', { attempt: 'j1.1' }],
    ['finished', { outcome: 'done' }],
    ['finished', { logBytes: -1 }],
    ['finished', { usage: { exitCode: 0.5 } }],
    ['finished', { usage: { memoryBytesPeak: -1 } }],
    ['finished', { usage: null }],
    ['finished', { code: 'X'.repeat(65) }],
    ['finished', { reason: 'x'.repeat(4097) }],
  ] as const)('messages: %s with a wrong field is refused, %o', (name, fields) => {
    const [kind = '', inner] = name.split(':');
    const message = messages[kind as 'assign'] as DurableMessage & { readonly spec?: object };
    const bent =
      inner === 'spec'
        ? { ...message, spec: { ...message.spec, ...fields } }
        : { ...message, ...fields };
    const decode = isCommand(message) ? decodeCommand : decodeFact;
    expect(() => decode(encodeValue(bent))).toThrow(invalid);
  });

  test('messages: fields that a newer peer added are ignored, also inside', () => {
    const { assign } = messages;
    if (assign?.kind !== 'assign') throw new Error('the sample is an assign');
    const newer = { ...assign, mood: 'good', spec: { ...assign.spec, nice: 10 } };
    expect(decodeCommand(encodeValue(newer))).toStrictEqual(assign);
  });

  test('messages: a kind that is not known is refused in both directions', () => {
    for (const decode of both) {
      expect(() => decode(encodeValue({ kind: 'hug', attempt: 'J1.1', at: 1 }))).toThrow(invalid);
      expect(() => decode(encodeValue(null))).toThrow(invalid);
      expect(() => decode(new Uint8Array([0xc1]))).toThrow(invalid);
    }
  });
});
