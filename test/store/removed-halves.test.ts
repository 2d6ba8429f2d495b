/*
 * Halves of removals that a crash left and that can't be removed: they are no reason to refuse all other logs and artifacts.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openArtifactFiles } from '../../store/artifact-files.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { createDirectory } from './place.ts';

const withstands = vi.hoisted(() => ({ name: '' }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refusing: typeof real.rm = (path, options) =>
    withstands.name !== '' && String(path).endsWith(withstands.name)
      ? Promise.reject(Object.assign(new Error('permission denied'), { code: 'EACCES' }))
      : real.rm(path, options);
  return { ...real, rm: refusing };
});

test.each([
  ['logs', (path: string) => openLogFiles(path, { bytesMax: 1e6 })],
  ['artifacts', openArtifactFiles],
] as const)('removed halves: %s are opened, and the next opening tries again', async (_, open) => {
  const { path } = await createDirectory();
  onTestFinished(() => rm(path, { recursive: true }));
  for (const name of ['J1.1.removed', 'J2.1.removed', 'J3.1']) await mkdir(join(path, name));
  withstands.name = 'J1.1.removed';
  const store = await open(path);
  expect(await store.list()).toEqual(['J3.1']);
  await store.close();
  expect((await readdir(path)).toSorted()).toEqual(['J1.1.removed', 'J3.1']);
  withstands.name = '';
  await (await open(path)).close();
  expect(await readdir(path)).toEqual(['J3.1']);
});
