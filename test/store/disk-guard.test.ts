/*
 * What a disk in trouble means to those who ask: who waits a moment, who is told no, and the words.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../protocol/errors.ts';
import {
  awaitSound,
  type DiskGuard,
  isDiskFull,
  readSoon,
  refuseUnsound,
  type StoreHealth,
  soundDisk,
} from '../../store/disk-guard.ts';
import { askMsMax } from '../../store/limits.ts';
import { FakePorts, settle } from '../protocol/fake-ports.ts';

const reopening = { is: 'reopening', since: 1, code: 'STORE_REOPENING', message: 'EIO' } as const;
const full = { ...reopening, code: 'DISK_FULL' } as const;

let ports: FakePorts;
let store: StoreHealth;
let followers: Set<() => void>;
let disk: DiskGuard;

beforeEach(() => {
  ports = new FakePorts();
  store = { is: 'sound' };
  followers = new Set();
  disk = {
    ...soundDisk,
    get health() {
      return { store, room: null };
    },
    follow(run) {
      followers.add(run);
      return () => followers.delete(run);
    },
  };
});

function become(health: StoreHealth): void {
  store = health;
  for (const run of [...followers]) run();
}

describe('disk guard', () => {
  it('await sound: nothing to wait for on a sound disk, and none on a full one', async () => {
    expect(await awaitSound(disk, ports.timers)).toBeUndefined();
    store = full;
    expect(await awaitSound(disk, ports.timers)).toMatchObject({ code: 'DISK_FULL' });
    expect(ports.timerCount).toBe(0);
  });

  it('await sound: a store that is back within a moment refuses nobody', async () => {
    store = reopening;
    const asked = awaitSound(disk, ports.timers);
    await ports.advance(askMsMax - 1);
    become({ is: 'sound' });
    expect(await asked).toBeUndefined();
    expect([ports.timerCount, followers.size]).toEqual([0, 0]);
  });

  it('await sound: one that is not back is refused with the code, and nothing is left behind', async () => {
    store = reopening;
    const asked = awaitSound(disk, ports.timers);
    await ports.advance(askMsMax);
    expect(await asked).toMatchObject({ code: 'STORE_REOPENING' });
    expect([ports.timerCount, followers.size]).toEqual([0, 0]);
  });

  it('read soon: gives what a read gives, late or at once, and its failure', async () => {
    expect(await readSoon(Promise.resolve(1), { disk, timers: ports.timers })).toBe(1);
    store = reopening;
    expect(await readSoon(Promise.resolve(2), { disk, timers: ports.timers })).toBe(2);
    const failing = Promise.reject(new AppError('STORE_DAMAGED'));
    await expect(readSoon(failing, { disk, timers: ports.timers })).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
    });
  });

  it('read soon: is refused after a moment, and a failure that comes later is nobody’s', async () => {
    store = full;
    let fail: (error: Error) => void = () => undefined;
    const reading = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const asked = expect(readSoon(reading, { disk, timers: ports.timers })).rejects.toMatchObject({
      code: 'DISK_FULL',
    });
    await ports.advance(askMsMax);
    await asked;
    fail(new Error('later'));
    await settle();
  });

  it('full: known by its codes, by LevelDB’s words, and through causes; others are not', () => {
    const system = Object.assign(new Error('write'), { code: 'ENOSPC' });
    const words = new Error('IO error: /x/000005.log: No space left on device');
    for (const thrown of [
      system,
      words,
      Object.assign(new Error('write'), { code: 'EDQUOT' }),
      new AppError('DISK_FULL'),
      new AppError('STORE_IO', 'failed', { cause: new Error('outer', { cause: system }) }),
    ]) {
      expect(isDiskFull(thrown)).toBe(true);
    }
    for (const thrown of [new Error('EIO'), new AppError('STORE_IO'), undefined, 'ENOSPC']) {
      expect(isDiskFull(thrown)).toBe(false);
    }
    const round = new Error('round');
    round.cause = round;
    expect(isDiskFull(round)).toBe(false);
    expect(refuseUnsound({ is: 'sound' })).toBeUndefined();
  });
});
