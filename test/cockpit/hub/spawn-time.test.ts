/*
 * What time does to spawned boxes: boxes past their time, boxes that vanish, and warm pools.
 *
 * The provider is in the test's hand; boxes pair and link as real ones do.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SpawnBook } from '../../../cockpit/hub/spawn-book.ts';
import { SpawnDesk } from '../../../cockpit/hub/spawn-desk.ts';
import { presentBox } from '../../../cockpit/verbs/present-boxes.ts';
import { AppError } from '../../../protocol/errors.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { makeJob } from './hub-bench.ts';
import { factFrame } from './hub-in-hand.ts';
import { minute, SpawnScene } from './spawn-scene.ts';

let scene: SpawnScene;

beforeEach(() => {
  scene = new SpawnScene();
});

afterEach(() => scene.close());

describe('spawn: time', () => {
  test('an idle box past its time goes; one with work stays until it has landed', async () => {
    await scene.open();
    await scene.spawn({ count: 2, ttlMs: 5 * minute });
    const key = scene.keyOf('charlie');
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([key]));
    await scene.pass(6 * minute);
    expect(scene.is('dave')).toBeUndefined();
    expect(scene.is('charlie')).toBe('ready');
    const attempt = `${id}.1` as const;
    const end = { outcome: 'succeeded', at: 9, usage: { exitCode: 0 }, logBytes: 0 } as const;
    // Nobody answered for minutes, so the link is another by now.
    const peer = await scene.hand.join(key);
    peer.say(factFrame(1, { kind: 'finished', attempt, ...end }));
    await scene.pass(15_000);
    expect(scene.find('charlie')).toBeUndefined();
  });

  test('a box past its time stays while a checkout on it holds work, though its worker says nothing', async () => {
    await scene.open();
    await scene.spawn({ ttlMs: 5 * minute });
    const key = scene.keyOf('charlie');
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([key]));
    const peer = scene.cloud.peers.get('charlie');
    const attempt = `${id}.1` as const;
    const end = { outcome: 'succeeded', at: 9, usage: { exitCode: 0 }, logBytes: 0 } as const;
    const kept = { directory: '/trees/J1.1', changes: 1, commits: 0 };
    peer?.say(factFrame(1, { kind: 'finished', attempt, ...end, kept }));
    await scene.pass(6 * minute);
    expect(scene.is('charlie')).toBe('ready');
    await expect(scene.release({ names: ['charlie'] })).rejects.toMatchObject({
      message: `Work would be lost. charlie: ${id}.1 (its checkout holds work that is nowhere else).`,
    });
    await scene.hand.hub.desk.noteTree({ id, n: 1 }, undefined);
    await scene.pass(6 * minute);
    expect(scene.find('charlie')).toBeUndefined();
  });

  test('a box that vanished is settled: its worker is not trusted, its job lost by the rules', async () => {
    await scene.open();
    await scene.spawn();
    const worker = scene.hand.hub.workers.findByName('charlie');
    const { id } = await scene.hand.hub.desk.dispatch(makeJob([worker?.key ?? '']));
    scene.cloud.boxes.clear();
    await scene.pass(35_000);
    expect(scene.find('charlie')).toBeUndefined();
    expect(scene.hand.hub.workers.findByName('charlie')?.revokedAt).not.toBeNull();
    const job = await scene.hand.hub.desk.get(id);
    expect(job).toMatchObject({
      attempts: [
        {
          state: {
            is: 'finished',
            end: { outcome: 'lost', reason: 'charlie is gone with its box.' },
          },
        },
      ],
    });
    expect(scene.hand.hub.inbox.list()).toMatchObject([{ kind: 'lost', job: id }]);
  });

  test('a box that went while it was written down as ready is looked for at once', async () => {
    await scene.open();
    const step = SpawnBook.prototype.step;
    const slow = vi.spyOn(SpawnBook.prototype, 'step').mockImplementation(async function (
      this: SpawnBook,
      ...words
    ) {
      const taken = await step.apply(this, words);
      if (words[1].type === 'entered') {
        scene.cloud.boxes.clear();
        scene.cloud.peers.get('charlie')?.close();
        await scene.hand.rest();
      }
      return taken;
    });
    await scene.spawn();
    await scene.pass(8000);
    slow.mockRestore();
    expect(scene.cloud.calls).toContain('enter charlie');
    expect(scene.find('charlie')).toBeUndefined();
  });

  test('a box that the list lacks has not vanished while its agent is linked, and that is said', async () => {
    await scene.open({ watch: '3s' });
    await scene.spawn();
    const key = scene.keyOf('charlie');
    scene.cloud.boxes.clear();
    for (let seconds = 0; seconds < 12; seconds += 1) {
      scene.cloud.peers.set('charlie', await scene.hand.join(key));
      await scene.pass(1000);
    }
    expect(scene.is('charlie')).toBe('ready');
    const { hub } = scene.hand;
    expect(hub.spawned.list().map((record) => presentBox(hub, record).note)).toEqual([
      'Its provider does not list it, and its agent is linked.',
    ]);
    scene.cloud.peers.get('charlie')?.close();
    await scene.pass(5000);
    expect(scene.find('charlie')).toBeUndefined();
  });

  test('a list that fails makes nobody vanish', async () => {
    await scene.open();
    await scene.spawn();
    scene.cloud.fault.list = new AppError('SPAWN_COMMAND', 'No network.');
    scene.cloud.boxes.clear();
    await scene.pass(5 * minute);
    expect(scene.is('charlie')).toBe('ready');
  });

  test('a list is not read again for a hub that has stopped', async () => {
    await scene.open();
    const { promise, resolve } = Promise.withResolvers<void>();
    let readCount = 0;
    scene.cloud.list = async () => {
      readCount += 1;
      await promise;
      // As a program does, which takes more than a turn.
      await settle();
      return [];
    };
    await scene.spawn();
    expect(readCount).toBe(1);
    await scene.hand.hub.stop();
    resolve();
    for (let turns = 0; turns < 5; turns += 1) await settle();
    expect(readCount).toBe(1);
    await scene.open({}, scene.hand.disk);
  });

  test('where nothing is spawned nothing is planned', async () => {
    await scene.open();
    // What the hub does at its start is over by then.
    await scene.pass(minute);
    const before = scene.hand.ports.timerCount;
    await scene.spawn();
    expect(scene.hand.ports.timerCount).toBeGreaterThan(before);
    await scene.release({ names: ['charlie'] });
    await scene.pass(5000);
    scene.cloud.peers.get('charlie')?.close();
    await scene.hand.rest();
    expect(scene.hand.ports.timerCount).toBe(before);
  });
});

describe('spawn: a warm pool', () => {
  test('is filled, gives a ready box to who asks, and is filled again within max', async () => {
    await scene.open({ warm: 2 });
    await scene.pass(5000);
    expect(scene.hand.hub.spawned.list().map(({ isPooled }) => isPooled)).toEqual([true, true]);
    expect(await scene.spawn()).toEqual(['charlie']);
    expect(scene.hand.hub.spawned.list().map(({ name, isPooled }) => [name, isPooled])).toEqual([
      ...[
        ['charlie', false],
        ['dave', true],
        ['erin', true],
      ],
    ]);
    expect(await scene.spawn()).toEqual(['dave']);
    // Three are all that the provider may have.
    expect(scene.hand.hub.spawned.list()).toHaveLength(3);
    await scene.release({ names: ['charlie'] });
    await scene.pass(10_000);
    expect(scene.hand.hub.spawned.list().map(({ name }) => name)).toEqual([
      'dave',
      'erin',
      'frank',
    ]);
  });

  test('gives nobody a box whose worker is trusted no more', async () => {
    await scene.open({ warm: 1 });
    await scene.pass(5000);
    const charlie = scene.hand.hub.workers.findByName('charlie');
    if (charlie === undefined) throw new Error('there is no charlie');
    const revoked = scene.hand.hub.revoke(charlie);
    await scene.pass(1000);
    await revoked;
    expect(await scene.spawn()).toEqual(['dave']);
    expect(scene.is('dave')).toBe('ready');
  });

  test('does not count as warm a box whose worker is trusted no more', async () => {
    await scene.open({ warm: 1, max: 2 });
    await scene.pass(5000);
    const charlie = scene.hand.hub.workers.findByName('charlie');
    if (charlie === undefined) throw new Error('there is no charlie');
    const revoked = scene.hand.hub.revoke(charlie);
    await scene.pass(10_000);
    await revoked;
    const names = () => scene.hand.hub.spawned.list().map(({ name }) => name);
    expect(names()).toEqual(['charlie', 'dave']);
    expect(scene.is('dave')).toBe('ready');
    // It still costs, so no further one is made beside it.
    const dave = scene.hand.hub.workers.findByName('dave');
    const other = dave === undefined ? undefined : scene.hand.hub.revoke(dave);
    await scene.pass(10_000);
    await other;
    expect(names()).toEqual(['charlie', 'dave']);
  });

  test('that fails waits longer each time, then the M2 is asked, and nothing is made', async () => {
    scene.cloud.fault.up = new AppError('SPAWN_ABSENT', 'There is no program x here.');
    await scene.open({ warm: 1 });
    await scene.pass(10 * minute);
    const count = scene.cloud.calls.length;
    expect(count).toBe(3);
    expect(scene.asked()).toMatchObject([
      { provider: 'cloud', reason: 'There is no program x here.' },
    ]);
    await scene.pass(10 * minute);
    expect(scene.cloud.calls).toHaveLength(count);
    scene.cloud.fault = {};
    await scene.decide('approve');
    await scene.pass(10_000);
    expect(scene.hand.hub.spawned.list().map(({ state }) => state.is)).toEqual(['ready']);
    expect(scene.hand.countRows('sp/')).toBe(0);
  });

  test('that the M2 gave up stays so over a restart', async () => {
    scene.cloud.fault.up = new AppError('SPAWN_ABSENT');
    await scene.open({ warm: 1 });
    await scene.pass(10 * minute);
    await scene.decide('reject');
    await scene.hand.hub.stop();
    scene.cloud.calls.length = 0;
    await scene.open({ warm: 1 }, scene.hand.disk);
    await scene.pass(10 * minute);
    expect(scene.cloud.calls).toEqual([]);
    expect(scene.asked()).toEqual([]);
  });

  test('one of which an agent ends, and that it cannot be started again on, is asked about and not thrown away', async () => {
    await scene.open({ warm: 1 });
    await scene.pass(5000);
    const [[tag, box] = []] = scene.cloud.boxes;
    if (tag === undefined || box === undefined) throw new Error('there is no box');
    scene.cloud.boxes.set(tag, { ...box, state: 'stopped' });
    scene.cloud.fault.enter = new AppError('SPAWN_ENTER', 'Its disk is full.');
    await scene.pass(5 * minute);
    expect(scene.is('charlie')).toBe('stuck');
    expect(scene.asked()).toMatchObject([{ box: 'charlie', reason: 'Its disk is full.' }]);
    expect(scene.cloud.boxes.size).toBe(1);
  });

  test('one that no agent gets onto is left as it was found, and the pool waits', async () => {
    await scene.open({ warm: 1 });
    scene.cloud.fault.enter = new AppError('SPAWN_ENTER', 'It is not seen here.');
    await vi.waitUntil(async () => {
      await scene.pass(1000);
      return scene.cloud.calls.includes('down charlie');
    });
    const ends = scene.cloud.calls.filter((call) => !call.startsWith('enter'));
    expect(ends).toEqual(['up charlie', 'leave charlie', 'down charlie']);
    await scene.pass(5000);
    expect(scene.hand.hub.spawned.list()).toEqual([]);
  });

  test('that is smaller now takes none away that was just given to somebody', async () => {
    await scene.open({ warm: 2 });
    await scene.pass(5000);
    await scene.hand.hub.stop();
    const asked = Promise.withResolvers<readonly []>();
    const slow = vi.spyOn(SpawnDesk.prototype, 'readWork').mockReturnValue(asked.promise);
    await scene.open({ warm: 1 }, scene.hand.disk);
    await scene.pass(8000);
    expect(slow).toHaveBeenCalled();
    expect(await scene.spawn({ count: 2 })).toEqual(['charlie', 'dave']);
    asked.resolve([]);
    await scene.pass(8000);
    slow.mockRestore();
    expect([scene.is('charlie'), scene.is('dave')]).toEqual(['ready', 'ready']);
  });

  test('past its time, one that was just given to somebody is theirs', async () => {
    await scene.open({ warm: 1, ttl: '5m' });
    await scene.pass(5000);
    const asked = Promise.withResolvers<readonly []>();
    const slow = vi.spyOn(SpawnDesk.prototype, 'readWork').mockReturnValue(asked.promise);
    await scene.pass(6 * minute);
    expect(slow).toHaveBeenCalled();
    expect(await scene.spawn({ ttlMs: 60 * minute })).toEqual(['charlie']);
    asked.resolve([]);
    await scene.pass(8000);
    slow.mockRestore();
    expect(scene.is('charlie')).toBe('ready');
  });

  test('that is smaller in the config lets its idle boxes go', async () => {
    await scene.open({ warm: 2 });
    await scene.pass(5000);
    await scene.hand.hub.stop();
    await scene.open({ warm: 1 }, scene.hand.disk);
    for (const [name, peer] of scene.cloud.peers) {
      peer.close();
      const key = scene.hand.hub.workers.findByName(name)?.key ?? '';
      scene.cloud.peers.set(name, await scene.hand.join(key));
    }
    await scene.pass(20_000);
    expect(scene.hand.hub.spawned.list()).toHaveLength(1);
    expect(scene.cloud.boxes.size).toBe(1);
  });
});
