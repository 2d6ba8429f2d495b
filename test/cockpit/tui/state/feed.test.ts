/*
 * The hub's side: what is asked, what is told, and coming back after a loss.
 *
 * Time is moved by hand; promises are let run out before anything is asserted.
 */
import { expect, test } from 'vitest';
import type { CockpitEvent } from '../../../../cockpit/tui/state/effects.ts';
import { HubFeed } from '../../../../cockpit/tui/state/feed.ts';
import { AppError } from '../../../../protocol/errors.ts';
import { detailOf, endedJob, event, FakeHub, job, worker } from '../fake-hub.ts';
import { FakePorts } from '../fake-ports.ts';

function openFeed(
  reconnect: (hub: FakeHub) => ReturnType<FakeHub['connect']> = (hub) => hub.connect(),
) {
  const hub = new FakeHub();
  const ports = new FakePorts();
  const events: CockpitEvent[] = [];
  const feed = new HubFeed({
    fetch: async (_client, { path }) => `/saved/${path}`,
    client: hub.connect(),
    views: [{ name: '', connect: async () => reconnect(hub) }],
    ports,
    feed: (event) => events.push(event),
    later: (event) => events.push(event),
    send: (sent) => events.push(...sent),
  });
  feed.start();
  return { hub, ports, events, feed };
}

