/*
 * Searching in the log pane: hits, the way from one to the next, filters and levels.
 *
 * The hub's answers are played as events; lines are 100 bytes and a second apart.
 */
import { expect, test } from 'vitest';
import { logWindow, row, rowsOf } from '../log-news.ts';
import { asks, found, openLog, picture, search } from '../log-screen.ts';
import { play, type } from '../press.ts';

test('log: to search asks for the first hit and for all of them; n and N go from hit to hit', () => {
  const state = type(openLog(rowsOf(0, 100)), 'g').state;
  const { state: searched, asked } = search(state, 'line 7');
  expect(asked).toMatchObject([
    { do: 'count', grep: 'line 7' },
    { do: 'find', find: { quest: { grep: 'line 7' }, at: '#0:0', back: false } },
  ]);
  const hits = [7, 70, 71, 72].map((n) => ({ log: 0, offset: 100 * n }));
  const { token } = searched.log;
  const counted = play(searched, [
    { type: 'log-count', token, hits: hits.slice(0, 2), count: 2, isDone: false },
    found(asked[1], 700),
  ]).state;
  expect(picture(counted)).toContain('1 of 2+ hits');
  expect(picture(counted)).toContain('▸ line 7 ');
  const all = play(counted, [
    { type: 'log-count', token, hits: hits.slice(2), count: 4, isDone: true },
  ]).state;
  const next = type(all, 'n').state;
  expect(picture(next)).toContain('2 of 4 hits');
  expect(picture(next)).toContain('▸ line 70');
  expect(picture(type(next, 'N').state)).toContain('▸ line 7 ');
});

test('log: a hit behind a wrapped line with more rows than the pane is in sight', () => {
  const long = 'x'.repeat(9000);
  const lines = [row(0, 'first'), row(1, long), row(2, 'the needle'), row(3, long)];
  const wrapped = type(openLog(lines), 'gw').state;
  const { state, asked } = search(wrapped, 'needle');
  const led = play(state, [found(asked[1], 200)]).state;
  expect(picture(led)).toContain('▸ the needle');
});

test('log: after the last known hit the hub is asked, then the search goes on from the other end', () => {
  const { state, asked } = search(type(openLog(rowsOf(0, 100)), 'g').state, 'line');
  const first = play(state, [found(asked[1], 0)]).state;
  const { state: on, effects } = type(first, 'n');
  const [ask] = asks(effects);
  expect(ask).toMatchObject({
    do: 'find',
    find: { at: '#0:0', back: false, past: { log: 0, offset: 0 }, isAgain: false },
  });
  const again = play(on, [found(ask, undefined)]);
  expect(again.state.toast?.text).toContain('on from the start');
  const [second] = asks(again.effects);
  expect(second).toMatchObject({ do: 'find', find: { at: 'start', isAgain: true } });
  expect(play(again.state, [found(second, undefined)]).state.toast?.text).toBe(
    'no hit in this log',
  );
});

test('log: a search that begins while following goes back from the end', () => {
  const { asked } = search(openLog(rowsOf(0, 100)), 'line');
  expect(asked[1]).toMatchObject({ find: { at: 'end', back: true } });
});

test('log: a hit that the window lacks is asked for, and is a third down when it comes', () => {
  const { state, asked } = search(openLog(rowsOf(5000, 5100), { isStart: false }), 'x');
  const { state: gone, effects } = play(state, [found(asked[1], 70_000)]);
  expect(asks(effects)).toMatchObject([{ do: 'window', at: '#0:70000', what: 'jump' }]);
  expect(picture(gone)).toContain('line 5099');
  const there = play(gone, [
    logWindow(gone, rowsOf(500, 900), { isStart: false, isEnd: false }),
  ]).state;
  expect(picture(there).split('\n')[9]).toContain('▸ line 700');
  expect(there.log.isFollowing).toBe(false);
});

test('log: a pattern that is none is said, and nothing is asked', () => {
  const { state, asked } = search(openLog(rowsOf(0, 9)), '/(/');
  expect(asked).toEqual([]);
  expect(state.toast?.text).toContain('no regular expression');
});

test('log: f shows lines near hits, then hits alone, then all; esc too leads back to all', () => {
  const { state, asked } = search(type(openLog(rowsOf(0, 100)), 'p').state, 'line 90');
  const at90 = play(state, [found(asked[1], 9000)]).state;
  const near = type(at90, 'f');
  expect(asks(near.effects)).toMatchObject([
    { do: 'open', at: '#0:9000', wish: { grep: 'line 90', context: 3 } },
  ]);
  const shown = play(near.state, [
    logWindow(
      near.state,
      rowsOf(88, 93).map((line) => ({ ...line, isContext: line.offset !== 9000 })),
    ),
  ]).state;
  expect(picture(shown)).toContain('· line 91');
  expect(picture(shown)).toContain('near hits');
  const alone = type(shown, 'f');
  expect(asks(alone.effects)).toMatchObject([
    { do: 'open', wish: { grep: 'line 90', context: 0 } },
  ]);
  expect(picture(alone.state)).toContain('hits alone');
  const all = asks(type(alone.state, 'f').effects);
  expect(all).toMatchObject([{ do: 'open', at: '#0:9000' }]);
  expect(all[0]?.do === 'open' && 'grep' in all[0].wish).toBe(false);
  expect(type(alone.state, '', 'esc').state.log.filter).toBe('all');
});

test('log: esc climbs out of chosen lines, the filter, the search, the zoom, the log', () => {
  const { state } = search(openLog(rowsOf(0, 30)), 'x');
  let current = type(state, 'fv').state;
  const seen: string[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const { log, isZoomed, focus } = current;
    seen.push(
      [log.range ? 'range' : '', log.filter, log.search ? 'search' : '', isZoomed, focus].join(' '),
    );
    current = type(current, '', 'esc').state;
  }
  expect(seen).toEqual([
    'range near search true log',
    ' near search true log',
    ' all search true log',
    ' all  true log',
    ' all  false log',
  ]);
  expect(current.focus).toBe('jobs');
});

test.each([
  ['e', { level: 'error' }, false],
  ['E', { level: 'error' }, true],
  ['W', { level: 'warning' }, false],
] as const)('log: %s goes to the next line of its level', (key, quest, back) => {
  const { state, effects } = type(type(openLog(rowsOf(0, 100)), 'g').state, key);
  const [ask] = asks(effects);
  expect(ask).toMatchObject({ do: 'find', find: { quest, back, past: { offset: 0 } } });
  const there = play(state, [found(ask, 5000)]).state;
  expect(picture(there)).toContain('▸ line 50');
});
