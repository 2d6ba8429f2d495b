/*
 * Logs and artifacts that cannot be removed: who asks is told, and the rest opens and works on.
 *
 * What cannot be removed is a file system that is mounted in its place.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openArtifactFiles } from '../../store/artifact-files.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { openSmallDisk, whyNoSmallDisk } from '../kit/small-disk.ts';
import { createDirectory } from './place.ts';

const reason = await whyNoSmallDisk();
const leftOut = reason === undefined ? '' : ` (left out: ${reason})`;

const stores = [
  ['logs', (path: string) => openLogFiles(path, { bytesMax: 1e6 })],
  ['artifacts', openArtifactFiles],
] as const;

test.skipIf(reason !== undefined).each(stores)(
  `%s: what cannot be removed is told at each try, keeps none from opening, and goes when it can${leftOut}`,
  async (_, open) => {
    const place = await createDirectory();
    const removed = join(place.path, 'J1.1.removed');
    await mkdir(removed);
    const opening = await openSmallDisk(1, removed);
    if (opening.kind === 'left-out') throw new Error(opening.reason);
    onTestFinished(async () => {
      await opening.disk.close();
      await place.remove();
    });
    for (let start = 0; start < 2; start += 1) {
      const store = await open(place.path);
      for (let tries = 0; tries < 2; tries += 1) {
        await expect(store.remove('J1.1')).rejects.toMatchObject({ code: 'STORE_IO' });
      }
      await store.remove('J2.1');
      expect(await store.list()).toEqual([]);
      await store.close();
    }
    await opening.disk.close();
    const store = await open(place.path);
    await store.remove('J1.1');
    await store.close();
    expect(await readdir(place.path)).toEqual([]);
  },
);
