/*
 * Artifacts in files and in memory: the contract, and what lost power leaves of a partial.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openArtifactFiles } from '../../store/artifact-files.ts';
import {
  instantArtifactDisk,
  MemoryArtifactDisk,
  openMemoryArtifacts,
} from '../../store/artifact-memory.ts';
import { describeArtifactStore, hashOf } from '../conformance/artifact.ts';
import { createDirectory } from './place.ts';
import { createWorld } from './world.ts';

describeArtifactStore('files', async () => {
  const directory = await createDirectory();
  const open = () => openArtifactFiles(join(directory.path, 'artifacts'));
  return { open, dispose: directory.remove };
});

describeArtifactStore('memory, instant', async () => {
  const disk = instantArtifactDisk();
  return { open: () => openMemoryArtifacts(disk), dispose: async () => undefined };
});

const id = { attempt: 'J1.1', index: 0 } as const;

describe('artifacts', () => {
  test('artifact files: what a crash left half removed goes with the next opening', async () => {
    const directory = await createDirectory();
    await mkdir(join(directory.path, 'J1.1.removed'));
    await writeFile(join(directory.path, 'J1.1.removed', '0.whole'), 'x');
    const store = await openArtifactFiles(directory.path);
    expect(await store.list()).toEqual([]);
    await store.append(id, 0, Uint8Array.of(1));
    expect(await store.list()).toEqual(['J1.1']);
    await store.close();
    await directory.remove();
  });

  test('artifact memory: lost power leaves any prefix that holds what was synced, and wholes', async () => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const world = createWorld(seed);
      const disk = new MemoryArtifactDisk({ ...world, syncMs: [1, 5] });
      const store = await openMemoryArtifacts(disk);
      const whole = { ...id, index: 1 };
      await world.settle(store.append(whole, 0, Buffer.from('9')));
      await world.settle(store.commit(whole, hashOf('9')));
      await world.settle(store.append(id, 0, Uint8Array.of(1, 2)));
      await world.settle(store.sync(id));
      await world.settle(store.append(id, 2, Uint8Array.of(3, 4)));
      disk.crash();
      const after = await openMemoryArtifacts(disk);
      expect(await after.look(whole)).toEqual({ is: 'whole', bytes: 1 });
      const look = await after.look(id);
      seen.add(look.is === 'partial' ? look.bytes : -1);
    }
    expect([...seen].sort()).toEqual([2, 3, 4]);
  });
});
