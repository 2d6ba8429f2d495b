/*
 * What events make of the state: selection, following, actions and their reasons.
 *
 * Played as keys, so that the keymap is held to what it promises.
 */
import { expect, test } from 'vitest';
import { isAgeing } from '../../../../cockpit/tui/state/update.ts';
import { at, detailOf, endedJob, fakeStartMs, job, startedJob, worker } from '../fake-hub.ts';
import { logGrown, logWindow, opens, rowsOf } from '../log-news.ts';
import { open, play, type } from '../press.ts';

const size = [120, 40] as const;
const team = [worker('alice'), worker('bob')];
const jobs = [job('J1'), endedJob('J2'), startedJob('J10')];
const ofJob = (verb: string, job: string) => ({ verb, args: { job } });
const refusal = { code: 'WORKER_NO_MATCH', message: 'No worker fits.', hint: 'See `wally team`.' };

test('update: the newest job is selected and followed at first, sorted by number', () => {
  const state = open(size, { team, jobs });
  expect(state.jobs.map(({ id }) => id)).toEqual(['J10', 'J2', 'J1']);
  expect(state.lists.jobs.selected).toBe('J10');
  expect(state.log.job).toBe('J10');
});

test('update: a selection stays with its job when newer ones arrive', () => {
  const { state } = type(open(size, { team, jobs }), 'j');
  const after = play(state, [{ type: 'jobs-changed', jobs: [job('J11')] }]);
  expect(after.state.lists.jobs.selected).toBe('J2');
  expect(after.effects).toEqual([]);
});

test('update: choosing a job follows its log and no other', () => {
  const { state, effects } = type(open(size, { team, jobs }), 'jjk');
  expect(state.lists.jobs.selected).toBe('J2');
  expect(effects).toEqual([opens('J2'), opens('J1'), opens('J2')]);
});

test('update: at the ends of a list a key changes nothing', () => {
  const state = open(size, { team, jobs });
  expect(type(state, 'k').effects).toEqual([]);
  expect(type(state, 'Gj').state.lists.jobs.selected).toBe('J1');
});

test('update: a group’s parts are read as one, unless they are too many', () => {
  const group = job('J2', { kind: 'group', worker: null });
  const part = (n: number) => job(`J${n}`, { parent: 'J2' });
  const few = open(size, { team, jobs: [job('J9'), part(8), part(7), group] });
  expect(type(few, 'j').effects).toMatchObject([{ type: 'log', ask: { wish: { jobs: ['J2'] } } }]);
  const many = Array.from({ length: 17 }, (_, n) => part(n + 10));
  const state = open(size, { team, jobs: [job('J99'), ...many, group] });
  expect(type(state, 'j').effects).toEqual([{ type: 'log', ask: { do: 'close' } }]);
});

test('update: a group is not tried again itself, marked or not', () => {
  const group = endedJob('J2', { kind: 'group', worker: null });
  const parts = [endedJob('J3', { parent: 'J2' }), endedJob('J4', { parent: 'J2' })];
  const alone = type(open(size, { team, jobs: [group, ...parts] }), 'gr');
  expect(alone.effects.filter(({ type: kind }) => kind === 'request')).toEqual([]);
  expect(alone.state.toast?.text).toBe('r: J2 is a group; choose its parts');
  const marked = type(open(size, { team, jobs: [group, ...parts] }), 'gvjjr');
  const asked = marked.effects.flatMap((effect) =>
    effect.type === 'request' ? [effect.request] : [],
  );
  expect(asked).toMatchObject([ofJob('retry', 'J4'), ofJob('retry', 'J3')]);
});

test('update: scrolling up stops following, the end takes it up again', () => {
  const opened = open(size, { jobs });
  const grown = play(opened, [logWindow(opened, rowsOf(0, 100))]).state;
  expect(grown.log.top).toBe(100 - 35);
  const up = type(grown, '3k').state;
  const later = play(up, [logGrown(up, rowsOf(100, 150))]).state;
  expect(later.log).toMatchObject({ isFollowing: false, top: 64, newCount: 50 });
  const down = type(later, 'G').state;
  expect(down.log).toMatchObject({ isFollowing: true, top: 150 - 35, newCount: 0 });
});

