/*
 * The log pane: every key of it, and what it asks of the hub for it.
 *
 * The hub's answers are played as events; lines are 100 bytes and a second apart.
 */
import { expect, test } from 'vitest';
import type { LogAsk } from '../../../../cockpit/tui/state/log-asks.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { at, endedJob, job, startedJob, worker } from '../fake-hub.ts';
import { logGrown, logWindow, row, rowsOf, windowOf } from '../log-news.ts';
import { asks, openLog, picture, room, search, size } from '../log-screen.ts';
import { open, play, type } from '../press.ts';

test('log: it opens at its end and follows what is written', () => {
  const state = openLog(rowsOf(0, 50));
  expect(picture(state)).toContain('line 49');
  const grown = play(state, [logGrown(state, rowsOf(50, 53))]).state;
  expect(picture(grown)).toContain('line 52');
  expect(grown.log.isFollowing).toBe(true);
});

test('log: a line without an end grows in its place', () => {
  const state = openLog([...rowsOf(0, 3), row(3, 'ha', { isOpen: true })]);
  const more = play(state, [logGrown(state, [row(3, 'half', { isOpen: true })])]).state;
  expect(picture(more)).toContain('half');
  const whole = play(more, [logGrown(more, [row(3, 'half a line'), row(4, 'next')])]).state;
  expect(picture(whole)).toContain('half a line');
  expect(whole.log.window.lines).toHaveLength(5);
});

test('log: lines that were said before are not shown twice', () => {
  const state = openLog(rowsOf(0, 5));
  const again = play(state, [logGrown(state, rowsOf(3, 6))]).state;
  expect(again.log.window.lines.map(({ offset }) => offset)).toEqual([0, 100, 200, 300, 400, 500]);
});

test('log: p pauses and counts what is new, and follows again', () => {
  const state = openLog(rowsOf(0, 50));
  const paused = type(state, 'p').state;
  const later = play(paused, [logGrown(paused, rowsOf(50, 62))]).state;
  expect(picture(later)).toContain('12 new below, G follows');
  expect(picture(later)).not.toContain('line 50');
  const followed = type(later, 'p').state;
  expect(followed.log).toMatchObject({ isFollowing: true, newCount: 0 });
  expect(picture(followed)).toContain('line 61');
});

test('log: moving by rows and pages stops following, reaching the end takes it up', () => {
  const state = openLog(rowsOf(0, 100));
  const tops = (keys: string) => type(state, keys).state.log.top - state.log.top;
  expect(tops('k')).toBe(-1);
  expect(tops('kkj')).toBe(-1);
  expect(type(state, 'kkjj').state.log.isFollowing).toBe(true);
  expect(type(state, '', 'pageup').state.log.top - state.log.top).toBe(-room);
  expect(type(type(state, '', 'pageup').state, '', 'pagedown').state.log.isFollowing).toBe(true);
  expect(tops('g')).toBe(-state.log.top);
});

test('log: scrolling near the start asks for what lies before it, and nothing moves when it comes', () => {
  const state = openLog(rowsOf(500, 800), { isStart: false });
  const { state: up, effects } = type(state, '', 'home');
  // The first line is not held: it is asked for.
  expect(asks(effects)).toMatchObject([{ do: 'window', at: 'start', what: 'jump' }]);
  expect(up.log.pending).toMatchObject({ what: 'jump' });
  let scrolled: State = state;
  const asked: LogAsk[] = [];
  for (let turn = 0; turn < 15; turn += 1) {
    const next = type(scrolled, '', 'pageup');
    scrolled = next.state;
    asked.push(...asks(next.effects));
  }
  expect(asked).toMatchObject([{ do: 'window', at: '50000', what: 'back' }]);
  const before = picture(scrolled);
  const joined = play(scrolled, [logWindow(scrolled, rowsOf(200, 500), { isStart: false })]).state;
  expect(picture(joined)).toBe(before);
  expect(picture(type(joined, 'k').state)).toContain('line 499');
});

test('log: a window that grows too large drops what is furthest away', () => {
  let state = type(openLog(rowsOf(9000, 9300), { isStart: false }), '', 'pageup').state;
  for (let first = 8700; first >= 5400; first -= 300) {
    const what = { type: 'log-window', token: state.log.token, what: 'back' } as const;
    const window = windowOf(rowsOf(first, first + 300), { isStart: false });
    state = play(state, [{ ...what, window }]).state;
  }
  const { window } = state.log;
  expect(window.lines).toHaveLength(3000);
  expect(window).toMatchObject({ isEnd: false, begin: [540_000], end: [840_000] });
  // The end is gone from the window, so it is opened again.
  expect(asks(type(state, 'G').effects)).toMatchObject([{ do: 'open', at: 'end' }]);
});

