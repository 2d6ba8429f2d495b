/*
 * Versions in a home: proved by their bytes, switched by renames, removed only where nothing needs them.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findBuild,
  findLinked,
  findRuntime,
  listVersions,
  planRemoval,
  proveVersion,
  removeVersion,
  saveRuntime,
  switchBack,
  switchVersion,
} from '../../../agent/install/versions.ts';
import { hashBytes, hashFiles, nameVersion } from '../../../protocol/manifest.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'versions-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Lays a version of these files; gives its name. */
function lay(texts: Readonly<Record<string, string>>, age = 0): string {
  const files = Object.fromEntries(
    Object.entries(texts).map(([path, text]) => [path, hashBytes(text)]),
  );
  const manifest = { version: '1.0.0', platform: 'linux-x64', files, hash: hashFiles(files) };
  const name = nameVersion(manifest);
  const directory = join(home, 'versions', name);
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  utimesSync(directory, 1000 - age, 1000 - age);
  return name;
}

const tampered = expect.objectContaining({ code: 'VERSION_TAMPERED' });

describe('versions', () => {
  test('versions: a whole one is proved; a changed, a missing and a further file are each found', async () => {
    const name = lay({ 'odally.js': 'run', 'native/x/a.node': 'bits' });
    const file = (path: string) => join(home, 'versions', name, path);
    expect(await proveVersion(home, name)).toMatchObject({ version: '1.0.0' });
    writeFileSync(file('native/x/a.node'), 'other');
    await expect(proveVersion(home, name)).rejects.toEqual(tampered);
    rmSync(file('native/x/a.node'));
    await expect(proveVersion(home, name)).rejects.toEqual(tampered);
    writeFileSync(file('native/x/a.node'), 'bits');
    writeFileSync(file('more.js'), '');
    await expect(proveVersion(home, name)).rejects.toEqual(tampered);
    rmSync(file('more.js'));
    await expect(proveVersion(home, name)).resolves.toBeDefined();
  });

  test('versions: one under another’s name, and a name that is no version, are not taken', async () => {
    const name = lay({ 'odally.js': 'run' });
    symlinkSync(name, join(home, 'versions', '1.0.0-000000000000'));
    await expect(proveVersion(home, '1.0.0-000000000000')).rejects.toEqual(tampered);
    for (const wrong of ['../..', '', 'x', `${name}/..`]) {
      await expect(proveVersion(home, wrong)).rejects.toMatchObject({ code: 'VERSION_UNKNOWN' });
    }
  });

  test('versions: switching keeps what was before, switching back forgets what was tried', async () => {
    const [a, b] = [lay({ 'odally.js': 'a' }), lay({ 'odally.js': 'b' })];
    await switchVersion(home, a);
    expect(await findLinked(home, 'previous')).toBeUndefined();
    await switchVersion(home, b);
    await switchVersion(home, b);
    expect([await findLinked(home, 'current'), await findLinked(home, 'previous')]).toEqual([b, a]);
    await switchBack(home, a);
    expect([await findLinked(home, 'current'), await findLinked(home, 'previous')]).toEqual([
      a,
      undefined,
    ]);
    expect(findBuild(join(home, 'versions', a, 'odally.js'))).toBe(a);
    expect(findBuild(join(home, 'dist', 'odally.js'))).toBeUndefined();
  });

  test('versions: the newest and what is named stay; a runtime goes with the last that needs it', async () => {
    const names = [0, 10, 20, 30].map((age) => lay({ 'odally.js': `v${age}` }, age));
    const node = join(home, 'runtime', 'node-1', 'bin', 'node');
    mkdirSync(join(node, '..'), { recursive: true });
    for (const name of names.slice(2)) await saveRuntime(home, name, node);
    await saveRuntime(home, names[0] ?? '', '/usr/bin/node');
    const listed = await listVersions(home);
    expect(listed.map(({ name }) => name)).toEqual(names);
    const kept = { names: new Set([names[3] ?? '']), newestCount: 2 };
    expect(planRemoval(listed, kept)).toEqual([names[2]]);
    await removeVersion(home, names[2] ?? '');
    expect(existsSync(join(home, 'runtime', 'node-1'))).toBe(true);
    await removeVersion(home, names[3] ?? '');
    expect(existsSync(join(home, 'runtime', 'node-1'))).toBe(false);
    expect(await findRuntime(home, names[0] ?? '')).toBe('/usr/bin/node');
    await expect(removeVersion(home, '..')).rejects.toMatchObject({ code: 'VERSION_UNKNOWN' });
  });
});
