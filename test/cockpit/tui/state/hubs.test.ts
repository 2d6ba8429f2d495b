/*
 * Looking into several hubs: the switcher, what stays and what goes, and the order of jobs of several.
 */
import { describe, expect, test } from 'vitest';
import { compareNewest, readJobWord } from '../../../../cockpit/tui/state/job-order.ts';
import { viewHeader } from '../../../../cockpit/tui/views/chrome.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { at, decision, job, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const hubs = ['all', 'work', 'home'];
const base = open([100, 30], {
  team: [worker('alice'), worker('bob')],
  jobs: [job('J2', { title: 'make' }), job('J1', { title: 'npm test' })],
  hubs,
});
const header = (state: typeof base, width = 100) =>
  viewHeader(state, width)
    .map(({ text }) => text)
    .join('');

describe('switcher', () => {
  test('switcher: H lists the hubs with the next one marked, and enter looks into it', () => {
    const listed = type(base, 'H').state;
    const picture = draw(viewScreen(listed));
    expect(picture).toContain('Look into');
    expect(picture).toMatch(/ {2}hub +all +this one/);
    expect(picture).toMatch(/▸ hub +work/);
    expect(picture).not.toContain('alice  ●');
    const { state, effects } = type(listed, '\r');
    expect(effects).toContainEqual({ type: 'look-into', at: 1 });
    expect(state.overlay).toBeUndefined();
    expect(state).toMatchObject({ link: { type: 'coming', name: 'work' }, team: [], jobs: [] });
    expect(header(state)).toContain('WALLY  work connecting');
  });

  test('switcher: the palette has the hubs too, and a few letters find one', () => {
    const { effects } = type(type(base, '', 'ctrl-p').state, 'home\r');
    expect(effects).toContainEqual({ type: 'look-into', at: 2 });
  });

  test('switcher: choosing what is looked into changes nothing', () => {
    const { state, effects } = type(type(base, '', 'H').state, '', 'up', 'enter');
    expect(effects).toEqual([]);
    expect(state.jobs).toBe(base.jobs);
  });

  test('switcher: where there is one hub only, H says so, and nothing names it', () => {
    const alone = open([100, 30]);
    const { state } = type(alone, 'H');
    expect(state.overlay).toBeUndefined();
    expect(state.toast?.text).toContain('only this hub');
    expect(header(alone)).toMatch(/^ WALLY {2}~/);
    expect(header(open([100, 30], { hubs: ['office'] }))).toContain('WALLY  office');
  });

  test('switcher: nothing is asked of a hub that has not answered yet', () => {
    const coming = type(base, 'H\r').state;
    expect(type(coming, 'd').state.toast?.text).toContain('not answered yet');
    const there = play(coming, [{ type: 'link-live' }]).state;
    expect(there.link).toEqual({ type: 'live' });
    expect(there.toast?.text).toBe('this is work');
  });

  test('switcher: what was chosen in a hub’s lists is there again when one comes back', () => {
    const chosen = type(base, 'j/npm\r').state;
    expect(chosen.lists.jobs).toMatchObject({ selected: 'J1', filter: 'npm' });
    const away = play(type(chosen, 'H\r').state, [
      { type: 'link-live' },
      { type: 'jobs', jobs: [job('J7')] },
    ]).state;
    expect(away.lists.jobs).toMatchObject({ selected: 'J7', filter: '' });
    const listed = type(away, 'H').state;
    const back = type(listed, '', 'up', 'up', 'enter').state;
    expect(back.hubs.at).toBe(0);
    const full = play(back, [{ type: 'link-live' }, { type: 'jobs', jobs: base.jobs }]).state;
    expect(full.lists.jobs).toMatchObject({ selected: 'J1', filter: 'npm' });
    expect(full.team).toEqual([]);
  });

  test('switcher: a hub that was left before its rows came keeps what was chosen there first', () => {
    const chosen = type(base, 'j').state;
    const away = type(chosen, 'H\r').state;
    const back = type(type(away, 'H').state, '', 'up', 'up', 'enter').state;
    const gone = type(type(back, 'H').state, '', 'enter').state;
    const again = type(type(gone, 'H').state, '', 'up', 'up', 'enter').state;
    const full = play(again, [{ type: 'link-live' }, { type: 'jobs', jobs: base.jobs }]).state;
    expect(full.lists.jobs.selected).toBe('J1');
  });
});

describe('all hubs on the screen', () => {
  const news = [
    { name: 'work', is: 'live', reason: null },
    { name: 'home', is: 'gone', reason: 'Nobody is there.' },
    { name: 'lab', is: 'coming', reason: null },
  ] as const;
  const all = play(base, [
    { type: 'hubs', hubs: news },
    { type: 'team', team: [worker('work:alice'), worker('home:alice')], nowMs: 0 },
    {
      type: 'jobs',
      jobs: [
        job('home:J2' as 'J2', { worker: 'home:alice', createdAt: at(30) }),
        job('work:J9' as 'J9', { worker: 'work:alice', createdAt: at(20) }),
      ],
    },
    { type: 'inbox', rows: [decision('home:D4', { job: 'home:J2' as 'J2' })] },
  ]).state;

  test('all hubs: the header says which is gone, in any width, and the switcher why', () => {
    expect(header(all, 120)).toContain('△ hub home gone  … hub lab');
    expect(header(all, 40)).toContain('△ 1 hub');
    expect(draw(viewScreen(type(all, 'H').state))).toMatch(/hub +home +gone Nobody is there\./);
  });

  test('all hubs: jobs of several hubs are in the order of their instants', () => {
    expect(all.jobs.map(({ id }) => id)).toEqual(['home:J2', 'work:J9']);
  });

  test('all hubs: a verb on a row names the row’s hub', () => {
    const { effects } = type(type(all, 'c').state, 'y');
    expect(effects).toContainEqual({
      type: 'request',
      request: expect.objectContaining({ verb: 'cancel', args: { job: 'home:J2' } }),
    });
    const approved = type(type(all, '4').state, 'a').effects;
    expect(approved).toContainEqual({
      type: 'request',
      request: expect.objectContaining({ args: expect.objectContaining({ decision: 'home:D4' }) }),
    });
  });

  test('all hubs: the line takes qualified ids in any case', () => {
    expect(type(all, ':job work:j9\r').state.card).toMatchObject({ job: 'work:J9' });
  });
});

describe('job order', () => {
  const row = (id: string, seconds: number) => job(id as 'J1', { createdAt: at(seconds) });
  const sorted = (...rows: readonly ReturnType<typeof row>[]) =>
    rows.toSorted(compareNewest).map(({ id }) => id);

  test('job order: jobs of one hub by their numbers, also where its clock stepped back', () => {
    expect(sorted(row('J9', 50), row('J10', 40), row('J2', 60))).toEqual(['J10', 'J9', 'J2']);
  });

  test('job order: jobs of several by their instants, of one instant by number, then by hub', () => {
    const rows = [row('a:J10', 10), row('b:J2', 30), row('a:J9', 10), row('b:J9', 10)];
    const order = ['b:J2', 'a:J10', 'a:J9', 'b:J9'];
    expect(sorted(...rows)).toEqual(order);
    expect(sorted(...rows.toReversed())).toEqual(order);
  });

  test.each([
    ['12', 'J12'],
    ['j12', 'J12'],
    ['work:j12', 'work:J12'],
    ['work:12', 'work:J12'],
  ])('job word: %s means %s', (word, id) => expect(readJobWord(word)).toBe(id));
});
