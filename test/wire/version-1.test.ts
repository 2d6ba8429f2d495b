/*
 * The golden frames of protocol version 1: what was ever written must be read for ever.
 */
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, frameSchema } from '../../protocol/frames.ts';
import {
  commandMessageSchema,
  commandSpecSchema,
  type DurableMessage,
  decodeCommand,
  decodeFact,
  encodeMessage,
  factMessageSchema,
} from '../../protocol/messages.ts';
import { readGolden } from './golden.ts';
import { messages } from './message-samples.ts';
import { frames } from './samples.ts';

const golden = readGolden();

function listGolden(sort: string): readonly string[] {
  return golden.filter((line) => line.sort === sort).map(({ kind }) => kind);
}

describe('wire version 1', () => {
  test.each(golden)(
    'wire: the golden $sort $kind decodes to its value',
    ({ sort, kind, bytes }) => {
      if (sort === 'frame') return expect(decodeFrame(bytes)).toStrictEqual(frames[kind as 'ack']);
      const message = messages[kind as 'cancel'];
      const decode = commandMessageSchema.safeParse(message).success ? decodeCommand : decodeFact;
      return expect(decode(bytes)).toStrictEqual(message);
    },
  );

  test.each(golden)(
    'wire: $sort $kind is encoded as in its golden line',
    ({ sort, kind, bytes }) => {
      const encoded =
        sort === 'frame'
          ? encodeFrame(frames[kind as 'ack'])
          : encodeMessage(messages[kind as 'cancel']);
      expect(Buffer.from(encoded).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    },
  );

  test('wire: every sample has its golden line and every line its sample', () => {
    expect(listGolden('frame').toSorted()).toEqual(Object.keys(frames).toSorted());
    expect(listGolden('message').toSorted()).toEqual(Object.keys(messages).toSorted());
    expect(golden).toHaveLength(listGolden('frame').length + listGolden('message').length);
  });

  test('wire: what an agent of before prompts and bases could misread, it can’t read at all', () => {
    // It took a spec with one word of command at least, and a repository that is a text.
    const { spec } = messages['assign:prompt'] as Extract<DurableMessage, { kind: 'assign' }>;
    expect(spec.command).toEqual([]);
    expect(typeof spec.repo).toBe('object');
    const both = { ...spec, command: ['true'] };
    const { prompt: _prompt, ...neither } = spec;
    for (const wrong of [both, neither]) {
      expect(commandSpecSchema.safeParse(wrong).success).toBe(false);
    }
  });

  test('wire: every kind that the schemas know has a golden line', () => {
    const kinds = frameSchema.options.map((option) => option.shape.t.value);
    expect(kinds.filter((kind) => !listGolden('frame').includes(kind))).toEqual([]);
    const sorts = [...commandMessageSchema.options, ...factMessageSchema.options];
    const told = sorts.map((option) => option.shape.kind.value);
    expect(told.filter((kind) => !listGolden('message').includes(kind))).toEqual([]);
  });
});