/** Promises that are settled already have run all that follows them. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('feed: what the hub watches is told', () => {
  const { hub, events } = openFeed();
  hub.watch({ type: 'team', team: [worker('alice')] });
  hub.watch({ type: 'job', job: job('J1') });
  expect(events).toEqual([
    { type: 'team', team: [worker('alice')], nowMs: 0 },
    { type: 'jobs-changed', jobs: [job('J1')] },
  ]);
});

test('feed: a file that is wanted is put on this box’s disk, by the connection that there is', async () => {
  const { hub, events, feed } = openFeed();
  const size = { bytes: 1, sha256: 'ab', receivedBytes: 1, code: null } as const;
  const file = { attempt: 'J1.1', index: 0, path: 'a.txt', state: 'here', ...size } as const;
  const request = { verb: 'get', args: {}, purpose: { for: 'fetch', file } } as const;
  feed.request(request);
  await settled();
  expect(events.at(-1)).toEqual({ type: 'reply', request, value: '/saved/a.txt' });
  expect(hub.calls).toEqual([]);
});

test('feed: requests are answered by events', async () => {
  const { hub, events, feed } = openFeed();
  hub.answer = () => job('J7');
  const purpose = { for: 'form', token: 1, args: {} } as const;
  const request = { verb: 'dispatch', args: { command: ['ls'] }, purpose };
  feed.request(request);
  await settled();
  hub.answer = () => detailOf(endedJob('J7'));
  const about = { for: 'detail', job: 'J7' } as const;
  const asked = (verb: string) => ({ verb, args: { job: 'J7' }, purpose: about });
  feed.request(asked('job'));
  await settled();
  hub.answer = () => {
    throw new AppError('JOB_FINISHED');
  };
  feed.request(asked('cancel'));
  await settled();
  expect(hub.calls.map(({ verb, args }) => [verb, args])).toEqual([
    ['dispatch', { command: ['ls'] }],
    ['job', { job: 'J7' }],
    ['cancel', { job: 'J7' }],
  ]);
  expect(events).toEqual([
    { type: 'reply', request, value: job('J7') },
    { type: 'reply', request: asked('job'), value: detailOf(endedJob('J7')) },
    {
      type: 'refused',
      request: asked('cancel'),
      error: expect.objectContaining({ code: 'JOB_FINISHED' }),
    },
  ]);
});

test('feed: a lost hub is told with its reason and tried again after a second', async () => {
  let isBack = false;
  const { hub, ports, events } = openFeed((hub) => {
    if (!isBack) throw new AppError('HUB_UNREACHABLE');
    return hub.connect();
  });
  hub.die('it was killed');
  await settled();
  expect(events).toEqual([{ type: 'link-gone', reason: 'it was killed', tryCount: 0 }]);
  ports.advance(1000);
  await settled();
  expect(events.at(-1)).toEqual({ type: 'link-gone', reason: 'it was killed', tryCount: 1 });
  isBack = true;
  ports.advance(999);
  await settled();
  expect(events).toHaveLength(2);
  ports.advance(1);
  await settled();
  expect(events.at(-1)).toEqual({ type: 'link-live' });
  expect(hub.streams.map(({ verb }) => verb)).toEqual(['watch']);
});

test('feed: after stop nothing is tried and a late connection is closed', async () => {
  const { hub, ports, events, feed } = openFeed();
  hub.die('it was killed');
  await settled();
  ports.advance(1000);
  feed.stop();
  feed.stop();
  await settled();
  expect(events.filter(({ type }) => type === 'link-live')).toEqual([]);
  expect(hub.streams).toEqual([]);
  expect(ports.timerCount).toBe(0);
});

test('feed: the journal is followed from a number, anew from another, and no more when it is left', () => {
  const { hub, events, feed } = openFeed();
  const followed = () => hub.streams.filter(({ verb }) => verb === 'events');
  feed.followEvents(7);
  expect(followed().map(({ args }) => args)).toEqual([{ follow: true, after: 7 }]);
  followed()[0]?.onItem(event(8, 1));
  expect(events).toEqual([{ type: 'events', rows: [event(8, 1)] }]);
  feed.followEvents(9);
  expect(followed().map(({ args }) => args)).toEqual([{ follow: true, after: 9 }]);
  feed.followEvents(undefined);
  expect(followed()).toEqual([]);
});

test('feed: another view is looked into at once, and nothing of the one before is told any more', async () => {
  const [one, other] = [new FakeHub(), new FakeHub()];
  const events: CockpitEvent[] = [];
  const late = Promise.withResolvers<unknown>();
  one.answer = () => late.promise;
  const feed = new HubFeed({
    fetch: async () => '',
    client: one.connect(),
    views: [one, other].map((hub, at) => ({
      name: `hub-${at}`,
      connect: async () => hub.connect(),
    })),
    ports: new FakePorts(),
    feed: (event) => events.push(event),
    later: (event) => events.push(event),
    send: (sent) => events.push(...sent),
  });
  feed.start();
  feed.request({ verb: 'job', args: { job: 'J1' }, purpose: { for: 'detail', job: 'J1' } });
  feed.lookInto(1);
  late.resolve(detailOf(job('J1')));
  await settled();
  expect(one.streams).toEqual([]);
  expect(events).toEqual([{ type: 'link-live' }]);
  other.watch({ type: 'jobs', jobs: [job('J5')] });
  expect(events.at(-1)).toEqual({ type: 'jobs', jobs: [job('J5')] });
  // Back and forth before either has answered: only the last is kept.
  feed.lookInto(0);
  feed.lookInto(1);
  await settled();
  expect(one.streams).toEqual([]);
  expect(other.streams.map(({ verb }) => verb)).toEqual(['watch']);
  feed.stop();
});

test('feed: a view that can’t be reached is said with its reason and tried again', async () => {
  const hub = new FakeHub();
  const ports = new FakePorts();
  const events: CockpitEvent[] = [];
  let isThere = false;
  const connect = async () => {
    if (!isThere) throw new AppError('HUB_UNREACHABLE', 'Nobody is there.');
    return hub.connect();
  };
  const feed = new HubFeed({
    fetch: async () => '',
    client: new FakeHub().connect(),
    views: [
      { name: 'here', connect },
      { name: 'there', connect },
    ],
    ports,
    feed: (event) => events.push(event),
    later: (event) => events.push(event),
    send: (sent) => events.push(...sent),
  });
  feed.start();
  feed.lookInto(1);
  await settled();
  expect(events).toEqual([{ type: 'link-gone', reason: 'Nobody is there.', tryCount: 0 }]);
  isThere = true;
  ports.advance(1000);
  await settled();
  expect(events.at(-1)).toEqual({ type: 'link-live' });
});
