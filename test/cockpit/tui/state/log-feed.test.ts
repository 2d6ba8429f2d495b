/*
 * What the log pane's asks become at the hub, and what is told of the answers.
 *
 * Time is moved by hand; promises are let run out before anything is asserted.
 */
import { expect, test } from 'vitest';
import type { LogEvent, LogWish } from '../../../../cockpit/tui/state/log-asks.ts';
import { joinCount, joinGrowth, LogFeed } from '../../../../cockpit/tui/state/log-feed.ts';
import { readLine } from '../../../../cockpit/tui/views/log-text.ts';
import type { LogHits, LogWindow } from '../../../../cockpit/verbs/shapes.ts';
import { AppError } from '../../../../protocol/errors.ts';
import { FakeHub } from '../fake-hub.ts';
import { FakePorts } from '../fake-ports.ts';
import { row, rowsOf, sourcesOf, windowOf } from '../log-news.ts';

const wish: LogWish = { token: 7, jobs: ['J1'], context: 0, skipBytes: 0 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

function openFeed(window: LogWindow | (() => LogWindow) = windowOf([])) {
  const hub = new FakeHub();
  const asked: unknown[] = [];
  hub.window = (args) => {
    asked.push(args);
    return typeof window === 'function' ? window() : window;
  };
  const ports = new FakePorts();
  const client = hub.connect();
  const events: LogEvent[] = [];
  let isLive = true;
  const feed = new LogFeed({
    ports,
    client: () => client,
    isLive: () => isLive,
    feed: (event) => events.push(event),
    send: (event) => events.push(event),
  });
  const lose = () => {
    isLive = false;
  };
  return { hub, ports, events, feed, asked, lose };
}

const streams = (hub: FakeHub) => hub.streams.map(({ verb, args }) => ({ verb, args }));

test('log feed: a log is opened at its end, and followed from there', async () => {
  const lines = [row(0, 'one'), row(1, 'no end', { isOpen: true })];
  const { hub, feed, events, asked } = openFeed(windowOf(lines));
  feed.ask({ do: 'open', wish, at: 'end' });
  await settled();
  expect(asked).toMatchObject([{ job: ['J1'], at: 'end', before: 300, after: 300, skip: 0 }]);
  expect(events).toMatchObject([{ type: 'log-window', token: 7, what: 'open' }]);
  // The line without an end is read again, so that it is whole when it has one.
  expect(streams(hub)).toEqual([
    { verb: 'logs follow', args: { job: ['J1'], at: '100', skip: 0 } },
  ]);
  hub.log('J1', row(1, 'no end yet', { isOpen: true }), row(2, 'next'));
  expect(events.at(-1)).toMatchObject({ type: 'log-grown', token: 7, count: 1, isSkipped: false });
});

test('log feed: one that is not opened at its end is followed from its end', async () => {
  const { hub, feed } = openFeed(windowOf(rowsOf(0, 5), { isEnd: false }));
  feed.ask({ do: 'open', wish: { ...wish, grep: 'x', context: 3, skipBytes: 9 }, at: '#0:200' });
  await settled();
  expect(streams(hub)).toEqual([
    {
      verb: 'logs follow',
      args: { job: ['J1'], grep: 'x', context: 3, at: 'end', skip: 9 },
    },
  ]);
});

test('log feed: one that is opened right after another waits, and the first is told no more', async () => {
  const { hub, ports, feed, events, asked } = openFeed();
  feed.ask({ do: 'open', wish, at: 'end' });
  feed.ask({ do: 'open', wish: { ...wish, token: 8, jobs: ['J2'] }, at: 'end' });
  feed.ask({ do: 'open', wish: { ...wish, token: 9, jobs: ['J3'] }, at: 'end' });
  await settled();
  expect(events).toEqual([]);
  ports.advance(80);
  await settled();
  expect(asked).toMatchObject([{ job: ['J1'] }, { job: ['J3'] }]);
  expect(events).toMatchObject([{ type: 'log-window', token: 9 }]);
  expect(hub.isFollowed('J1')).toBe(false);
  expect(hub.isFollowed('J3')).toBe(true);
  feed.ask({ do: 'close' });
  expect(hub.streams).toEqual([]);
});

test('log feed: how following ended is told, with its error', async () => {
  const { hub, feed, events } = openFeed();
  feed.ask({ do: 'open', wish, at: 'end' });
  await settled();
  hub.endLog('J1', new AppError('JOB_UNKNOWN'));
  await settled();
  expect(events.at(-1)).toMatchObject({ type: 'log-ended', error: { code: 'JOB_UNKNOWN' } });
});

test('log feed: a refused window is told, a lost connection is not', async () => {
  const refuse = () => {
    throw new AppError('STORE_IO');
  };
  const { feed, events, lose } = openFeed(refuse);
  feed.ask({ do: 'open', wish, at: 'end' });
  await settled();
  expect(events).toMatchObject([{ type: 'log-refused', token: 7, error: { code: 'STORE_IO' } }]);
  lose();
  feed.ask({ do: 'window', wish, at: '0', what: 'back' });
  await settled();
  expect(events).toHaveLength(1);
});

test('log feed: scrolling asks only for the side that is wanted', async () => {
  const { feed, asked } = openFeed();
  feed.ask({ do: 'open', wish, at: 'end' });
  await settled();
  feed.ask({ do: 'window', wish, at: '5', what: 'back' });
  feed.ask({ do: 'window', wish, at: '5', what: 'on' });
  expect(asked.slice(1)).toMatchObject([
    { before: 300, after: 0 },
    { before: 0, after: 300 },
  ]);
});

test('log feed: a search gives the first hit that is not the line one comes from', async () => {
  const { hub, feed, events } = openFeed();
  feed.ask({ do: 'open', wish, at: 'end' });
  await settled();
  const find = {
    ...{ wish, quest: { grep: 'x' }, at: '#0:100', back: false, isAgain: false },
    past: { log: 0, offset: 100 },
  };
  feed.ask({ do: 'find', find });
  const stream = hub.streams.at(-1);
  expect(stream).toMatchObject({
    verb: 'logs find',
    args: { job: ['J1'], grep: 'x', at: '#0:100', back: false, limit: 2 },
  });
  stream?.onItem(hitsOf(100, 300));
  stream?.end();
  await settled();
  expect(events.at(-1)).toEqual({
    type: 'log-hit',
    find,
    hit: expect.objectContaining({ offset: 300 }),
  });
});

test('log feed: all hits are counted, so many are named', async () => {
  const { hub, feed, events } = openFeed();
  feed.ask({ do: 'open', wish, at: 'end' });
  await settled();
  feed.ask({ do: 'count', wish, grep: 'x' });
  const stream = hub.streams.at(-1);
  expect(stream?.args).toEqual({ job: ['J1'], grep: 'x', named: 5000 });
  stream?.onItem(hitsOf(1, 2));
  stream?.end();
  await settled();
  expect(events.slice(1)).toMatchObject([
    { type: 'log-count', hits: [{ offset: 1 }, { offset: 2 }], count: 2, isDone: false },
    { type: 'log-count', hits: [], count: undefined, isDone: true },
  ]);
});

test('log feed: what is told between two changes of the screen adds up, the newest lines stay', () => {
  const growth = (from: number, to: number, isSkipped = false) =>
    ({
      type: 'log-grown',
      token: 7,
      sources: sourcesOf(1),
      lines: rowsOf(from, to).map(readLine),
      count: to - from,
      isSkipped,
    }) as const;
  const joined = joinGrowth(growth(0, 3), growth(3, 5));
  expect(joined).toMatchObject({ count: 5, isSkipped: false });
  expect(joined.lines).toHaveLength(5);
  const many = joinGrowth(growth(0, 1500), growth(1500, 3000));
  expect(many).toMatchObject({ count: 3000, isSkipped: true });
  expect(many.lines).toHaveLength(2000);
  expect(joinGrowth(growth(0, 3), growth(9, 10, true)).lines).toHaveLength(1);
  const other = { ...growth(3, 5), token: 8 };
  expect(joinGrowth(growth(0, 3), other)).toBe(other);
  const count = (offset: number, found: number | undefined, isDone = false) =>
    ({ type: 'log-count', token: 7, hits: [{ log: 0, offset }], count: found, isDone }) as const;
  expect(joinCount(count(1, 1), count(2, undefined, true))).toEqual({
    ...count(1, 1, true),
    hits: [
      { log: 0, offset: 1 },
      { log: 0, offset: 2 },
    ],
  });
});

function hitsOf(...offsets: readonly number[]): LogHits {
  const hits = offsets.map((offset) => ({ log: 0, offset, at: '2026-11-23T12:00:00.000Z' }));
  return { logs: sourcesOf(1), hits, hitCount: hits.length, readBytes: 1, wholeBytes: 1 };
}
