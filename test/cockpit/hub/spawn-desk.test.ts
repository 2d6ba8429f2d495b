/*
 * Spawned boxes in a whole hub: made once, found again after a crash, and let go with nothing lost unnamed.
 *
 * The provider is in the test's hand; boxes pair and link as real ones do.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BoxPlan } from '../../../cockpit/verbs/box-shapes.ts';
import { presentBox, presentSpawnPlan } from '../../../cockpit/verbs/present-boxes.ts';
import { AppError } from '../../../protocol/errors.ts';
import { parseInvite } from '../../../protocol/invite.ts';
import { askToPair } from '../../../protocol/pairing.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { makeJob } from './hub-bench.ts';
import { factFrame } from './hub-in-hand.ts';
import { minute, SpawnScene } from './spawn-scene.ts';

let scene: SpawnScene;

beforeEach(() => {
  scene = new SpawnScene();
});

afterEach(() => scene.close());

describe('spawn: making boxes', () => {
  test('each gets a name, an agent and a record, and takes work like any worker', async () => {
    await scene.open();
    expect(await scene.spawn({ count: 2, ttlMs: 60 * minute })).toEqual(['charlie', 'dave']);
    expect([scene.is('charlie'), scene.is('dave')]).toEqual(['ready', 'ready']);
    expect(scene.cloud.calls).toEqual(
      [...['up charlie', 'up dave', 'enter charlie', 'enter dave'].sort()].sort(
        (a, b) => scene.cloud.calls.indexOf(a) - scene.cloud.calls.indexOf(b),
      ),
    );
    const worker = scene.hand.hub.workers.findByName('charlie');
    expect(scene.hand.hub.boxes.find(worker?.key ?? '')?.provider).toMatchObject({
      ...{ name: 'cloud', id: 'i-1', ttlMs: 60 * minute },
    });
    expect(scene.hand.countRows('s/')).toBe(2);
  });

  test('a name that was asked for is given, the second with a number; a taken one is refused', async () => {
    await scene.open();
    expect(await scene.spawn({ count: 2, name: 'ci' })).toEqual(['ci', 'ci-2']);
    expect(scene.hand.hub.workers.findByName('ci-2')).toBeDefined();
    await expect(scene.spawn({ name: 'ci' })).rejects.toMatchObject({ code: 'WORKER_NAME_TAKEN' });
    await expect(scene.spawn({ name: 'CI' })).rejects.toMatchObject({ code: 'WORKER_NAME' });
    await expect(scene.spawn({ name: 'a'.repeat(20) })).rejects.toMatchObject({
      code: 'WORKER_NAME',
    });
  });

  test('no more than the provider’s max, those in the making and on their way out included', async () => {
    await scene.open();
    await expect(scene.spawn({ count: 4 })).rejects.toMatchObject({ code: 'SPAWN_FULL' });
    expect(scene.cloud.calls).toEqual([]);
    await scene.spawn({ count: 2 });
    scene.cloud.isKept = true;
    await scene.hand.hub.spawned.release('charlie', 'you did');
    await scene.pass(2000);
    expect(scene.is('charlie')).toBe('ending');
    await expect(scene.spawn({ count: 2 })).rejects.toMatchObject({ code: 'SPAWN_FULL' });
    expect(await scene.spawn()).toHaveLength(1);
  });

  test('a list that cannot be read is told with the box that waits for it, until it can be', async () => {
    await scene.open();
    scene.cloud.fault = { list: new AppError('SPAWN_OUTPUT', 'it is not JSON') };
    await scene.spawn();
    const { hub } = scene.hand;
    const note = () => hub.spawned.list().map((record) => presentBox(hub, record).note);
    expect(scene.is('charlie')).toBe('seeking');
    expect(note()).toEqual(['It was made. The list of cloud cannot be read: it is not JSON']);
    scene.cloud.fault = {};
    await scene.pass(5000);
    expect(scene.is('charlie')).toBe('ready');
    expect(note()).toEqual([null]);
  });

  test('that are refused take nothing out of the pool', async () => {
    await scene.open({ warm: 2 });
    await scene.pass(5000);
    await expect(scene.spawn({ count: 4 })).rejects.toThrow(/may have 3 boxes, and room for 1\./);
    expect(scene.hand.hub.spawned.list().map(({ isPooled }) => isPooled)).toEqual([true, true]);
  });

  test('a plan says what comes out of the pool, and what is made besides', async () => {
    await scene.open({ warm: 1 });
    await scene.pass(5000);
    scene.cloud.describe = () => ['make it'] as never[];
    const { hub } = scene.hand;
    const { plan } = presentSpawnPlan(hub, hub.spawned.plan({ provider: 'cloud', count: 2 }));
    expect(plan).toEqual([
      { name: 'charlie', steps: ['take it from the pool, where it is ready'] },
      { name: 'dave', steps: ['make it'] },
    ]);
  });

  test('a box that paired and did not hear of it pairs again under its name', async () => {
    await scene.open();
    const { cloud, hand } = scene;
    const key = 'cc'.repeat(32);
    cloud.enter = async ({ box, invite }) => {
      cloud.calls.push(`enter ${box.name}`);
      const link = hand.link(parseInvite(await invite()).oneTimeKey);
      await askToPair(link, { key, host: box.id }, hand.ports.timers);
      if (cloud.calls.filter((call) => call.startsWith('enter')).length === 1)
        throw new AppError('SSH_FAILED', 'The line broke before the answer.');
      await hand.join(key);
      return key;
    };
    await scene.spawn();
    await scene.pass(20_000);
    expect(scene.is('charlie')).toBe('ready');
    expect(scene.keyOf('charlie')).toBe(key);
    expect(scene.hand.hub.workers.list().filter(({ host }) => host === 'i-1')).toHaveLength(1);
  });

  test('a provider that is not there is named with those that are', async () => {
    await scene.open();
    await expect(scene.spawn({ provider: 'moon' })).rejects.toThrow(
      /no provider "moon" \(there are cloud/,
    );
  });

  test('what surely was not made is asked about, and made when the M2 says so', async () => {
    await scene.open();
    scene.cloud.fault.up = new AppError('SPAWN_ABSENT', 'There is no program x here.');
    await scene.spawn();
    expect(scene.is('charlie')).toBe('stuck');
    const [decision] = scene.asked();
    expect(decision).toMatchObject({ box: 'charlie', reason: 'There is no program x here.' });
    expect(decision).not.toHaveProperty('boxId');
    scene.cloud.fault = {};
    await scene.decide('approve');
    await scene.pass(5000);
    expect(scene.is('charlie')).toBe('ready');
    expect(scene.asked()).toEqual([]);
  });

  test('what failed and was made all the same is adopted', async () => {
    await scene.open();
    scene.cloud.fault.up = new AppError('SPAWN_COMMAND', 'It timed out.');
    const records = await scene.hand.hub.spawned.spawn({ provider: 'cloud', count: 1 });
    await scene.pass(1000);
    scene.cloud.make(records[0]?.tag ?? '');
    await scene.pass(5000);
    expect(scene.is('charlie')).toBe('ready');
    expect(scene.cloud.calls.filter((call) => call.startsWith('up'))).toHaveLength(1);
  });
});

describe('spawn: a hub that ends in between', () => {
  test('finds the box that was being made, and makes no second one', async () => {
    await scene.open();
    const { promise, resolve } = Promise.withResolvers<void>();
    scene.cloud.gate = promise;
    await scene.hand.hub.spawned.spawn({ provider: 'cloud', count: 1 });
    await scene.pass(1000);
    expect(scene.is('charlie')).toBe('making');
    await scene.hand.hub.stop();
    // The command ends after the hub that began it.
    scene.cloud.calls.length = 0;
    resolve();
    await settle();
    await scene.open({}, scene.hand.disk);
    await scene.pass(5000);
    expect(scene.is('charlie')).toBe('ready');
    expect(scene.cloud.calls).toEqual(['enter charlie']);
  });

  test('says that there is none where the list never has it', async () => {
    const brief = { up: { command: ['x'], timeout: '30s' } };
    await scene.open(brief);
    scene.cloud.gate = new Promise(() => undefined);
    await scene.hand.hub.spawned.spawn({ provider: 'cloud', count: 1 });
    await scene.pass(1000);
    await scene.hand.hub.stop();
    await scene.open(brief, scene.hand.disk);
    // Its command may run on for as long as the provider gives it, and the box come only then.
    await scene.pass(30_000);
    expect(scene.asked()).toEqual([]);
    await scene.pass(15_000);
    expect(scene.asked()).toMatchObject([{ reason: 'The hub ended while it was being made.' }]);
    expect(scene.cloud.calls).toEqual(['up charlie']);
  });

  test('lets a box go on that was on its way out', async () => {
    await scene.open();
    await scene.spawn();
    scene.cloud.fault.down = new AppError('SPAWN_COMMAND', 'No network.');
    await scene.hand.hub.spawned.release('charlie', 'you did');
    await scene.pass(1000);
    await scene.hand.hub.stop();
    scene.cloud.fault = {};
    await scene.open({}, scene.hand.disk);
    await scene.pass(30_000);
    expect(scene.find('charlie')).toBeUndefined();
    expect(scene.cloud.boxes.size).toBe(0);
    expect(scene.hand.countRows('s/')).toBe(0);
  });
});

describe('spawn: letting boxes go', () => {
  test('work on it is refused with its list, until it is named; then nobody is asked about it', async () => {
    await scene.open();
    await scene.spawn();
    const key = scene.keyOf('charlie');
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([key]));
    await expect(scene.release({ names: ['charlie'] })).rejects.toMatchObject({
      code: 'BOX_UNLANDED',
      message: `Work would be lost. charlie: ${id}.1 (it waits there).`,
    });
    const released = scene.release({ names: ['charlie'], discard: [id] });
    // Its worker does not say that it ended the work, and is not waited for for ever.
    await scene.pass(20_000);
    await released;
    await scene.pass(5000);
    expect(scene.find('charlie')).toBeUndefined();
    expect(scene.hand.hub.workers.findByName('charlie')?.revokedAt).not.toBeNull();
    expect(scene.hand.hub.inbox.list()).toEqual([]);
    expect(scene.cloud.calls.slice(-2)).toEqual(['leave charlie', 'down charlie']);
    expect(scene.hand.hub.boxes.find(key)).toBeUndefined();
  });

  test('work that came while discarded work was being ended is not lost with it', async () => {
    await scene.open();
    await scene.spawn();
    const key = scene.keyOf('charlie');
    const { desk } = scene.hand.hub;
    const { id } = await desk.dispatch(makeJob([key]));
    const released = scene.release({ names: ['charlie'], discard: [id] });
    released.catch(() => undefined);
    const later = await desk.dispatch(makeJob([key]));
    await scene.pass(20_000);
    await expect(released).rejects.toThrow(`charlie: ${later.id}.1 (it waits there).`);
    expect(scene.is('charlie')).toBe('ready');
  });

  test('work that came while it was asked what it owes is not lost with it', async () => {
    await scene.open();
    await scene.spawn();
    const released = scene.release({ names: ['charlie'] });
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([scene.keyOf('charlie')]));
    await scene.pass(20_000);
    await expect(released).rejects.toThrow(`charlie: ${id}.1 (it waits there).`);
    expect(scene.is('charlie')).toBe('ready');
  });

  test('one that goes while it is asked what it owes is not waited for', async () => {
    await scene.open();
    await scene.spawn();
    // A worker that is heard is asked, and has three seconds.
    scene.cloud.peers.set('charlie', await scene.hand.join(scene.keyOf('charlie')));
    const released = scene.release({ names: ['charlie'], wait: true });
    await scene.hand.hub.spawned.release('charlie', 'its time is over');
    await scene.pass(20_000);
    expect(await released).toMatchObject([{ name: 'charlie', state: 'over' }]);
  });

  test('a log that is still on the box only is work too', async () => {
    await scene.open();
    await scene.spawn();
    const key = scene.keyOf('charlie');
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([key]));
    const peer = scene.cloud.peers.get('charlie');
    const attempt = `${id}.1` as const;
    const end = { outcome: 'succeeded', at: 9, usage: { exitCode: 0 }, logBytes: 12 } as const;
    peer?.say(factFrame(1, { kind: 'finished', attempt, ...end }));
    await scene.hand.rest();
    await expect(scene.release({ names: ['charlie'] })).rejects.toThrow(/12 bytes of its log/);
    const [plan] = ((await scene.release({ names: ['charlie'], 'dry-run': true })) as BoxPlan).plan;
    expect(plan?.steps[0]).toBe(`REFUSE, for ${attempt}: 12 bytes of its log are not here yet`);
  });

  test('a worker on its way out gets no more work', async () => {
    await scene.open();
    await scene.spawn();
    scene.cloud.leave = () => new Promise(() => undefined);
    await scene.release({ names: ['charlie'] });
    const charlie = scene.hand.hub.desk
      .listCandidates()
      .find(({ worker }) => worker.name === 'charlie');
    expect(charlie).toMatchObject({ isLeaving: true });
  });

  test('one that cannot be let go is asked about, and forgotten when the M2 says so', async () => {
    await scene.open();
    await scene.spawn();
    scene.cloud.isKept = true;
    await scene.release({ names: ['charlie'] });
    await scene.pass(4 * minute);
    const [decision] = scene.asked();
    expect(decision).toMatchObject({ box: 'charlie', boxId: 'i-1', reason: 'It is still listed.' });
    await scene.decide('reject');
    expect(scene.find('charlie')).toBeUndefined();
  });

  test('one that stands still is not given up by a word while that would lose work', async () => {
    await scene.open();
    await scene.spawn();
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([scene.keyOf('charlie')]));
    const [[tag, box] = []] = scene.cloud.boxes;
    if (tag === undefined || box === undefined) throw new Error('there is no box');
    scene.cloud.boxes.set(tag, { ...box, state: 'stopped' });
    scene.cloud.fault.enter = new AppError('SPAWN_ENTER', 'Its disk is full.');
    await scene.pass(5 * minute);
    expect(scene.is('charlie')).toBe('stuck');
    const given = scene.decide('reject');
    given.catch(() => undefined);
    // Its worker is asked too, and says nothing.
    await scene.pass(5000);
    await expect(given).rejects.toThrow(`Work would be lost. charlie: ${id}.1 (`);
    expect([scene.is('charlie'), scene.asked()]).toMatchObject(['stuck', [{ box: 'charlie' }]]);
    await scene.release({ names: ['charlie'], discard: [id] });
    await scene.pass(20_000);
    expect(scene.find('charlie')).toBeUndefined();
    expect(scene.asked()).toEqual([]);
  });

  test('one that nobody knew is given up, and who else has its name is trusted on', async () => {
    await scene.open();
    await scene.spawn();
    scene.cloud.make('wally-999999-alice');
    const { spawned, workers } = scene.hand.hub;
    for (const stray of await spawned.listStrays()) await spawned.adopt(stray);
    await scene.decide('reject');
    await scene.pass(5000);
    expect(spawned.list().map(({ name }) => name)).toEqual(['charlie']);
    expect(workers.findByName('alice')?.revokedAt).toBeNull();
  });

  test('one that is stuck is given up, followed or not, and its question with it', async () => {
    await scene.open();
    scene.cloud.fault.up = new AppError('SPAWN_ABSENT', 'There is no program x here.');
    await scene.spawn();
    expect(scene.is('charlie')).toBe('stuck');
    expect(await scene.release({ names: ['charlie'], wait: true })).toMatchObject([
      { name: 'charlie', state: 'over' },
    ]);
    expect(scene.asked()).toEqual([]);
  });

  test('who was renamed is found by the new name', async () => {
    await scene.open();
    await scene.spawn();
    const worker = scene.hand.hub.workers.findByName('charlie');
    if (worker === undefined) throw new Error('there is no charlie');
    await scene.hand.hub.workers.save({ ...worker, name: 'builder' }, 'worker-renamed', []);
    await scene.release({ names: ['builder'] });
    await scene.pass(5000);
    expect(scene.find('builder')).toBeUndefined();
    await expect(scene.release({ names: ['alice'] })).rejects.toMatchObject({
      code: 'BOX_UNKNOWN',
    });
  });
});
