/*
 * Changes as sentences: each thing once, nothing that did not change.
 *
 * What is told is compared whole; a reader hears every word.
 */
import { expect, test } from 'vitest';
import { nothingTold, tellItem } from '../../../../cockpit/tui/state/sentences.ts';
import type { WatchItem } from '../../../../cockpit/verbs/shapes.ts';
import { decision, endedJob, fakeStatus, job, startedJob, worker } from '../fake-hub.ts';

function tell(...items: readonly WatchItem[]): readonly string[] {
  const start = { told: nothingTold, sentences: [] as readonly string[] };
  return items.reduce(({ told }, item) => tellItem(told, item), start).sentences;
}

const alice = worker('alice', { state: 'working', jobs: ['J1'] });
const team = (...rows: readonly (typeof alice)[]): WatchItem => ({ type: 'team', team: rows });
const jobs = (...rows: readonly ReturnType<typeof job>[]): WatchItem => ({
  type: 'jobs',
  jobs: rows,
});

test('sentences: at first all that there is', () => {
  expect(tell({ type: 'hub', hub: fakeStatus })).toEqual([
    `Hub at ${fakeStatus.home}, version ${fakeStatus.version}.`,
  ]);
  expect(tell(team(alice))).toEqual(['alice on alice-box is working on J1.']);
  expect(tell(team())).toEqual(['No worker is paired yet. Say invite to pair one.']);
  expect(tell(jobs(startedJob('J2', { title: 'make' }), endedJob('J1')))).toEqual([
    '1 job is open.',
    'J2 make: started on alice.',
  ]);
});

test('sentences: then only what changed, and work of a worker with its job', () => {
  const idle = worker('alice');
  expect(tell(team(alice), team(idle))).toEqual([]);
  expect(tell(team(idle), team(idle, worker('bob')))).toEqual(['bob on bob-box has joined.']);
  const stale = worker('alice', { state: 'stale', link: 'none', lastSeenMs: 9000 });
  expect(tell(team(idle), team(stale))).toEqual(['alice is stale, heard 9.0 s ago.']);
  expect(tell(team(stale), team(idle))).toEqual(['alice is back, idle.']);
  expect(tell(team(idle), team())).toEqual(['alice is gone.']);
});

test('sentences: each step of a job once', () => {
  const first = jobs(job('J1', { title: 'make' }));
  const started: WatchItem = { type: 'job', job: startedJob('J1', { title: 'make' }) };
  const ended: WatchItem = { type: 'job', job: endedJob('J1', { title: 'make' }) };
  expect(tell(first, started)).toEqual(['J1 make: started on alice.']);
  expect(tell(first, started, started)).toEqual([]);
  expect(tell(first, started, ended)).toEqual(['J1 make: succeeded, exit 0, 1.2 s, on alice.']);
});

test('sentences: what needs you comes with what can be said to it', () => {
  const asked = tell({ type: 'inbox', rows: [decision('D1')] });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/^D1 needs you\. Start another attempt at J9\? .* decide D1 reject/);
  const closed = tell({ type: 'inbox', rows: [decision('D1')] }, { type: 'inbox', rows: [] });
  expect(closed).toEqual(['D1 is decided.']);
});

test('sentences: of several hubs each is told of when it comes and goes, and while it comes nothing is', () => {
  const hubs = (...is: readonly ('coming' | 'live' | 'gone')[]): WatchItem => ({
    type: 'hubs',
    hubs: is.map((one, at) => ({
      name: ['work', 'home'][at] ?? '',
      is: one,
      reason: one === 'gone' ? 'Nobody is there.' : null,
    })),
  });
  expect(tell(hubs('coming', 'live'))).toEqual(['Hub home is here.']);
  expect(tell(hubs('live', 'live'), hubs('gone', 'live'))).toEqual([
    'Hub work is gone: Nobody is there. Work goes on. Trying again.',
  ]);
  expect(tell(hubs('gone', 'live'), hubs('gone', 'live'))).toEqual([]);
});

test('sentences: a reason that is a sentence gets no second full stop', () => {
  const reason = 'The box is gone.';
  const lost = endedJob('J1', { title: 'make', outcome: 'lost', exitCode: null, reason });
  expect(tell(jobs(), { type: 'job', job: lost })[0]).not.toContain('..');
  const [asked = ''] = tell({ type: 'inbox', rows: [decision('D1', { reason })] });
  expect(asked).toContain('? The box is gone. Say decide');
});
