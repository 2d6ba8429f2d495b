/*
 * The receiver: what comes in order is applied, what comes early is held, what comes twice is acked.
 */
import { describe, expect, test } from 'vitest';
import { heldWasteBytesMax, needCountMax, windowFramesMax } from '../../../protocol/limits.ts';
import {
  createReceiver,
  type ReceiverState,
  stepReceiver,
} from '../../../protocol/machines/receiver.ts';

const moment = { nowMs: 0, roll: 0.5 };
const row = (seq: number) => ({ seq, bytes: Uint8Array.of(seq) });
const take = (state: ReceiverState, seq: number) =>
  stepReceiver(state, { type: 'data', rows: [row(seq)] }, moment);
const finish = (state: ReceiverState, through: number) =>
  stepReceiver(state, { type: 'applied', through }, moment);
const applying: ReceiverState = { is: 'applying', received: 5, through: 7, held: [row(9)] };

describe('receiver', () => {
  test('receiver: the next message is applied, and acknowledged only once that is on disk', () => {
    const taken = take(createReceiver(5), 6);
    expect(taken.effects).toEqual([{ do: 'apply', rows: [row(6)] }]);
    const done = finish(taken.state, 6);
    expect(done.effects).toEqual([{ do: 'ack', received: 6, need: [] }]);
    expect(done.state).toEqual(createReceiver(6));
  });

  test('receiver: many that come together are one apply; what is old or held among them is not', () => {
    const many = { type: 'data', rows: [5, 6, 7, 9, 10].map(row) } as const;
    const { state, effects } = stepReceiver(createReceiver(6), many, moment);
    expect(effects).toEqual([{ do: 'apply', rows: [row(7)] }]);
    expect(state).toMatchObject({ is: 'applying', through: 7, held: [row(9), row(10)] });
    const again = stepReceiver(state, { type: 'data', rows: [8, 9, 10].map(row) }, moment);
    expect(again.state.held.map(({ seq }) => seq)).toEqual([8, 9, 10]);
    expect(stepReceiver(again.state, { type: 'data', rows: [7, 9].map(row) }, moment).state).toBe(
      again.state,
    );
  });

  test('receiver: a duplicate of an applied message is acknowledged again and not applied', () => {
    for (const seq of [1, 5]) {
      const { state, effects } = take(createReceiver(5), seq);
      expect(state).toEqual(createReceiver(5));
      expect(effects).toEqual([{ do: 'ack', received: 5, need: [] }]);
    }
  });

  test('receiver: a duplicate of what is held or being applied changes nothing', () => {
    for (const seq of [6, 7, 9]) {
      expect(take(applying, seq)).toEqual({ state: applying, effects: [] });
    }
  });

  test('receiver: a message that comes early is held and the missing ones are named', () => {
    const early = take(createReceiver(5), 9);
    expect(early.effects).toEqual([{ do: 'ack', received: 5, need: [6, 7, 8] }]);
    const more = take(early.state, 7);
    expect(more.effects).toEqual([{ do: 'ack', received: 5, need: [6, 8] }]);
    const run = take(more.state, 6);
    expect(run.effects).toEqual([{ do: 'apply', rows: [row(6), row(7)] }]);
    expect(run.state).toMatchObject({ is: 'applying', through: 7, held: [row(9)] });
  });

  test('receiver: at most so many missing ones are named', () => {
    const [ack] = take(createReceiver(0), 200).effects;
    expect(ack).toMatchObject({
      need: Array.from({ length: needCountMax }, (_, index) => index + 1),
    });
  });

  test('receiver: the window ends where it says, so what is held has a bound', () => {
    const inside = take(createReceiver(5), 5 + windowFramesMax).state;
    expect(inside.held).toHaveLength(1);
    const outside = take(createReceiver(5), 6 + windowFramesMax);
    expect(outside).toEqual({ state: createReceiver(5), effects: [] });
  });

  test('receiver: after a run the next one follows, behind the ack', () => {
    const { state, effects } = finish({ ...applying, held: [row(8), row(10)] }, 7);
    expect(effects).toEqual([
      { do: 'ack', received: 7, need: [9] },
      { do: 'apply', rows: [row(8)] },
    ]);
    expect(state).toMatchObject({ is: 'applying', received: 7, through: 8, held: [row(10)] });
  });

  test('receiver: a broken link drops what is held and not what is being applied', () => {
    const { state, effects } = stepReceiver(applying, { type: 'closed' }, moment);
    expect(effects).toEqual([]);
    expect(state).toEqual({ ...applying, held: [] });
    expect(finish(state, 7).state).toEqual(createReceiver(7));
  });

  test('receiver: an applied that was not asked for moves nothing', () => {
    expect(finish(createReceiver(5), 9)).toEqual({ state: createReceiver(5), effects: [] });
    expect(finish(applying, 6)).toEqual({ state: applying, effects: [] });
    expect(finish(applying, 8)).toEqual({ state: applying, effects: [] });
  });

  test('receiver: what is held keeps little alive of large frames that brought next to nothing', () => {
    let state: ReceiverState = createReceiver(0);
    for (let seq = windowFramesMax; seq > 1; seq -= 1) {
      const frame = new Uint8Array(1024 * 1024);
      const known = { seq: seq + 1, bytes: frame.subarray(1) };
      const rows = [{ seq, bytes: frame.subarray(0, 1) }, known];
      ({ state } = stepReceiver(state, { type: 'data', rows }, moment));
    }
    const kept = new Set(state.held.map(({ bytes }) => bytes.buffer));
    const keptBytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(state.held).toHaveLength(windowFramesMax - 1);
    expect(keptBytes).toBeLessThanOrEqual(windowFramesMax * heldWasteBytesMax);
  });
});
