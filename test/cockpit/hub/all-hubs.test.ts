/*
 * Several hubs as one: one watch of all, requests that find their hub, and hubs that go or never come.
 */
import { describe, expect, test } from 'vitest';
import { AllHubs } from '../../../cockpit/hub/all-hubs.ts';
import type { HubClient } from '../../../cockpit/hub/client.ts';
import type { HubWay } from '../../../cockpit/hub/hub-way.ts';
import { memberAnswerMsMax, memberJobsMax, memberPauseMs } from '../../../cockpit/hub/limits.ts';
import type { WatchItem } from '../../../cockpit/verbs/shapes.ts';
import { AppError } from '../../../protocol/errors.ts';
import { FakePorts, settle } from '../../protocol/fake-ports.ts';
import { FakeHub, fakeStatus, job, worker } from '../tui/fake-hub.ts';

type Last = { [Type in WatchItem['type']]?: Extract<WatchItem, { type: Type }> };

function wayTo(name: string, connect: () => Promise<HubClient>): HubWay {
  return { name, isOwn: false, home: undefined, connect, release: async () => undefined };
}

async function rest(ports: FakePorts): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await settle();
  await ports.advance(0);
}

/** Two hubs, `work` and `home`, with one watch over both. */
async function setUp() {
  const [work, home] = [new FakeHub(), new FakeHub()];
  const ports = new FakePorts();
  const missed: string[] = [];
  const all = new AllHubs({
    ways: [wayTo('work', async () => work.connect()), wayTo('home', async () => home.connect())],
    ports,
    missed: (hub, { code }) => void missed.push(`${hub} ${code}`),
  });
  const last: Last = {};
  const items: WatchItem[] = [];
  const watch = all.stream('watch', {}, (item) => {
    const { type } = item as WatchItem;
    items.push(item as WatchItem);
    Object.assign(last, { [type]: item });
  });
  await rest(ports);
  return { work, home, ports, all, missed, last, items, watch };
}

const say = (hub: FakeHub, item: WatchItem) =>
  hub.streams.findLast(({ verb }) => verb === 'watch')?.onItem(item);

