/*
 * The real disk under a home: its measure, and the ballast as a file that really takes its room.
 */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openDiskPort } from '../../store/disk-files.ts';
import type { DiskPort } from '../../store/disk-watch.ts';
import { createDirectory } from './place.ts';

const size = 3 * 1024 * 1024 + 5;

let home: Awaited<ReturnType<typeof createDirectory>>;
let ballast: string;
let disk: DiskPort;

beforeEach(async () => {
  home = await createDirectory();
  ballast = join(home.path, 'ballast');
  disk = openDiskPort({ directory: home.path, ballast }, openSystemPorts().random);
});

afterEach(() => home.remove());

describe('disk files', () => {
  it('measure: says what is free and what there is', async () => {
    const { freeBytes, totalBytes } = await disk.measure();
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });

  it('ballast: every byte of it is allocated, and it goes again', async () => {
    await disk.makeBallast(size);
    const { size: bytes, blocks, mode } = await stat(ballast);
    expect([bytes, mode & 0o777]).toEqual([size, 0o600]);
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
    expect(await disk.findBallast()).toBe(size);
    await disk.dropBallast();
    await disk.dropBallast();
    expect([await disk.findBallast(), await readdir(home.path)]).toEqual([0, []]);
  });

  it('ballast: what a crash left half made is none, and goes', async () => {
    await writeFile(`${ballast}.new`, 'half');
    expect([await disk.findBallast(), await readdir(home.path)]).toEqual([0, []]);
  });

  it('ballast: one that cannot be made leaves nothing behind', async () => {
    await disk.makeBallast(10);
    const astray = join(home.path, 'nowhere', 'ballast');
    const other = openDiskPort({ directory: home.path, ballast: astray }, openSystemPorts().random);
    await expect(other.makeBallast(size)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(home.path)).toEqual(['ballast']);
  });
});