test('log: while one reads, new lines are kept as long as there is room, then only counted', () => {
  const paused = type(openLog(rowsOf(0, 2900)), 'p').state;
  const some = play(paused, [logGrown(paused, rowsOf(2900, 2950))]).state;
  expect(some.log.window).toMatchObject({ isEnd: true });
  const many = play(some, [logGrown(some, rowsOf(2950, 3100))]).state;
  expect(many.log.window).toMatchObject({ isEnd: false });
  expect(many.log).toMatchObject({ newCount: 200, top: paused.log.top });
});

test('log: w wraps long lines, and scrolling goes through their rows', () => {
  const long = row(3, Array.from({ length: 40 }, (_, n) => `word${n}`).join(' '));
  const state = openLog([...rowsOf(0, 3), long, ...rowsOf(4, 30)]);
  const top = type(state, 'gw').state;
  expect(picture(top)).toContain('word39');
  expect(picture(top)).toMatch(/word0 .*\n.*word\d+/);
  const down = type(top, 'jjjj').state;
  expect(down.log).toMatchObject({ top: 3, row: 1 });
  expect(picture(down).split('\n')[3]).not.toContain('word0 ');
  expect(type(down, 'k').state.log).toMatchObject({ top: 3, row: 0 });
  expect(picture(type(top, 'w').state)).not.toContain('word39');
});

test('log: wide characters are wrapped whole', () => {
  const state = type(openLog([row(0, '日本語'.repeat(40))], {}, [41, 24]), 'w').state;
  const text = picture(state);
  expect((text.match(/[日本語]/g) ?? []).length).toBe(120);
});

test('log: i shows when each line was written, in the zone of the one who looks', () => {
  const state = type(openLog(rowsOf(0, 5)), 'i').state;
  expect(picture(state)).toContain('12:00:04.000 line 4');
  const east = type({ ...state, zoneMinutes: 90 }, '').state;
  expect(picture(east)).toContain('13:30:04.000 line 4');
});

test('log: @ goes to the first line of an instant', () => {
  const state = openLog(rowsOf(500, 600), { isStart: false });
  const prompt = type(state, '@').state;
  expect(picture(prompt)).toContain('go to (14:03, 10m):');
  const { state: gone, effects } = type(prompt, '2026-11-23T12:00:30Z\r');
  expect(asks(effects)).toMatchObject([{ do: 'window', at: at(30), what: 'jump' }]);
  const there = play(gone, [logWindow(gone, rowsOf(0, 300), { isEnd: false })]).state;
  expect(picture(there)).toContain('▸ line 30');
  expect(type(type(state, '@').state, 'never\r').state.toast).toMatchObject({ level: 'bad' });
});

test('log: space marks the line that keys are about, and quote goes from mark to mark', () => {
  const state = type(openLog(rowsOf(0, 100)), 'g ').state;
  expect(state.log.marks).toEqual([{ log: 0, offset: 0 }]);
  const two = type(state, 'jjjj ').state;
  expect(picture(type(two, 'kkkkkk').state)).toMatch(/◆ line 0[\s\S]*▸ line 4/);
  const back = type(type(two, 'G').state, "'").state;
  expect(picture(back)).toContain('▸ line 0');
  expect(picture(type(back, "'").state)).toContain('▸ line');
  expect(type(back, ' ').state.log.marks).toHaveLength(two.log.marks.length - 1);
});

test('log: v chooses lines, y copies their text without colours', () => {
  const lines = [row(0, 'one'), row(1, '\x1b[31mtwo\x1b[0m'), row(2, 'three'), ...rowsOf(3, 50)];
  const chosen = type(type(openLog(lines), 'g').state, 'vj').state;
  expect(picture(chosen)).toContain('2 lines, y copies');
  const { state, effects } = type(chosen, 'y');
  expect(effects).toContainEqual({ type: 'copy', text: 'one\ntwo\n', what: '2 lines' });
  expect(state.log.range).toBeUndefined();
  expect(type(openLog(lines), 'y').effects).toContainEqual({
    type: 'copy',
    text: 'line 49\n',
    what: '1 line',
  });
});

