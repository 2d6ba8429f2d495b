/*
 * The cockpit's own checks: each finding made to appear, and a sound terminal left in peace.
 */
import { expect, test } from 'vitest';
import {
  type CockpitFacts,
  diagnoseCockpit,
  readTmuxAnswer,
} from '../../../../cockpit/tui/state/terminal-checks.ts';
import { fakeTerminalFacts } from '../fake-hub.ts';

const sound: CockpitFacts = { ...fakeTerminalFacts, columns: 80, rows: 24 };
const tmux = { version: '3.5a', escapeMs: 20, clipboard: 'on', focusEvents: '1' };
const inTmux = { term: 'tmux-256color', isInTmux: true, tmux } as const;

const found = (change: Partial<CockpitFacts>) =>
  diagnoseCockpit({ ...sound, ...change }).map(({ id }) => id);

test('terminal: a sound one has no finding, inside tmux or not, and none where little is known', () => {
  expect(found({})).toEqual([]);
  expect(found(inTmux)).toEqual([]);
  expect(found({ ...inTmux, tmux: undefined })).toEqual([]);
  expect(found({ locale: '', colorTerm: '' })).toEqual([]);
});

test.each<readonly [string, Partial<CockpitFacts>]>([
  ['terminal-small', { columns: 79 }],
  ['terminal-small', { rows: 23 }],
  ['terminal-not-unicode', { locale: 'de_DE.ISO-8859-1' }],
  ['terminal-not-unicode', { locale: 'C' }],
  ['terminal-few-colours', { term: 'vt100', colorTerm: '' }],
  ['tmux-term', { ...inTmux, term: 'xterm-256color' }],
  ['tmux-escape-time', { ...inTmux, tmux: { ...tmux, escapeMs: 500 } }],
  ['tmux-clipboard', { ...inTmux, tmux: { ...tmux, clipboard: 'external' } }],
  ['tmux-focus-events', { ...inTmux, tmux: { ...tmux, focusEvents: '0' } }],
])('terminal: %s is found in %j', (id, change) => {
  expect(found(change)).toEqual([id]);
  const [finding] = diagnoseCockpit({ ...sound, ...change });
  expect(finding).toMatchObject({ subject: 'terminal', area: 'terminal' });
  const isOption = /^tmux-(escape|clipboard|focus)/.test(id);
  expect(finding?.fixable).toBe(isOption ? 'here' : undefined);
});

test('terminal: what tmux says is read, and anything else is not believed', () => {
  const read = { version: '3.3a', escapeMs: 500, clipboard: 'external', focusEvents: '0' };
  expect(readTmuxAnswer('3.3a|500|external|0\n')).toEqual(read);
  expect(readTmuxAnswer('')).toBeUndefined();
  expect(readTmuxAnswer('3.3a||external|0')).toBeUndefined();
  expect(readTmuxAnswer('no server running')).toBeUndefined();
});
