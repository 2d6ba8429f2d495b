/*
 * The watch over a disk's room: when it is low, when the ballast comes and goes, and what logs may use.
 *
 * The disk is numbers that the test sets; the ballast as a real file is in disk-files.test.ts.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { type DiskPort, DiskWatch } from '../../store/disk-watch.ts';
import { ballastAfterMs, diskLookMs, diskLowLookMs } from '../../store/limits.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

const mib = 1024 * 1024;
const limits = { watermarkBytes: 256 * mib, ballastBytes: 64 * mib };

let ports: FakePorts;
let disk: { free: number; total: number; ballast: number; looks: number; broken: boolean };
let lines: string[];
let changes: number;

beforeEach(() => {
  ports = new FakePorts();
  disk = { free: 10_000 * mib, total: 20_000 * mib, ballast: 0, looks: 0, broken: false };
  lines = [];
  changes = 0;
});

function openWatch(): DiskWatch {
  const port: DiskPort = {
    async measure() {
      disk.looks += 1;
      if (disk.broken) throw new Error('gone');
      return { freeBytes: disk.free, totalBytes: disk.total };
    },
    findBallast: async () => disk.ballast,
    async makeBallast(bytes) {
      disk.ballast = bytes;
      disk.free -= bytes;
    },
    async dropBallast() {
      disk.free += disk.ballast;
      disk.ballast = 0;
    },
  };
  const changed = () => {
    changes += 1;
  };
  return new DiskWatch({ disk: port, limits, ports, changed, noticed: (line) => lines.push(line) });
}

describe('disk watch', () => {
  it('room: low below the watermark, to the byte, and told when it changes', async () => {
    const watch = openWatch();
    disk.free = 256 * mib;
    await watch.start();
    expect([watch.room?.isLow, changes]).toEqual([false, 1]);
    disk.free -= 1;
    await ports.advance(diskLookMs);
    expect([watch.room?.isLow, changes]).toEqual([true, 2]);
    disk.free += 1;
    await ports.advance(diskLowLookMs);
    expect([watch.room?.isLow, changes]).toEqual([false, 3]);
    watch.stop();
    expect(ports.timerCount).toBe(0);
  });

  it('room: what a ballast gave is no room for new work', async () => {
    const watch = openWatch();
    await watch.start();
    await ports.advance(ballastAfterMs + diskLookMs);
    disk.free = 0;
    await watch.release();
    disk.free = 64 * mib + 256 * mib - 1;
    await watch.look();
    expect(watch.room).toMatchObject({ isLow: true, watermarkBytes: 320 * mib });
    disk.free += 1;
    await watch.look();
    expect(watch.room?.isLow).toBe(false);
    disk.free = 384 * mib;
    await ports.advance(2 * diskLookMs);
    expect(watch.room).toMatchObject({ ballast: 'ready', isLow: false, watermarkBytes: 256 * mib });
  });

  it('room: on a small file system both sizes are an eighth of it', async () => {
    const watch = openWatch();
    Object.assign(disk, { free: 16 * mib, total: 16 * mib });
    await watch.start();
    expect(watch.room?.watermarkBytes).toBe(2 * mib);
    await ports.advance(ballastAfterMs + diskLookMs);
    expect(disk.ballast).toBe(2 * mib);
  });

  it('ballast: made when the process is old enough and there is plenty, found again at the next start', async () => {
    const watch = openWatch();
    await watch.start();
    await ports.advance(ballastAfterMs - diskLookMs);
    expect([watch.room?.ballast, disk.ballast]).toEqual(['none', 0]);
    await ports.advance(2 * diskLookMs);
    expect([watch.room?.ballast, disk.ballast]).toEqual(['ready', 64 * mib]);
    watch.stop();
    const next = openWatch();
    await next.start();
    expect(next.room?.ballast).toBe('ready');
  });

  it('ballast: none where there is not twice its size beyond the watermark', async () => {
    const watch = openWatch();
    disk.free = (256 + 128) * mib - 1;
    await watch.start();
    await ports.advance(10 * diskLookMs);
    expect(disk.ballast).toBe(0);
    disk.free += 1;
    await ports.advance(diskLookMs);
    expect(disk.ballast).toBe(64 * mib);
  });

  it('ballast: given up once on a full disk, and back by itself when there is room', async () => {
    const watch = openWatch();
    await watch.start();
    await ports.advance(ballastAfterMs + diskLookMs);
    disk.free = 0;
    await watch.release();
    await watch.release();
    expect([watch.room?.ballast, watch.room?.freeBytes]).toEqual(['released', 64 * mib]);
    await ports.advance(10 * diskLookMs);
    expect(watch.room?.ballast).toBe('released');
    disk.free = 1000 * mib;
    await ports.advance(diskLookMs);
    expect(watch.room?.ballast).toBe('ready');
    expect(lines).toHaveLength(2);
  });

  it('ballast: given up before the first look too, as for a store that cannot be opened', async () => {
    const watch = openWatch();
    Object.assign(disk, { free: 0, ballast: 64 * mib });
    await watch.release();
    expect([disk.ballast, watch.room?.freeBytes]).toEqual([0, 64 * mib]);
    await watch.start();
    expect(watch.room?.ballast).toBe('released');
    watch.stop();
  });

  it('logs: may use half of the ballast and no more, looked at afresh while there is little', async () => {
    const watch = openWatch();
    await watch.start();
    const looks = disk.looks;
    expect([await watch.hasLogRoom(), disk.looks]).toEqual([true, looks]);
    disk.free = 100 * mib;
    await watch.look();
    expect(await watch.hasLogRoom()).toBe(true);
    disk.free = 32 * mib;
    expect(await watch.hasLogRoom()).toBe(false);
    disk.free += 1;
    expect(await watch.hasLogRoom()).toBe(true);
  });

  it('logs: the ballast is given up for them too, and half of it is theirs', async () => {
    const watch = openWatch();
    await watch.start();
    await ports.advance(ballastAfterMs + diskLookMs);
    disk.free = 0;
    await watch.look();
    expect([await watch.hasLogRoom(), watch.room?.ballast]).toEqual([true, 'released']);
    disk.free = 32 * mib;
    expect(await watch.hasLogRoom()).toBe(false);
  });

  it('look: a disk that cannot be measured ends nothing, and is measured again', async () => {
    disk.broken = true;
    const watch = openWatch();
    await watch.start();
    expect([watch.room, await watch.hasLogRoom()]).toEqual([null, true]);
    disk.broken = false;
    await ports.advance(diskLookMs);
    expect(watch.room?.freeBytes).toBe(disk.free);
  });
});
