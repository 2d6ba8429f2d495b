/*
 * The store on LevelDB: the contract, and what its file promises beyond it: locks, damage, power
 * lost during creation, and refusal after the first failed write.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLevelKv } from '../../store/open.ts';
import { describeKv } from '../conformance/store.ts';
import { createDirectory } from './place.ts';

describeKv('level', async () => {
  const directory = await createDirectory();
  return { open: () => openLevelKv(join(directory.path, 'db')), dispose: directory.remove };
});

describe('level store', () => {
  let directory: Awaited<ReturnType<typeof createDirectory>>;
  let path: string;

  beforeEach(async () => {
    directory = await createDirectory();
    path = join(directory.path, 'deep', 'db');
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await directory.remove();
  });

  it('open: another process as owner is STORE_LOCKED, and after its death the store opens', async () => {
    const child = startWriter(path, { fileKib: undefined });
    const lines = child.lines;
    await lines.next();
    await expect(openLevelKv(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    const kv = await openLevelKv(path);
    expect(await kv.get('000000')).toBeDefined();
    await kv.close();
  });

  it('open: a new store holds no row', async () => {
    const kv = await openLevelKv(path);
    expect(await kv.range(whole)).toEqual([]);
    await kv.close();
  });

  it('open: a store torn by lost power during its creation is made anew', async () => {
    await (await openLevelKv(path)).close();
    await rm(join(path, 'CREATED'));
    await emptyManifest(path);
    const kv = await openLevelKv(path);
    await kv.batch([{ type: 'put', key: 'a', value: Uint8Array.of(1) }], 'synced');
    await kv.close();
    const again = await openLevelKv(path);
    expect(await again.get('a')).toEqual(Uint8Array.of(1));
    await again.close();
  });

  it('open: a damaged store that was once whole is STORE_DAMAGED and left as it is', async () => {
    await (await openLevelKv(path)).close();
    await emptyManifest(path);
    const before = (await readdir(path)).filter((name) => !/^LOG/.test(name));
    await expect(openLevelKv(path)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    await expect(openLevelKv(path)).rejects.toThrow(path);
    expect((await readdir(path)).filter((name) => !/^LOG/.test(name))).toEqual(before);
  });

  it('open: a store that has lost its CURRENT file is STORE_DAMAGED, and never begun anew', async () => {
    const kv = await openLevelKv(path);
    await kv.batch([{ type: 'put', key: 'a', value: new Uint8Array([1]) }], 'synced');
    await kv.close();
    const names = async () => (await readdir(path)).filter((name) => !/^LOG/.test(name));
    await rm(join(path, 'CURRENT'));
    const before = await names();
    await expect(openLevelKv(path)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await names()).toEqual(before);
  });

  it('open: a directory that cannot be made is STORE_IO with its cause', async () => {
    await mkdir(join(directory.path, 'deep'));
    await writeFile(path, 'a file where the directory should be');
    const opening = openLevelKv(path);
    await expect(opening).rejects.toMatchObject({ code: 'STORE_IO', cause: { code: 'EEXIST' } });
  });

  it('batch: after a write that the disk refused, everything is refused and nothing acked is lost', async () => {
    // The limit on file size makes a write fail in its middle, as a full disk does.
    const child = startWriter(path, { fileKib: 256 });
    const acked: string[] = [];
    for await (const line of child.lines) {
      if (line.startsWith('{')) {
        expect(JSON.parse(line)).toEqual({
          failed: 'STORE_IO',
          waiting: 'STORE_IO',
          batch: 'STORE_IO',
          get: 'STORE_IO',
          range: 'STORE_IO',
        });
        break;
      }
      acked.push(line);
    }
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    const kv = await openLevelKv(path);
    const kept = new Set((await kv.range(whole)).map(({ key }) => key));
    expect(acked.length).toBeGreaterThan(100);
    expect(acked.filter((key) => !kept.has(key))).toEqual([]);
    await kv.close();
  });
});

const whole = { gte: '', lt: '\u{10FFFF}', countMax: 1e6, order: 'ascending' } as const;

const children: ChildProcess[] = [];

interface Writer {
  readonly process: ChildProcess;
  readonly lines: AsyncIterableIterator<string>;
}

function startWriter(path: string, { fileKib }: { readonly fileKib: number | undefined }): Writer {
  const program = fileURLToPath(new URL('./level-writer.ts', import.meta.url));
  const limit = fileKib === undefined ? '' : `ulimit -f ${fileKib}; `;
  const command = `${limit}exec "$0" "$1" "$2"`;
  const child = spawn('bash', ['-c', command, process.execPath, program, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return { process: child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

async function emptyManifest(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (name.startsWith('MANIFEST-')) await truncate(join(path, name), 0);
  }
}