test('update: news of another log than the followed one change nothing', () => {
  const state = open(size, { jobs });
  const older = { ...state, log: { ...state.log, token: state.log.token - 1 } };
  const after = play(state, [
    logWindow(older, rowsOf(0, 9)),
    logGrown(older, rowsOf(0, 9)),
    { type: 'log-ended', token: older.log.token, error: refusal },
  ]);
  expect(after.state).toBe(state);
});

test('update: another attempt of the followed job is followed anew', () => {
  const state = open(size, { jobs: [endedJob('J1')] });
  const again = play(state, [{ type: 'jobs-changed', jobs: [job('J1', { attemptCount: 2 })] }]);
  expect(again.effects).toEqual([opens('J1')]);
  const same = play(state, [{ type: 'jobs-changed', jobs: [endedJob('J1', { reason: 'x' })] }]);
  expect(same.effects).toEqual([]);
});

test('update: cancelling asks first, with the harmless answer marked', () => {
  const asked = type(open(size, { team, jobs }), 'c');
  expect(asked.state.overlay).toMatchObject({ title: 'Cancel J10?', answer: 'no' });
  expect(asked.effects).toEqual([]);
  expect(type(asked.state, '\r').effects).toEqual([]);
  expect(type(asked.state, '', 'esc').state.overlay).toBeUndefined();
  const request = { type: 'request', request: ofJob('cancel', 'J10') };
  expect(type(asked.state, 'y').effects).toMatchObject([request]);
  expect(type(asked.state, '', 'left', 'enter').effects).toMatchObject([request]);
});

test('update: an action that is not possible says why and asks for nothing', () => {
  const state = open(size, { team, jobs });
  const reason = (keys: string) => {
    const { state: after, effects } = type(state, keys);
    expect(effects.filter((effect) => effect.type === 'request')).toEqual([]);
    return after.toast?.text;
  };
  expect(reason('r')).toBe('r: J10 has not ended yet');
  expect(reason('jc')).toBe('c: J2 has already ended');
  expect(reason('1c')).toBe('c: alice holds no job');
  expect(type(open(size), 'd').state.toast?.text).toMatch(/^d: no worker is paired yet/);
  expect(type(open(size, { team }), '\r').state.toast?.text).toBe('enter: no job is selected');
});

test('update: retry is asked for at once and its job is selected', () => {
  const state = open(size, { team, jobs });
  const pressed = type(state, 'jr');
  const request = {
    ...ofJob('retry', 'J2'),
    purpose: { for: 'act', subject: 'J2', done: 'tried again', shows: true } as const,
  };
  expect(pressed.effects.at(-1)).toEqual({ type: 'request', request });
  const done = play(pressed.state, [{ type: 'reply', request, value: detailOf(job('J2')) }]);
  expect(done.state.lists.jobs.selected).toBe('J2');
  expect(done.state.toast?.text).toBe('J2: tried again');
});

test('update: the log of a new attempt is opened, also where the answer tells of it before the feed', () => {
  const state = type(open(size, { team, jobs }), 'j').state;
  const purpose = { for: 'act', subject: 'J2', done: 'tried again', shows: true } as const;
  const request = { ...ofJob('retry', 'J2'), purpose };
  const known = job('J2');
  const value = detailOf({ ...known, attemptCount: known.attemptCount + 1 });
  const { effects } = play(state, [{ type: 'reply', request, value }]);
  expect(effects).toContainEqual(
    expect.objectContaining({ type: 'log', ask: expect.objectContaining({ do: 'open' }) }),
  );
});