describe('all hubs', () => {
  test('all hubs: what each says is one list, under names and ids with the hub’s', async () => {
    const { work, home, last, ports } = await setUp();
    say(work, { type: 'team', team: [worker('alice', { jobs: ['J12'] })] });
    say(home, { type: 'team', team: [worker('alice')] });
    say(work, { type: 'jobs', jobs: [job('J12')] });
    say(home, { type: 'jobs', jobs: [job('J3'), job('J2')] });
    await rest(ports);
    expect(last.team?.team.map(({ name, jobs }) => [name, jobs])).toEqual([
      ['work:alice', ['work:J12']],
      ['home:alice', []],
    ]);
    expect(last.jobs?.jobs.map(({ id }) => id)).toEqual(['work:J12', 'home:J3', 'home:J2']);
    say(home, { type: 'job', job: job('J4') });
    await rest(ports);
    expect(last.job?.job.id).toBe('home:J4');
    say(work, { type: 'jobs', jobs: [] });
    await rest(ports);
    expect(last.jobs?.jobs.map(({ id }) => id)).toEqual(['home:J4', 'home:J3', 'home:J2']);
  });

  test('all hubs: of more jobs than are kept of a hub its oldest are forgotten', async () => {
    const { work, home, last, ports } = await setUp();
    say(work, { type: 'jobs', jobs: [job('J2'), job('J1')] });
    await rest(ports);
    for (let n = 3; n <= memberJobsMax + 1; n += 1) say(work, { type: 'job', job: job(`J${n}`) });
    say(home, { type: 'jobs', jobs: [] });
    await rest(ports);
    const ids = last.jobs?.jobs.map(({ id }) => String(id)) ?? [];
    expect(ids.length).toBe(memberJobsMax);
    expect([ids[0], ids.at(-1)]).toEqual([`work:J${memberJobsMax + 1}`, 'work:J2']);
  });

  test('all hubs: a hub that is there and says nothing is still coming', async () => {
    const { work, home, last, ports } = await setUp();
    expect(last.hubs?.hubs.map(({ is }) => is)).toEqual(['coming', 'coming']);
    say(work, { type: 'hub', hub: fakeStatus });
    await rest(ports);
    expect(last.hubs?.hubs.map(({ is }) => is)).toEqual(['live', 'coming']);
    say(home, { type: 'hub', hub: fakeStatus });
    work.die('it was unplugged');
    await ports.advance(memberPauseMs);
    await rest(ports);
    expect(last.hubs?.hubs.map(({ is }) => is)).toEqual(['coming', 'live']);
  });

  test('all hubs: ages go on while another hub speaks', async () => {
    const { work, home, last, ports } = await setUp();
    say(work, { type: 'team', team: [worker('alice', { lastSeenMs: 100 })] });
    await ports.advance(5000);
    say(home, { type: 'team', team: [worker('bob', { lastSeenMs: 100 })] });
    await rest(ports);
    expect(last.team?.team.map(({ lastSeenMs }) => lastSeenMs)).toEqual([5100, 100]);
  });

  test('all hubs: a hub that goes shows as gone with its rows stale, and the other goes on', async () => {
    const { work, home, last, ports, all } = await setUp();
    say(work, { type: 'team', team: [worker('alice')] });
    say(home, { type: 'team', team: [worker('bob')] });
    work.die('it was unplugged');
    await rest(ports);
    expect(last.hubs?.hubs).toEqual([
      { name: 'work', is: 'gone', reason: 'it was unplugged' },
      { name: 'home', is: 'coming', reason: null },
    ]);
    expect(last.team?.team.map(({ name, state, link }) => [name, state, link])).toEqual([
      ['work:alice', 'stale', 'none'],
      ['home:bob', 'idle', 'direct'],
    ]);
    await expect(all.call('job', { job: 'work:J1' })).rejects.toMatchObject({
      code: 'HUB_UNREACHABLE',
      message: expect.stringContaining('unplugged'),
    });
    home.answer = () => job('J1');
    expect(await all.call('job', { job: 'home:J1' })).toMatchObject({ id: 'home:J1' });
    await ports.advance(memberPauseMs);
    await rest(ports);
    expect(last.hubs?.hubs.map(({ is }) => is)).toEqual(['coming', 'coming']);
    say(work, { type: 'team', team: [worker('alice')] });
    await rest(ports);
    expect(last.team?.team[0]).toMatchObject({ name: 'work:alice', link: 'direct' });
  });

  test('all hubs: a watch that ends alone is made anew', async () => {
    const { work, last, ports } = await setUp();
    work.streams.find(({ verb }) => verb === 'watch')?.end();
    await rest(ports);
    expect(last.hubs?.hubs[0]?.is).toBe('gone');
    await ports.advance(memberPauseMs);
    await rest(ports);
    say(work, { type: 'jobs', jobs: [job('J1')] });
    await rest(ports);
    expect(last.jobs?.jobs.map(({ id }) => id)).toEqual(['work:J1']);
  });

  test('all hubs: a request goes to the hub that it names, and its answer comes back with the name', async () => {
    const { work, home, all } = await setUp();
    home.answer = () => job('J7', { worker: 'bob' });
    expect(await all.call('cancel', { job: 'home:J7' })).toMatchObject({
      id: 'home:J7',
      worker: 'home:bob',
    });
    expect(home.calls).toEqual([{ verb: 'cancel', args: { job: 'J7' } }]);
    expect(work.calls).toEqual([]);
    for (const asked of [
      all.call('dispatch', { command: ['true'] }),
      all.stream('events', {}, () => undefined).done,
    ]) {
      await expect(asked).rejects.toMatchObject({
        code: 'USAGE_ARGUMENT',
        message: expect.stringContaining('work, home'),
      });
    }
  });

  test('all hubs: a stream is that of its hub, with its items named and what is given passed on', async () => {
    const { home, all, ports } = await setUp();
    const items: unknown[] = [];
    const stream = all.stream('terminal', { target: 'home:bob' }, (item) => void items.push(item));
    await rest(ports);
    const opened = home.streams.at(-1);
    expect(opened?.args).toEqual({ target: 'bob' });
    opened?.onItem({ worker: 'bob', host: 'box', directory: '/' });
    expect(items).toEqual([{ worker: 'home:bob', host: 'box', directory: '/' }]);
    await stream.give({ base64: '' });
    expect(opened?.given).toEqual([{ base64: '' }]);
    opened?.end();
    await stream.done;
  });

  test('all hubs: lists are asked of all, and who does not answer in time is left out and told', async () => {
    const { work, home, all, ports, missed } = await setUp();
    work.answer = () => [worker('alice')];
    home.answer = () => new Promise(() => undefined);
    const asked = all.call('team', {});
    await rest(ports);
    await ports.advance(memberAnswerMsMax);
    expect(await asked).toMatchObject([{ name: 'work:alice', hub: 'work' }]);
    expect(missed).toEqual(['home HUB_UNREACHABLE']);
  });

  test('all hubs: one that is never reached holds nobody up, and when none is that is said', async () => {
    const ports = new FakePorts();
    const work = new FakeHub();
    const never = () => new Promise<HubClient>(() => undefined);
    const refuses = () => Promise.reject(new AppError('HUB_UNREACHABLE', 'Nobody is there.'));
    const ways = [
      wayTo('slow', never),
      wayTo('dead', refuses),
      wayTo('work', async () => work.connect()),
    ];
    const missed = () => undefined;
    await new AllHubs({ ways, ports, missed }).reachOne();
    const lonely = new AllHubs({ ways: [wayTo('dead', refuses)], ports, missed });
    await expect(lonely.reachOne()).rejects.toMatchObject({
      code: 'HUB_UNREACHABLE',
      message: expect.stringContaining('Nobody is there.'),
    });
  });

  test('all hubs: closed, it ends its watches and connections, and tries nothing again', async () => {
    const { work, all, watch, items, ports } = await setUp();
    all.close();
    all.close();
    expect(await all.closed).toBe('closed');
    await watch.done;
    const count = items.length;
    say(work, { type: 'jobs', jobs: [] });
    await ports.advance(10 * memberPauseMs);
    expect(items.length).toBe(count);
    expect([...work.streams, ...work.calls]).toEqual([]);
  });
});
