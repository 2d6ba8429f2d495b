/*
 * The palette by keys: what a few letters find, and what taking it does.
 *
 * Names of people and programs are found by parts of words too.
 */
import { expect, test } from 'vitest';
import { findEntries } from '../../../../cockpit/tui/state/palette.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { endedJob, job, worker } from '../fake-hub.ts';
import { open, type } from '../press.ts';

const base = open([100, 30], {
  team: [worker('alice'), worker('bob')],
  jobs: [job('J1', { title: 'cargo build --release' }), endedJob('J2', { title: 'npm test' })],
});
const opened = type(base, '', 'ctrl-p').state;

test('palette: a few letters find panes, verbs, workers and jobs, the best first', () => {
  const first = (text: string) => findEntries(base, text)[0]?.text;
  expect(first('inb')).toBe('Inbox');
  expect(first('bob')).toBe('bob');
  expect(first('cargo')).toBe('J1 cargo build --release');
  expect(first('revoke')).toBe('team revoke');
  expect(findEntries(base, 'qqqqq')).toEqual([]);
});

test('palette: what can not be done now is not offered', () => {
  const doings = (state: typeof base) =>
    findEntries(state, 'retry').flatMap(({ kind, text }) => (kind === 'do' ? [text] : []));
  expect(doings(base)).toContain('retry');
  expect(doings(type(base, 'G').state)).not.toContain('retry');
});

test('palette: enter goes to a worker, to a job, to a pane', () => {
  expect(type(opened, 'bob\r').state).toMatchObject({
    overlay: undefined,
    card: { type: 'worker', name: 'bob' },
  });
  expect(type(opened, 'cargo\r').state).toMatchObject({
    focus: 'jobs',
    lists: { jobs: { selected: 'J1' } },
  });
  expect(type(opened, 'inbox\r').state.focus).toBe('inbox');
});

test('palette: a verb opens the line with it, a doing is done', () => {
  const line = type(opened, 'team revoke\r').state.overlay;
  expect(line).toMatchObject({ type: 'command', field: { text: 'team revoke ' } });
  expect(type(opened, 'the pane alone\r').state.isZoomed).toBe(true);
});

test('palette: down and up move, esc leaves, with nothing found enter closes', () => {
  const second = type(opened, '', 'down').state;
  expect(second.overlay).toMatchObject({ at: 1 });
  expect(type(second, '', 'up', 'up').state.overlay).toMatchObject({
    at: findEntries(base, '').length - 1,
  });
  expect(type(opened, 'x', 'esc').state.overlay).toBeUndefined();
  expect(type(opened, 'qqqqq\r').state.overlay).toBeUndefined();
});

test('palette: drawn with what was typed and what each entry is', () => {
  const picture = draw(viewScreen(type(opened, 'bob').state));
  expect(picture).toMatch(/│ › bob/);
  expect(picture).toMatch(/▸ worker +bob +idle · bob-box/);
});
