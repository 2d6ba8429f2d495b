/*
 * The sender: from the peer's cursor on, within the window, again after silence, and not at all to
 * a peer that forgot what it acknowledged.
 */
import { describe, expect, test } from 'vitest';
import {
  bufferedBytesMax,
  bufferedRowsMax,
  resendMsBase,
  resendMsMax,
  windowBytesMax,
  windowFramesMax,
} from '../../../protocol/limits.ts';
import {
  createSender,
  findSenderDeadline,
  type OutboxRow,
  type SenderEvent,
  type SenderState,
  stepSender,
} from '../../../protocol/machines/sender.ts';

const row = (seq: number, size = 1): OutboxRow => ({ seq, bytes: new Uint8Array(size) });
const rowsOf = (from: number, through: number, size = 1) =>
  Array.from({ length: through - from + 1 }, (_, index) => row(from + index, size));

/** Steps through the events and gives the last step. */
function run(state: SenderState, events: readonly SenderEvent[], nowMs = 0) {
  let last = { state, effects: [] as ReturnType<typeof stepSender>['effects'] };
  for (const event of events) last = stepSender(last.state, event, { nowMs, roll: 0.5 });
  return last;
}

const sent = (effects: ReturnType<typeof run>['effects']) =>
  effects.flatMap((effect) => (effect.do === 'send' ? [effect.row.seq] : []));
const opened = (received: number): SenderEvent => ({ type: 'opened', received });
const ack = (received: number, need: readonly number[] = []): SenderEvent => ({
  type: 'ack',
  received,
  need,
});
const halted = { is: 'halted' };

