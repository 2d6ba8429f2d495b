/*
 * A store on a disk with places that cannot be read: a repair reads around them, and says what is missing.
 */
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../../store/format.ts';
import { openLevelKv } from '../../../store/open.ts';
import { oneFileThread, titleOf, whyNoStrace } from '../../kit/strace.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { createDirectory } from '../place.ts';

const run = promisify(execFile);
const reason = whyNoStrace();

let place: Awaited<ReturnType<typeof createDirectory>>;
let store: string;

/** Some MiB of rows, most of them in a table. */
beforeEach(async () => {
  place = await createDirectory();
  store = join(place.path, 'store');
  const kv = await openLevelKv(store, { writeBufferBytes: 4 * 1024 * 1024 });
  await openStore(kv, new FakePorts().random);
  for (let n = 0; n < 60; n += 1) {
    const value = new Uint8Array(100 * 1024).map((_, at) => (at * (n + 7)) % 251);
    await kv.batch([{ type: 'put', key: `j/${String(n).padStart(3, '0')}`, value }], 'synced');
  }
  await kv.close();
});

afterEach(() => place.remove());

/** What a salvage finds while these reads of a file fail as those of a disk that dies. */
async function salvage(file: string, when: string) {
  const url = new URL('../../../store/salvage/salvage.ts', import.meta.url).href;
  const script = `
    const { salvageStore } = await import(${JSON.stringify(url)});
    const { rows, lost, mended } = await salvageStore(${JSON.stringify(store)});
    const count = rows.filter(({ key }) => key.startsWith('j/')).length;
    console.log(JSON.stringify({ count, lost, mended }));`;
  const faults = [
    ...['-e', 'trace=read,pread64', '-P', join(store, file)],
    ...['-e', 'inject=read:error=EIO:when=1+', '-e', `inject=pread64:error=EIO:when=${when}`],
  ];
  const node = [process.execPath, '--input-type=module', '-e', script];
  const env = { ...process.env, ...oneFileThread };
  const { stdout } = await run('strace', ['-f', '-qq', '-o', '/dev/null', ...faults, ...node], {
    env,
  });
  return JSON.parse(stdout) as {
    readonly count: number;
    readonly lost: readonly string[];
    readonly mended: readonly string[];
  };
}

function findTable(): string {
  return readdirSync(store).find((name) => name.endsWith('.ldb')) ?? '';
}

describe.skipIf(reason !== undefined)(titleOf('unreadable', reason), () => {
  test('salvage: of a table with a page that cannot be read the rest is read, and the gap is said', async () => {
    const { count, lost, mended } = await salvage(findTable(), '40');
    expect(count).toBeGreaterThan(50);
    expect(count).toBeLessThan(60);
    expect(lost).toEqual([expect.stringMatching(/^a part of .* cannot be read: rows /)]);
    expect(mended).toEqual([
      expect.stringMatching(/^4096 bytes of .*ldb cannot be read from the disk$/),
    ]);
  });

  test('salvage: a table that cannot be read at all is said with the bounds of its rows', async () => {
    const table = findTable();
    const { count, lost, mended } = await salvage(table, '1+');
    expect(count).toBeLessThan(60);
    expect(lost).toEqual([expect.stringMatching(/cannot be read: rows from j\/000 to /)]);
    const { size } = statSync(join(store, table));
    expect(mended).toEqual([`${size} bytes of ${table} cannot be read from the disk`]);
  });
});