test('update: a refusal stays until a key, a note goes by its timer only', () => {
  const purpose = { for: 'act', subject: 'J10', done: 'asked to stop', shows: false } as const;
  const cancelling = { ...ofJob('cancel', 'J10'), purpose };
  const state = open(size, { team, jobs });
  const refused = play(state, [{ type: 'refused', request: cancelling, error: refusal }]);
  expect(refused.effects).toEqual([]);
  expect(refused.state.toast?.text).toContain('WORKER_NO_MATCH');
  expect(type(refused.state, 'j').state.toast).toBeUndefined();
  const told = play(state, [{ type: 'reply', request: cancelling, value: null }]);
  const id = told.state.toast?.id ?? 0;
  expect(told.effects).toEqual([{ type: 'expire-toast', id }]);
  expect(type(told.state, 'j').state.toast?.id).toBe(id);
  expect(play(told.state, [{ type: 'toast-expired', id: id - 1 }]).state).toBe(told.state);
  expect(play(told.state, [{ type: 'toast-expired', id }]).state.toast).toBeUndefined();
});

test('update: esc climbs from details to the list to nowhere, and never quits', () => {
  const opened = type(open(size, { team, jobs }), '\r');
  expect(opened.effects).toMatchObject([{ type: 'request', request: ofJob('job', 'J10') }]);
  const card = { type: 'job', job: 'J10' };
  expect(opened.state).toMatchObject({ focus: 'jobs', detail: { isOpen: true }, card });
  const back = type(opened.state, '', 'esc');
  expect(back.state).toMatchObject({ focus: 'jobs', detail: { isOpen: false } });
  const top = type(back.state, '', 'esc', 'esc');
  expect(top.state).toBe(back.state);
  expect(top.effects).toEqual([]);
});

test('update: details of a worker open from the team pane', () => {
  const { state, effects } = type(open(size, { team, jobs }), '1j\r');
  expect(state).toMatchObject({
    focus: 'team',
    detail: { isOpen: true },
    card: { type: 'worker', name: 'bob', doctor: { is: 'asked' } },
  });
  expect(effects).toMatchObject([{ request: { verb: 'doctor', args: { on: ['bob'] } } }]);
});

test('update: details that arrive after they were left are dropped', () => {
  const opened = type(open(size, { jobs }), '\r').state;
  const detail = detailOf(startedJob('J10'));
  const purpose = { for: 'detail', job: 'J10' } as const;
  const request = { ...ofJob('job', 'J10'), purpose };
  const answer = { type: 'reply', request, value: detail } as const;
  expect(play(opened, [answer]).state.card).toMatchObject({ detail });
  const left = type(opened, '', 'esc').state;
  expect(play(left, [answer]).state).toBe(left);
});

test('update: open details are asked for again when their job changes', () => {
  const opened = type(open(size, { jobs }), '\r').state;
  const { effects } = play(opened, [{ type: 'jobs-changed', jobs: [endedJob('J10')] }]);
  expect(effects).toMatchObject([{ type: 'request', request: ofJob('job', 'J10') }]);
});

test('update: a job that ends badly needs attention until it is selected', () => {
  const state = open(size, { jobs: [startedJob('J1'), startedJob('J2'), startedJob('J3')] });
  const failed = { outcome: 'failed', exitCode: 1 } as const;
  const after = play(state, [
    { type: 'jobs-changed', jobs: [endedJob('J1', failed), endedJob('J2')] },
    { type: 'jobs-changed', jobs: [endedJob('J3', failed)] },
  ]).state;
  expect(after.unseen).toEqual(['J1']);
  expect(type(after, 'G').state.unseen).toEqual([]);
});

test('update: what had ended before the screen opened needs no attention', () => {
  expect(open(size, { jobs: [endedJob('J1', { outcome: 'failed' }), job('J2')] }).unseen).toEqual(
    [],
  );
});

