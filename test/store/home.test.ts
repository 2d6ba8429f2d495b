/*
 * Making a home: all of its folders, only for its owner, and a plain word where none can be made.
 */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHome } from '../../store/home.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wy-home-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('home: every folder on the way is made, for its owner alone, also by two at once', async () => {
  const home = join(root, 'a', 'b', 'c');
  await Promise.all([openHome(home), openHome(home)]);
  for (const path of [home, join(root, 'a')]) expect(statSync(path).mode & 0o777).toBe(0o700);
  await openHome(home);
});

test('home: a file in its place, or on the way, is said', async () => {
  writeFileSync(join(root, 'file'), '');
  for (const home of [join(root, 'file'), join(root, 'file', 'below')]) {
    await expect(openHome(home)).rejects.toMatchObject({ code: 'HOME_UNWRITABLE' });
  }
});

// Node's recursive mkdir goes round for ever there.
test.runIf(existsSync('/proc/self'))('home: a place that takes no folder is said', async () => {
  await expect(openHome('/proc/nowhere/home')).rejects.toMatchObject({ code: 'HOME_UNWRITABLE' });
});
