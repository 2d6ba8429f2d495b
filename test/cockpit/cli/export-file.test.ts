/*
 * The file of an export: whole or not there, and a place that it cannot have is named before anything is asked for.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exportInto } from '../../../cockpit/cli/export-file.ts';
import { createDirectory } from '../../store/place.ts';

async function openPlace(): Promise<string> {
  const place = await createDirectory();
  onTestFinished(place.remove);
  return place.path;
}

test('export: a file that is there is written over once the new one is whole', async () => {
  const place = await openPlace();
  const file = join(place, 'all.jsonl');
  writeFileSync(file, 'before');
  const target = await exportInto(file, 7);
  await target.write('{}\n');
  expect(readFileSync(file, 'utf8')).toBe('before');
  await target.finish();
  expect(readFileSync(file, 'utf8')).toBe('{}\n');
  expect(readdirSync(place)).toEqual(['all.jsonl']);
});

test('export: a directory is no file, which is said at once and leaves nothing', async () => {
  const place = await openPlace();
  const folder = join(place, 'folder');
  mkdirSync(folder);
  await expect(exportInto(folder, 7)).rejects.toMatchObject({
    code: 'USAGE_ARGUMENT',
    message: `export: ${folder} is a directory; name a file in it.`,
  });
  expect(readdirSync(place)).toEqual(['folder']);
});

test('export: a file that cannot be made is named, and no home is blamed', async () => {
  const file = join(await openPlace(), 'none', 'all.jsonl');
  await expect(exportInto(file, 7)).rejects.toMatchObject({
    code: 'USAGE_ARGUMENT',
    message: expect.stringMatching(/^export: .*all\.jsonl cannot be written \(ENOENT: /),
  });
});
