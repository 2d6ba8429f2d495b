/*
 * Pacing: keys at once, the feed in batches, timers only while they are needed.
 *
 * Time is moved by hand, so that the last millisecond too early can be seen.
 */
import { expect, test } from 'vitest';
import { eventsHeldMax } from '../../../../cockpit/tui/limits.ts';
import type { Request } from '../../../../cockpit/tui/state/effects.ts';
import { CockpitStore, type WorldEffect } from '../../../../cockpit/tui/state/store.ts';
import { event, job, startedJob, worker } from '../fake-hub.ts';
import { FakePorts } from '../fake-ports.ts';
import { open } from '../press.ts';

function openStore() {
  const ports = new FakePorts();
  const effects: WorldEffect[] = [];
  const initial = open([62, 20], { team: [worker('alice')], jobs: [job('J1')] });
  const store = new CockpitStore({ ports, initial, perform: (effect) => effects.push(effect) });
  let commits = 0;
  store.subscribe(() => {
    commits += 1;
  });
  return { ports, store, effects, commits: () => commits };
}

const key = (name: string) => ({ type: 'key', press: { name, text: name } }) as const;

test('store: many feed events become one change within 34 ms', () => {
  const { ports, store, commits } = openStore();
  store.feed({ type: 'jobs-changed', jobs: [job('J2')] });
  ports.advance(0);
  expect(commits()).toBe(1);
  for (let id = 3; id < 50; id += 1) store.feed({ type: 'jobs-changed', jobs: [job(`J${id}`)] });
  ports.advance(33);
  expect(commits()).toBe(1);
  ports.advance(1);
  expect(commits()).toBe(2);
  expect(store.getState().jobs).toHaveLength(49);
});

test('store: a key is applied at once, after what the hub said before it', () => {
  const { store, commits } = openStore();
  store.feed({ type: 'jobs', jobs: [job('J1'), job('J5')] });
  store.send([key('k')]);
  expect(commits()).toBe(1);
  expect(store.getState().lists.jobs.selected).toBe('J5');
});

test('store: an event that changes nothing is no change of the screen', () => {
  const { store, commits } = openStore();
  store.send([key('x')]);
  expect(commits()).toBe(0);
});

test('store: a whole list drops changes that are older than it', () => {
  const { ports, store } = openStore();
  store.feed({ type: 'jobs-changed', jobs: [startedJob('J9')] });
  store.feed({ type: 'jobs', jobs: [job('J1')] });
  ports.advance(34);
  expect(store.getState().jobs.map(({ id }) => id)).toEqual(['J1']);
});

test('store: a toast goes after five seconds, and its effect stays in the store', () => {
  const { ports, store, effects } = openStore();
  store.send([key('r')]);
  expect(store.getState().toast?.text).toBe('r: J1 has not ended yet');
  ports.advance(4999);
  expect(store.getState().toast).toBeDefined();
  ports.advance(1);
  expect(store.getState().toast).toBeUndefined();
  expect(effects).toEqual([]);
});

test('store: no timer runs while nothing on screen ages', () => {
  const { ports, store, commits } = openStore();
  store.send([key('x')]);
  expect(ports.timerCount).toBe(0);
  const silent = worker('alice', { state: 'stale', link: 'none', lastSeenMs: 5000 });
  store.feed({ type: 'team', team: [silent], nowMs: ports.nowMs });
  ports.advance(0);
  expect(ports.timerCount).toBe(1);
  const before = commits();
  ports.advance(3000);
  expect(commits()).toBe(before + 3);
});

test('store: after close nothing changes and no timer is left', () => {
  const { ports, store, commits } = openStore();
  store.send([key('r')]);
  store.feed({ type: 'jobs', jobs: [] });
  const before = commits();
  store.close();
  store.close();
  store.send([key('j')]);
  ports.advance(10_000);
  expect(commits()).toBe(before);
  expect(ports.timerCount).toBe(0);
});

test('store: events of the journal that wait are kept in order, and no more than a window holds', () => {
  const { ports, store } = openStore();
  store.send([key('6')]);
  const { asking } = store.getState().events;
  const purpose = { for: 'events', what: { part: 'end' }, token: asking ?? 0 } as const;
  const request = { verb: 'events', args: {}, purpose };
  store.send([{ type: 'reply', request, value: [] }]);
  for (let seq = 1; seq <= eventsHeldMax + 5; seq += 1) {
    store.feed({ type: 'events', rows: [event(seq, seq)] });
  }
  ports.advance(34);
  const { rows } = store.getState().events;
  expect(rows).toHaveLength(eventsHeldMax);
  expect([rows[0]?.seq, rows.at(-1)?.seq]).toEqual([6, eventsHeldMax + 5]);
});

test('store: a word of the hub that has another shape is said, and the screen stays', () => {
  const { store } = openStore();
  store.send([{ type: 'jobs', jobs: [null as unknown as ReturnType<typeof job>] }]);
  expect(store.getState().toast?.text).toMatch(
    /^the screen could not take a word of the hub \(jobs\)/,
  );
  store.send([{ type: 'jobs', jobs: [job('J1')] }]);
  expect(store.getState().jobs).toHaveLength(1);
});

test('store: answers of which many come are one change within 34 ms, and none is left out', () => {
  const { ports, store, commits } = openStore();
  store.later({ type: 'said', level: 'bad', text: 'first' });
  ports.advance(0);
  const before = commits();
  for (let at = 0; at < 50; at += 1) store.later({ type: 'said', level: 'bad', text: `${at}` });
  ports.advance(33);
  expect(commits()).toBe(before);
  ports.advance(1);
  expect(commits()).toBe(before + 1);
  expect(
    store
      .getState()
      .toasts.map(({ text }) => text)
      .slice(0, 3),
  ).toEqual(['0', '1', '2']);
});

test('store: an answer in a shape of another version is said, and the screen stays', () => {
  const { store } = openStore();
  const strange = (purpose: Request['purpose']) =>
    store.send([{ type: 'reply', request: { verb: 'x', args: {}, purpose }, value: { odd: 1 } }]);
  strange({ for: 'doctor', place: 'hub', does: 'look' });
  strange({ for: 'events', what: { is: 'end' } as never, token: 0 });
  strange({ for: 'worker-doctor', worker: 'alice' });
  strange({ for: 'detail', job: 'J1' });
  expect(store.getState().toast?.text).toContain('can’t show');
  store.send([key('5'), key('6'), key('1')]);
  expect(store.getState().focus).toBe('team');
});

test('store: rows of the team that changed in one moment are one change, the newest of each', () => {
  const { ports, store } = openStore();
  const [alice, bob] = [worker('alice', { key: 'a' }), worker('bob', { key: 'b' })];
  store.send([{ type: 'team', team: [alice, bob], nowMs: 0 }]);
  const told = (row: typeof alice) => store.feed({ type: 'team-changed', team: [row], nowMs: 0 });
  told({ ...alice, state: 'stale' });
  told({ ...bob, state: 'working' });
  told({ ...alice, state: 'working' });
  ports.advance(34);
  expect(store.getState().team.map(({ state }) => state)).toEqual(['working', 'working']);
});
