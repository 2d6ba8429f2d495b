/*
 * The team's keys: every row acts, and a worker's details never wait for the worker.
 */
import { describe, expect, test } from 'vitest';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { listTeam } from '../../../../cockpit/tui/state/organisation.ts';
import { teamForm } from '../../../../cockpit/tui/state/scroll.ts';
import type { TeamRow } from '../../../../cockpit/verbs/shapes.ts';
import { endedJob, startedJob, worker } from '../fake-hub.ts';
import { opens } from '../log-news.ts';
import { open, play, type } from '../press.ts';

const team = [
  worker('alice', { jobs: ['J2'], state: 'working' }),
  worker('bob', { state: 'lost', link: 'none', lastSeenMs: 90_000 }),
  worker('wendy', { kind: 'staff' }),
];
const jobs = [endedJob('J3', { worker: 'wendy' }), startedJob('J2'), endedJob('J1')];
const base = type(open([120, 40], { team, jobs }), '1').state;

const rows = (state: State) =>
  listTeam(state, teamForm(state))
    .map(({ id }) => id)
    .join(' ');
const reply = (state: State, findings: readonly unknown[]) =>
  play(state, [
    {
      type: 'reply',
      request: { verb: 'doctor', args: {}, purpose: { for: 'worker-doctor', worker: 'alice' } },
      value: { findings, fixed: [] },
    },
  ]).state;

describe('team pane', () => {
  test('team pane: the M2, Wally, staff and odallies, and the first worker is selected', () => {
    expect(rows(base)).toBe('@m2 @wally @staff wendy @odallies alice bob');
    expect(base.lists.team.selected).toBe('wendy');
  });

  test('team pane: where there is little room only the workers are listed', () => {
    expect(rows(open([80, 24], { team, jobs }))).toBe('wendy alice bob');
  });

  test('team pane: a filter leaves workers, not what is above them', () => {
    expect(rows(type(base, '/odally\r').state)).toBe('alice bob');
  });

  test('team pane: enter on the M2 leads to what waits for them, on Wally to the hub', () => {
    expect(type(base, 'g\r').state.focus).toBe('inbox');
    expect(type(base, 'gj\r').state).toMatchObject({ card: { type: 'hub' }, focus: 'team' });
  });

  test('team pane: a heading folds with h or enter and unfolds with l', () => {
    const folded = type(base, 'jh').state;
    expect(rows(folded)).toBe('@m2 @wally @staff wendy @odallies');
    expect(rows(type(folded, 'l').state)).toBe(rows(base));
    expect(rows(type(folded, '\r').state)).toBe(rows(base));
    expect(type(base, 'h').state.toast?.text).toMatch(/^h: only staff and odallies fold/);
  });

  test('team pane: a worker that is shown from elsewhere is never hidden by a fold', () => {
    const folded = type(base, 'jh').state;
    const shown = type(folded, ':team show bob\r').state;
    expect(shown.card).toMatchObject({ name: 'bob' });
    expect(type(shown, '', 'esc').state.lists.team.selected).toBe('bob');
  });

  test('team pane: only workers can be marked, also by a range over headings', () => {
    expect(type(base, 'j ').state.toast?.text).toBe('space: only workers are marked');
    expect(type(base, 'vjjj').state.lists.team.marked).toEqual(['wendy', 'alice', 'bob']);
  });

  test('team pane: enter opens the worker, asks it how it is, and shows the log of what it runs', () => {
    const { state, effects } = type(base, 'jj\r');
    expect(state.card).toEqual({ type: 'worker', name: 'alice', doctor: { is: 'asked' } });
    expect(state.lists.jobs.selected).toBe('J2');
    expect(effects.slice(-2)).toMatchObject([
      { request: { verb: 'doctor', args: { on: ['alice'] } } },
      opens('J2'),
    ]);
    const told = reply(state, []);
    expect(told.card).toMatchObject({ doctor: { is: 'told', findings: [] } });
    expect(type(told, '', 'esc').state.detail.isOpen).toBe(false);
  });

  test('team pane: a diagnosis that comes after its worker was left changes nothing', () => {
    const other = type(type(base, 'jj\r').state, '', 'esc').state;
    const bob = type(other, 'j\r').state;
    expect(reply(bob, []).card).toEqual({ type: 'worker', name: 'bob', doctor: { is: 'asked' } });
  });

  test('team pane: a diagnosis that is refused is said in the details, not over the screen', () => {
    const error = { code: 'WORKER_UNKNOWN', message: 'No.', hint: '' };
    const purpose = { for: 'worker-doctor', worker: 'alice' } as const;
    const request = { verb: 'doctor', args: {}, purpose };
    const { state } = play(type(base, 'jj\r').state, [{ type: 'refused', request, error }]);
    expect(state.card).toMatchObject({ doctor: { is: 'refused', error } });
    expect(state.toast).toBeUndefined();
  });
});

test('team: rows that changed take their places, the others stay, who is silent is so much older', () => {
  const team = [
    worker('alice', { key: 'a' }),
    worker('bob', { key: 'b', state: 'stale', link: 'none', lastSeenMs: 5000 }),
    worker('carol', { key: 'c' }),
  ];
  const before = open([120, 40], { team });
  const changed = worker('carol', { key: 'c', state: 'working' });
  const after = play(before, [{ type: 'team-changed', team: [changed], nowMs: 2000 }]).state;
  expect(after.team.map(({ lastSeenMs }) => lastSeenMs)).toEqual([
    team[0]?.lastSeenMs,
    7000,
    changed.lastSeenMs,
  ]);
  expect(after.team[0]).toBe(before.team[0]);
  expect(after.team[2]).toBe(changed);
  expect(after.teamAt).toBe(2000);
  const heard = open([120, 40], { team: [team[0] as TeamRow] });
  const still = play(heard, [{ type: 'team-changed', team: [], nowMs: 9000 }]).state;
  expect(still.team).toBe(heard.team);
});