describe('sender', () => {
  test('sender: a link opens at the peer’s cursor and loads what is queued behind it', () => {
    const open = run(createSender(3, 10), [opened(5)]);
    expect(open.effects).toEqual([
      { do: 'acked', through: 5 },
      { do: 'load', after: 5, countMax: windowFramesMax },
    ]);
    const loaded = run(open.state, [{ type: 'loaded', rows: rowsOf(6, 10) }]);
    expect(sent(loaded.effects)).toEqual([6, 7, 8, 9, 10]);
    expect(loaded.effects.every((effect) => effect.do === 'send' && effect.isFirst)).toBe(true);
  });

  test('sender: rows that reach the disk while it is being read are asked for once more, and only once', () => {
    const loading = run(createSender(0, 1), [opened(0)]);
    const news: SenderEvent = { type: 'queued', rows: [row(1)] };
    const told = run(loading.state, [news]);
    expect(told.effects).toEqual([]);
    const empty: SenderEvent = { type: 'loaded', rows: [] };
    const again = run(told.state, [empty]);
    expect(again.effects).toEqual([{ do: 'load', after: 0, countMax: windowFramesMax }]);
    expect(run(again.state, [empty]).effects).toEqual([]);
    expect(sent(run(again.state, [{ type: 'loaded', rows: [row(1)] }]).effects)).toEqual([1]);
  });

  test('sender: with nothing queued it neither loads nor waits', () => {
    const { state, effects } = run(createSender(4, 4), [opened(4)]);
    expect(effects).toEqual([]);
    expect(findSenderDeadline(state)).toBeUndefined();
  });

  test.each([
    ['less than it acknowledged', 2],
    ['more than was ever queued', 11],
  ])('sender: it halts at a peer that has received %s', (_what, received) => {
    const { state, effects } = run(createSender(3, 10), [opened(received)]);
    expect(state).toMatchObject(halted);
    expect(effects).toEqual([{ do: 'halt' }]);
  });

  test('sender: what was queued since the start and handed to no link can be nowhere', () => {
    const queued = { type: 'queued', rows: rowsOf(3, 6) } as const;
    const idle = run(createSender(1, 2), [queued]).state;
    expect(run(idle, [opened(2)]).state).toMatchObject({ is: 'live', acked: 2, queued: 6 });
    expect(run(idle, [opened(3)])).toMatchObject({ state: halted, effects: [{ do: 'halt' }] });
    // The rows before are read first, so nothing new has left yet.
    const live = run(idle, [opened(1)]).state;
    expect(run(live, [ack(3)])).toMatchObject({ state: halted, effects: [{ do: 'halt' }] });
  });

  test('sender: what was handed to a link may be at the peer, also by a later one', () => {
    const { state } = run(createSender(0, 0), [opened(0), { type: 'queued', rows: rowsOf(1, 2) }]);
    const closed = run(state, [{ type: 'closed' }, { type: 'queued', rows: [row(3)] }]).state;
    expect(run(closed, [opened(2)]).state).toMatchObject({ is: 'live', acked: 2 });
    expect(run(closed, [opened(3)]).state).toMatchObject(halted);
  });

  test('sender: a store that knows how far an earlier life came says so', () => {
    expect(run(createSender(1, 9, 4), [opened(4)]).state).toMatchObject({ is: 'live' });
    expect(run(createSender(1, 9, 4), [opened(5)]).state).toMatchObject(halted);
  });

  test('sender: an ack of more than was ever queued halts it', () => {
    const live = run(createSender(0, 0), [opened(0), { type: 'queued', rows: rowsOf(1, 3) }]).state;
    expect(run(live, [ack(3)]).state).toMatchObject({ is: 'live', acked: 3 });
    expect(run(live, [ack(4)])).toMatchObject({ state: halted, effects: [{ do: 'halt' }] });
  });

  test('sender: an ack of what an earlier link brought is taken before this one has sent it', () => {
    const reopened = run(createSender(0, 5), [
      opened(0),
      { type: 'loaded', rows: rowsOf(1, 5) },
      { type: 'closed' },
      opened(0),
    ]);
    const { state, effects } = run(reopened.state, [ack(5)]);
    expect(effects).toEqual([{ do: 'acked', through: 5 }]);
    expect(state).toMatchObject({ is: 'live', acked: 5, sentThrough: 5, rows: [] });
    expect(sent(run(state, [{ type: 'loaded', rows: rowsOf(1, 5) }]).effects)).toEqual([]);
  });

  test('sender: nothing moves it once it has halted, and every further link is refused', () => {
    const state = run(createSender(3, 10), [opened(2)]).state;
    expect(run(state, [opened(5)])).toEqual({ state, effects: [{ do: 'halt' }] });
    const events: readonly SenderEvent[] = [
      { type: 'queued', rows: [row(11)] },
      { type: 'loaded', rows: [row(4)] },
      ack(5),
      { type: 'tick' },
      { type: 'closed' },
    ];
    for (const event of events) expect(run(state, [event])).toEqual({ state, effects: [] });
  });

  test('sender: without a link it only counts what is queued', () => {
    const idle = createSender(0, 2);
    for (const event of [
      ack(2),
      { type: 'loaded', rows: [row(1)] },
      { type: 'tick' },
      { type: 'closed' },
    ] as const) {
      expect(run(idle, [event])).toEqual({ state: idle, effects: [] });
    }
    expect(run(idle, [{ type: 'queued', rows: [row(3)] }])).toEqual({
      state: { ...idle, queued: 3 },
      effects: [],
    });
  });

  test('sender: what was queued waits in memory up to a cap, and is read back beyond it', () => {
    const live = run(createSender(0, 0), [
      opened(0),
      { type: 'queued', rows: rowsOf(1, bufferedRowsMax) },
      { type: 'queued', rows: [row(bufferedRowsMax + 1)] },
    ]);
    expect(live.effects.some((effect) => effect.do === 'load')).toBe(false);
    let { state } = live;
    for (
      let seq = windowFramesMax;
      seq < bufferedRowsMax - windowFramesMax;
      seq += windowFramesMax
    ) {
      const step = run(state, [ack(seq)]);
      expect(step.effects.some((effect) => effect.do === 'load')).toBe(false);
      state = step.state;
    }
    const sent = bufferedRowsMax - windowFramesMax;
    const last = run(state, [ack(sent), ack(sent + 10)]);
    expect(last.effects.at(-1)).toEqual({ do: 'load', after: bufferedRowsMax, countMax: 10 });
  });

  test('sender: rows that were read before they were announced are here once', () => {
    const live = run(createSender(0, 3), [opened(0), { type: 'loaded', rows: rowsOf(1, 3) }]);
    for (const rows of [rowsOf(3, 3), rowsOf(2, 3), rowsOf(1, 3)]) {
      const again = run(live.state, [{ type: 'queued', rows }]);
      expect(again.effects).toEqual([]);
      expect(again.state).toMatchObject({ queued: 3, rows: rowsOf(1, 3), sentThrough: 3 });
    }
  });

  test('sender: what was queued waits in memory up to so many bytes', () => {
    const size = bufferedBytesMax / 8;
    const live = run(createSender(0, 0), [
      opened(0),
      { type: 'queued', rows: rowsOf(1, 8, size) },
      { type: 'queued', rows: [row(9)] },
    ]);
    expect(live.state).toMatchObject({ is: 'live', rowBytes: bufferedBytesMax, isLoading: true });
  });

  test('sender: the window holds so many messages, and acks let the next ones in', () => {
    const live = run(createSender(0, 0), [
      opened(0),
      { type: 'queued', rows: rowsOf(1, windowFramesMax) },
    ]);
    expect(sent(live.effects)).toHaveLength(windowFramesMax);
    const full = run(live.state, [
      { type: 'queued', rows: rowsOf(windowFramesMax + 1, windowFramesMax + 2) },
    ]);
    expect(full.effects).toEqual([]);
    const next = run(full.state, [ack(1)]);
    expect(sent(next.effects)).toEqual([windowFramesMax + 1]);
  });

  test('sender: the window holds so many bytes, but one message always passes', () => {
    const half = windowBytesMax / 2;
    const live = run(createSender(0, 0), [opened(0), { type: 'queued', rows: rowsOf(1, 4, half) }]);
    expect(sent(live.effects)).toEqual([1, 2]);
    expect(sent(run(live.state, [ack(1)]).effects)).toEqual([3]);
    const huge = [row(1, windowBytesMax + 1), row(2)];
    const alone = run(createSender(0, 0), [opened(0), { type: 'queued', rows: huge }]);
    expect(sent(alone.effects)).toEqual([1]);
  });

  test('sender: missing ones that an ack names are sent again, and only those', () => {
    const live = run(createSender(0, 0), [opened(0), { type: 'queued', rows: rowsOf(1, 5) }]).state;
    const { effects } = run(live, [ack(1, [2, 4, 99])]);
    expect(effects).toEqual([
      { do: 'acked', through: 1 },
      { do: 'send', row: row(2), isFirst: false },
      { do: 'send', row: row(4), isFirst: false },
    ]);
  });

  test('sender: an old ack moves nothing back', () => {
    const live = run(createSender(0, 0), [
      opened(0),
      { type: 'queued', rows: rowsOf(1, 5) },
      ack(4),
    ]).state;
    for (const received of [0, 3, 4])
      expect(run(live, [ack(received)])).toEqual({ state: live, effects: [] });
  });

  test('sender: the oldest is sent again when its time has come, with pauses that double to a cap', () => {
    let { state } = run(createSender(0, 0), [opened(0), { type: 'queued', rows: rowsOf(1, 3) }]);
    let whole = resendMsBase;
    let nowMs = 0;
    for (let tries = 1; tries < 12; tries += 1) {
      const due = findSenderDeadline(state) ?? 0;
      expect(due - nowMs).toBeCloseTo(0.75 * whole, 6);
      expect(run(state, [{ type: 'tick' }], due - 1)).toEqual({ state, effects: [] });
      const again = run(state, [{ type: 'tick' }], due);
      expect(sent(again.effects)).toEqual([1]);
      state = again.state;
      nowMs = due;
      whole = Math.min(resendMsMax, resendMsBase * 2 ** tries);
    }
    expect(findSenderDeadline(run(state, [ack(3)]).state)).toBeUndefined();
  });

  test('sender: a row is new to the world only once, whatever links came between', () => {
    const live = run(createSender(0, 0), [opened(0), { type: 'queued', rows: rowsOf(1, 2) }]).state;
    const { effects } = run(live, [
      { type: 'closed' },
      opened(1),
      { type: 'loaded', rows: [row(2)] },
    ]);
    expect(effects).toEqual([{ do: 'send', row: row(2), isFirst: false }]);
  });

  test('sender: rows that are not there yet, or do not follow, are asked for again only at news', () => {
    const live = run(createSender(0, 9), [opened(0)]).state;
    for (const rows of [[], rowsOf(4, 9)]) {
      const { state, effects } = run(live, [{ type: 'loaded', rows }]);
      expect(effects).toEqual([]);
      expect(state).toMatchObject({ is: 'live', rows: [], sentThrough: 0, isLoading: false });
      const news = run(state, [{ type: 'queued', rows: [row(9)] }]);
      expect(news.effects).toEqual([{ do: 'load', after: 0, countMax: windowFramesMax }]);
    }
  });
});