test('log: choosing goes beyond what is in sight', () => {
  const chosen = type(type(openLog(rowsOf(0, 100)), 'g').state, `v${'j'.repeat(30)}`).state;
  expect(picture(chosen)).toContain('31 lines, y copies');
  expect(picture(chosen)).toContain('line 30');
});

test('log: ctrl-s saves what is shown under the name that is typed', () => {
  const { state } = search(openLog(rowsOf(0, 9)), 'x');
  const near = type(state, 'f').state;
  const prompt = type(near, '\x13').state;
  expect(picture(prompt)).toContain('save as: J1.log');
  const { effects } = type(prompt, '.txt\r');
  expect(effects).toContainEqual({
    type: 'save-log',
    save: { jobs: ['J1'], grep: 'x', context: 3, name: 'J1.log.txt' },
  });
  const said = play(near, [{ type: 'said', level: 'info', text: 'saved 9 B' }]).state;
  expect(picture(said)).toContain('saved 9 B');
});

test('log: to the right of what is held of long lines there is more of them', () => {
  const text = 'x'.repeat(100);
  const state = openLog([row(0, text, { isCut: true, bytes: 9000 })]);
  let current = state;
  const asked: LogAsk[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const next = type(current, '', 'right');
    current = next.state;
    asked.push(...asks(next.effects));
  }
  expect(asked).toMatchObject([{ do: 'open', wish: { skipBytes: 3072 } }]);
  expect(picture(current)).toContain('from byte 3072');
  const back = type(current, '', 'left');
  expect(asks(back.effects)).toMatchObject([{ do: 'open', wish: { skipBytes: 0 } }]);
});

test('log: marked jobs are read as one, with the worker’s name at each line', () => {
  const jobs = [job('J1'), startedJob('J2'), startedJob('J3')];
  const state = open([100, 30], { team: [worker('alice'), worker('bob')], jobs });
  const { state: marked, effects } = type(state, '  ');
  expect(asks(effects).at(-1)).toMatchObject({ do: 'open', wish: { jobs: ['J2', 'J3'] } });
  const lines = [row(0, 'from alice'), row(1, 'from bob', { log: 1, stream: 'stderr' })];
  const shown = play(marked, [logWindow(marked, lines)]).state;
  expect(picture(shown)).toContain('J2 J3 · by time');
  expect(picture(shown)).toContain('  alice from alice');
  expect(picture(shown)).toContain('┃ bob   from bob');
});

test('log: a key that can do nothing says why', () => {
  const state = openLog(rowsOf(0, 9));
  expect(type(state, 'n').state.toast?.text).toBe('n: nothing is searched; / does');
  expect(type(state, 'f').state.toast?.text).toContain('nothing is searched');
  expect(type(state, "'").state.toast?.text).toContain('no line is marked');
  expect(type(type(state, 'w').state, '', 'right').state.toast?.text).toContain('wrapped');
  const none = type(open(size, {}), '3').state;
  expect(type(none, 'e').state.toast?.text).toContain('no job is selected');
});

test('log: enter shows the job’s details', () => {
  const state = type(openLog(rowsOf(0, 9)), '\r').state;
  expect(state.card).toMatchObject({ type: 'job', job: 'J1' });
});

test('log: a refusal is shown in the place of the log, or beside it where there are lines', () => {
  const error = { code: 'STORE_IO', message: 'It can not be read.', hint: 'Look at the disk.' };
  const opened = open(size, { jobs: [endedJob('J1')] });
  const refused = (state: State): State =>
    play(state, [{ type: 'log-refused', token: state.log.token, error }]).state;
  expect(picture(type(refused(opened), '3z').state)).toContain('STORE_IO It can not be read.');
  const shown = refused(openLog(rowsOf(0, 3)));
  expect(picture(shown)).toContain('line 2');
  expect(shown.toast?.text).toContain('STORE_IO');
});

test('log: the sequences of a worker never leave their line', () => {
  const nasty =
    '\x1b[2J\x1b[H\x1b]0;title\x07\x1b[?1049h\x1bcred \x1b[31mcolour\x1b[0m\u202e end\t|';
  const state = openLog([row(0, nasty), row(1, 'after')]);
  const { lines } = state.log.window;
  expect(lines[0]?.runs.map(({ text, sgr }) => [text, sgr])).toEqual([
    ['red ', ''],
    ['colour', '31'],
    [' end  |', ''],
  ]);
  expect(picture(state)).toContain('red colour end');
});