test('update: a tick draws nothing again unless an age changes', () => {
  const running = startedJob('J1', {
    receipts: { ...startedJob('J1').receipts, startedAt: at(0) },
  });
  const state = open(size, { team: [worker('alice')], jobs: [running] });
  const tick = (seconds: number) =>
    play(state, [{ type: 'tick', nowMs: seconds * 1000, wallMs: fakeStartMs + seconds * 1000 }])
      .state;
  expect(isAgeing(state)).toBe(true);
  expect(tick(1)).toBe(state);
  expect(tick(59)).toBe(state);
  expect(tick(61)).not.toBe(state);
  expect(isAgeing(open([62, 20], { team, jobs: [job('J1')] }))).toBe(false);
});

test('update: a lost hub is said, keeps what is known, and disables what needs it', () => {
  const gone = play(open(size, { team, jobs }), [
    { type: 'link-gone', reason: 'killed', tryCount: 0 },
  ]).state;
  expect(gone.jobs).toHaveLength(3);
  expect(isAgeing(gone)).toBe(true);
  expect(type(gone, 'd').state.toast?.text).toBe('d: the hub is gone; `:up` starts it');
  const back = play(gone, [{ type: 'link-live' }]);
  expect(back.state.link).toEqual({ type: 'live' });
  expect(back.effects).toContainEqual(opens('J10'));
});

test('update: q and ctrl-c quit from the panes, in the form only ctrl-c does', () => {
  const state = open(size, { team, jobs });
  expect(type(state, 'q').effects).toEqual([{ type: 'quit' }]);
  expect(type(state, '\x03').effects).toEqual([{ type: 'quit' }]);
  expect(type(state, 'dq').effects).toEqual([]);
  expect(type(state, 'd\x03').effects).toEqual([{ type: 'quit' }]);
});

test('update: ctrl-c in a form that holds an unsent command closes it, again it quits', () => {
  const once = type(open(size, { team, jobs }), 'dmake\x03');
  expect(once.effects.filter((effect) => effect.type === 'quit')).toEqual([]);
  expect(once.state).toMatchObject({ overlay: undefined, keptForm: {} });
  expect(once.state.toast?.text).toContain('not sent, but kept');
  expect(type(once.state, '\x03').effects).toEqual([{ type: 'quit' }]);
});

test('update: on a narrow terminal the keys 1 to 3 and tab switch the one pane', () => {
  const state = open([40, 30], { team, jobs });
  expect(type(state, '1').state.focus).toBe('team');
  expect(type(state, '\t').state.focus).toBe('log');
  expect(type(state, '3\t\t\t\t').state.focus).toBe('team');
});

test('update: a list scrolls so that the selection stays in sight', () => {
  const many = Array.from({ length: 100 }, (_, index) => endedJob(`J${index + 1}`));
  const state = type(open([80, 24], { team, jobs: many }), 'G').state;
  expect(state.lists.jobs.selected).toBe('J1');
  expect(state.lists.jobs.top).toBe(100 - 7);
  expect(type(state, 'g').state.lists.jobs.top).toBe(0);
});

test('update: the terminal is lent for a log, and for a shell where there is a worker', () => {
  const state = open(size, { team, jobs: [startedJob('J1'), job('J2', { worker: null })] });
  const lent = (keys: string) =>
    type(state, keys).effects.flatMap((effect) =>
      effect.type === 'hand-over' ? [effect.what] : [],
    );
  expect(lent('o')).toEqual([{ for: 'pager', job: 'J2' }]);
  expect(lent('O')).toEqual([{ for: 'editor', job: 'J2' }]);
  expect(lent('t')).toEqual([]);
  expect(type(state, 't').state.toast?.text).toBe('t: J2 has no worker yet');
  expect(lent('jt')).toEqual([{ for: 'terminal', target: 'J1' }]);
  expect(lent('1jt')).toEqual([{ for: 'terminal', target: 'bob' }]);
});

test('update: what a key was answered with is past with the next key, what came by itself is not', () => {
  const answered = type(open([120, 40]), 'B').state;
  expect(answered.toast?.text).toBe('the bell is off');
  expect(type(answered, 'j').state.toast).toBeUndefined();
  const said = play(answered, [{ type: 'said', level: 'info', text: 'saved' }]).state;
  expect(type(said, 'j').state.toast?.text).toBe('saved');
});
