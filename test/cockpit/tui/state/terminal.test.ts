/*
 * What the terminal is told beside the picture, and what it reports: title, bell, mouse, focus.
 *
 * Sequences are compared whole: a byte too many is typed into somebody's shell.
 */
import { expect, test } from 'vitest';
import { readReport } from '../../../../cockpit/tui/keys/reports.ts';
import type { CockpitEvent } from '../../../../cockpit/tui/state/effects.ts';
import { enterSequence, leaveSequence } from '../../../../cockpit/tui/state/terminal.ts';
import { decision, endedJob, startedJob, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const team = ['alice', 'bob', 'carol'].map((name) => worker(name));
const base = open([120, 30], { team, jobs: [startedJob('J1'), startedJob('J2'), endedJob('J3')] });
const inbox = (...ids: readonly string[]): CockpitEvent => ({
  type: 'inbox',
  rows: ids.map((id) => decision(id)),
});
const window = (hasFocus: boolean): CockpitEvent => ({
  type: 'report',
  report: { type: 'window', hasFocus },
});

function written(state: typeof base, events: readonly CockpitEvent[]): string {
  return play(state, events)
    .effects.map((effect) => (effect.type === 'write' ? effect.text : ''))
    .join('');
}

function mouse(input: string, state = base) {
  const report = readReport(input);
  if (report === undefined) throw new Error(`${input} is no report`);
  return play(state, [{ type: 'report', report }]).state;
}

test('terminal: the title says what needs the M2, once', () => {
  expect(written(base, [inbox()])).toBe('');
  expect(written(base, [inbox('D1'), inbox('D1')])).toBe('\x1b]2;Wally: 1 needs you\x07');
  const gone = { type: 'link-gone', reason: 'x', tryCount: 0 } as const;
  expect(written(base, [gone])).toBe('\x1b]2;Wally: hub gone\x07');
});

test('terminal: it rings for what is new, not for what was there when the screen opened', () => {
  const known = play(base, [inbox('D1')]).state;
  expect(written(known, [inbox('D1', 'D2')])).toContain(
    '\x07\x1b]9;Wally: D2: Start another attempt at J9?\x07',
  );
  expect(written(known, [inbox('D1')])).toBe('');
  const failed = endedJob('J1', { outcome: 'failed', exitCode: 1 });
  expect(written(known, [{ type: 'jobs-changed', jobs: [failed] }])).toContain(
    '\x07\x1b]9;Wally: J1 ended badly\x07',
  );
  // One refusal is one thing, although both the inbox and the jobs tell of it.
  const asked = play(known, [inbox('D1', 'D2')]).state;
  const refused = endedJob('J9', { outcome: 'refused' });
  expect(written(asked, [{ type: 'jobs-changed', jobs: [refused] }])).not.toContain('\x1b]9');
});

test('terminal: it does not ring where the window has the focus, or where the bell is off', () => {
  const known = play(base, [inbox()]).state;
  const rings = (events: readonly CockpitEvent[], state = known) =>
    written(state, [...events, inbox('D1')]).includes('\x1b]9');
  expect(rings([])).toBe(true);
  expect(rings([window(true)])).toBe(false);
  expect(rings([window(true), window(false)])).toBe(true);
  expect(rings([], type(known, 'B').state)).toBe(false);
});

test('terminal: control characters of a hub end no sequence', () => {
  const known = play(base, [inbox()]).state;
  const rows = [decision('D1', { question: 'a\x07\x1b[2Jb' })];
  expect(written(known, [{ type: 'inbox', rows }])).toContain('\x1b]9;Wally: D1: a  [2Jb\x07');
});

test('terminal: M turns the mouse off and on, and the screen is left without it', () => {
  const off = type(base, 'M');
  expect(off.effects).toContainEqual({ type: 'write', text: '\x1b[?1006l\x1b[?1000l' });
  expect(enterSequence(base)).toContain('\x1b[?1000h\x1b[?1006h');
  expect(enterSequence(off.state)).not.toContain('1000h');
  expect(leaveSequence).toBe('\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[23;2t');
  expect(mouse('[<0;5;12M', off.state)).toBe(off.state);
});

test('mouse: only presses, the wheel and the focus are reports', () => {
  for (const input of ['[<0;5;4m', '[<35;5;4M', '[<2;5;4M', '[', 'j', '[<0;5M']) {
    expect(readReport(input)).toBeUndefined();
  }
});

test('mouse: a click selects a row and gives its pane the keys', () => {
  // Below the header and the tabs: border, titles, then the M2, Wally, a heading and the workers.
  const clicked = mouse('[<0;5;9M');
  expect(clicked).toMatchObject({ focus: 'team', lists: { team: { selected: 'bob' } } });
  expect(mouse('[<0;5;8M', clicked).lists.team.selected).toBe('alice');
  expect(mouse('[<0;5;3M', clicked).lists.team.selected).toBe('bob');
  expect(mouse('[<0;100;10M').focus).toBe('log');
});

test('mouse: a click on a tab goes there, beside the tabs nowhere', () => {
  expect(mouse('[<0;2;2M').focus).toBe('team');
  expect(mouse('[<0;36;2M').focus).toBe('inbox');
  expect(mouse('[<0;110;2M')).toBe(base);
});

test('mouse: the wheel scrolls what is under it and leaves the keys where they are', () => {
  const down = mouse('[<65;5;6M');
  expect(down).toMatchObject({ focus: 'jobs', lists: { team: { selected: 'carol' } } });
  expect(mouse('[<64;5;6M', down).lists.team.selected).toBe('@odallies');
  const help = type(base, '?').state;
  expect(mouse('[<65;50;15M', help).overlay).toMatchObject({ type: 'help', top: 3 });
});

test('toast: an error stays until a key and nothing covers it; the next one waits', () => {
  const problem = (text: string): CockpitEvent => ({ type: 'problem', text });
  const two = play(base, [problem('one'), problem('two')]).state;
  expect(two.toast?.text).toBe('one');
  expect(type(two, 'T').state.toast?.text).toBe('two');
  expect(type(two, 'jj').state.toast).toBeUndefined();
});

test('theme: T goes through all of them and comes back', () => {
  const names = [1, 2, 3, 4, 5].map((count) => type(base, 'T'.repeat(count)).state.screen.theme);
  expect(new Set(names).size).toBe(5);
  expect(names.at(-1)).toBe(base.screen.theme);
});
