/*
 * Looking at directories: what is told of each kind, and what one that never answers costs.
 *
 * A dead network file system is a FUSE program that was stopped; where there is no FUSE the reason is in the title.
 */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BeginLook,
  type DirectoryLook,
  DirectoryLooks,
} from '../../../agent/work/directory-looks.ts';
import { directoryLookMsMax, directoryLooksStuckMax } from '../../../agent/work/limits.ts';
import { openSystemPorts, type Ports } from '../../../protocol/ports.ts';
import { openLossyDisk, whyNoLossyDisk } from '../../chaos/disk/lossy-disk.ts';
import { titleOf } from '../../kit/strace.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { type Folder, makeFolder, makeOrder, openShop, Sink } from './bench.ts';

const reason = await whyNoLossyDisk();
let folder: Folder;

beforeEach(() => {
  folder = makeFolder();
});

afterEach(() => folder.remove());

describe('directory looks', () => {
  test('looks: a directory is told with its links resolved, and whether it is in a work tree', async () => {
    const looks = new DirectoryLooks(openSystemPorts().timers);
    const root = realpathSync(folder.path);
    const deep = join(root, 'repo', "it's \n two lines\n");
    mkdirSync(deep, { recursive: true });
    mkdirSync(join(root, 'repo', '.git'));
    symlinkSync(deep, join(root, 'way'));
    symlinkSync('loop', join(root, 'loop'));
    writeFileSync(join(root, 'file'), '');
    const look = (name: string) => looks.look(join(root, name));
    expect(await look('way')).toEqual({ is: 'directory', real: deep, isInTree: true });
    expect(await looks.look(`/${root}`)).toEqual({ is: 'directory', real: root, isInTree: false });
    expect(await look('file')).toEqual({ is: 'other' });
    for (const name of ['none', 'loop', 'file/in', '$(touch bad)']) {
      expect(await look(name)).toEqual({ is: 'missing' });
    }
    expect((await readdir(root)).toSorted()).toEqual(['file', 'loop', 'repo', 'way']);
  });

  test('looks: those that never return are left behind, so many and no more', async () => {
    const ports = new FakePorts();
    const heard: ((look: DirectoryLook) => void)[] = [];
    let abandonedCount = 0;
    const begin: BeginLook = (_path, hear) => {
      heard.push(hear);
      return {
        abandon: () => {
          abandonedCount += 1;
        },
      };
    };
    const looks = new DirectoryLooks(ports.timers, begin);
    const dead = Array.from({ length: directoryLooksStuckMax }, () => looks.look('/dead'));
    await ports.advance(directoryLookMsMax - 1);
    expect(abandonedCount).toBe(0);
    await ports.advance(1);
    const unseen = { is: 'unseen', why: expect.stringContaining('nothing was heard of it') };
    expect(await Promise.all(dead)).toEqual(dead.map(() => unseen));
    expect(abandonedCount).toBe(directoryLooksStuckMax);
    expect(await looks.look('/sound')).toMatchObject({ why: expect.stringContaining('too many') });
    expect(heard).toHaveLength(directoryLooksStuckMax);
    // One of them has ended after all.
    heard[0]?.({ is: 'missing' });
    const sound = looks.look('/sound');
    heard.at(-1)?.({ is: 'directory', real: '/sound', isInTree: false });
    expect(await sound).toMatchObject({ is: 'directory' });
    expect(ports.timerCount).toBe(0);
  });

  test.skipIf(reason !== undefined)(
    titleOf('looks: jobs on a dead file system are refused, and all else goes on', reason),
    async () => {
      const disk = await openLossyDisk('ext4', 1);
      if (typeof disk === 'string') throw new Error(disk);
      await using _ = disk;
      const dead = join(disk.path, 'dead');
      await mkdir(dead);
      const { ports, isOverdue } = openHastyPorts();
      const shop = openShop(folder, { ports });
      disk.freeze();
      const started = Array.from({ length: 6 }, (_, index) =>
        shop.start(makeOrder(['true'], { cwd: join(dead, String(index)) }), new Sink().take),
      );
      const refused = Promise.allSettled(started);
      // Four of them done by this process would have left its files no thread.
      const sink = new Sink();
      const work = await shop.start(makeOrder(['echo ok']), sink.take);
      expect((await work.exit).usage.exitCode).toBe(0);
      expect(sink.text('stdout')).toBe('ok\n');
      isOverdue.now = true;
      for (const result of await refused) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'JOB_DIRECTORY' } });
      }
      isOverdue.now = false;
      disk.thaw();
      const again = await shop.start(makeOrder(['pwd'], { cwd: dead }), sink.take);
      await again.exit;
      expect(sink.text('stdout')).toContain(dead);
    },
  );

  test.skipIf(reason !== undefined)(
    titleOf('looks: programs on a dead file system are refused, and all else goes on', reason),
    async () => {
      const disk = await openLossyDisk('network', 1);
      if (typeof disk === 'string') throw new Error(disk);
      await using _ = disk;
      const tool = join(disk.path, 'tool');
      await writeFile(tool, '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
      const beside = relative(folder.path, tool);
      const { ports, isOverdue } = openHastyPorts();
      const sound = openShop(folder, { ports });
      const baseEnv = { PATH: `${disk.path}:${process.env.PATH}`, HOME: folder.path };
      const lost = openShop(folder, { ports, baseEnv });
      const sink = new Sink();
      // To start one of them holds whoever starts it, with all else that it does.
      disk.freeze();
      const refused = Promise.allSettled([
        sound.start(makeOrder([tool, 'by its path']), sink.take),
        sound.start(makeOrder([beside, 'from its cwd'], { cwd: folder.path }), sink.take),
        lost.start(makeOrder(['tool', 'by its name']), sink.take),
        lost.start(makeOrder(['sleep', '0']), sink.take),
      ]);
      const work = await lost.start(makeOrder(['echo ok']), sink.take);
      expect((await work.exit).usage.exitCode).toBe(0);
      expect(sink.text('stdout')).toBe('ok\n');
      isOverdue.now = true;
      for (const result of await refused) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'JOB_SPAWN' } });
      }
      isOverdue.now = false;
      disk.thaw();
      const again = await lost.start(makeOrder(['tool', 'again']), sink.take);
      await again.exit;
      expect(sink.text('stdout')).toBe('ok\nagain\n');
    },
  );
});

/** The system's, but a look at a directory is overdue as soon as the test says so. */
function openHastyPorts(): { readonly ports: Ports; readonly isOverdue: { now: boolean } } {
  const ports = openSystemPorts();
  const isOverdue = { now: false };
  const after: Ports['timers']['after'] = (ms, run) => {
    if (ms !== directoryLookMsMax) return ports.timers.after(ms, run);
    let cancel: () => void = () => undefined;
    const look = () => {
      if (isOverdue.now) run();
      else cancel = ports.timers.after(10, look);
    };
    look();
    return () => cancel();
  };
  return { ports: { ...ports, timers: { after } }, isOverdue };
}
