/*
 * Names that outlive the loss of power: what holds what was promised is synced in the folder above it, seen in the
 * system calls of a process.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readWitness } from '../../store/witness.ts';
import { titleOf, whyNoStrace } from '../kit/strace.ts';
import { createDirectory } from './place.ts';

const run = promisify(execFile);
const reason = whyNoStrace();
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

let place: Awaited<ReturnType<typeof createDirectory>>;
let home: string;

beforeEach(async () => {
  place = await createDirectory();
  home = join(place.path, 'home');
  mkdirSync(home);
});

afterEach(() => place.remove());

/** The calls of these names that a process makes that runs this text. */
async function trace(names: string, text: string): Promise<readonly string[]> {
  const script = text.replaceAll("import('", `import('file://${root}/`);
  const file = join(place.path, 'calls');
  const node = [process.execPath, '--input-type=module', '-e', script];
  await run('strace', ['-f', '-qq', '-y', '-o', file, '-e', `trace=${names}`, ...node]);
  return readFileSync(file, 'utf8').split('\n');
}

/** Runs this text, whose imports begin at the root of the sources; resolves with the folders and files that it synced. */
async function listSynced(text: string): Promise<readonly string[]> {
  const calls = await trace('fsync,fdatasync', text);
  return calls.flatMap((line) => /sync\(\d+<([^>]*)>/.exec(line)?.[1] ?? []);
}

describe.skipIf(reason !== undefined)(titleOf('durable names', reason), () => {
  test('archive: with its first file its own name is on the disk, and those of the folders above that were made', async () => {
    const synced = await listSynced(`
      const { openArchiveFiles } = await import('store/archive-files.ts');
      const archive = openArchiveFiles(${JSON.stringify(join(home, 'deep', 'archive'))});
      await archive.append('one', new Uint8Array([1]));`);
    const folders = [join(home, 'deep', 'archive'), join(home, 'deep'), home];
    expect(synced).toEqual(expect.arrayContaining(folders));
  });

  test('artifacts: their folder’s name is on the disk before anything is in it', async () => {
    const synced = await listSynced(`
      const { openArtifactFiles } = await import('store/artifact-files.ts');
      await (await openArtifactFiles(${JSON.stringify(join(home, 'artifacts'))})).close();`);
    expect(synced).toEqual([home]);
  });

  test('restore: what was put aside is named on the disk before the word of the moves goes', async () => {
    mkdirSync(join(home, 'restore.new'));
    for (const path of ['hub.key', 'restore.new/hub.key']) writeFileSync(join(home, path), path);
    const moves = { names: ['hub.key'], aside: 'set-aside/7' };
    writeFileSync(join(home, 'restore.json'), JSON.stringify(moves));
    const synced = await listSynced(`
      const { finishRestore } = await import('store/backup-restore.ts');
      await finishRestore(${JSON.stringify(home)});`);
    const folders = [join(home, 'set-aside', '7'), join(home, 'set-aside'), home];
    expect(synced).toEqual(expect.arrayContaining(folders));
  });

  test('witness: what it says is written over in its place, so a loss of power leaves an older word and never none', async () => {
    const script = `
      const { writeWitness } = await import('store/witness.ts');
      for (const tail of [7, 8, 1000]) await writeWitness(${JSON.stringify(home)}, tail);`;
    const calls = await trace('openat,truncate,ftruncate', script);
    const opened = calls.filter((line) => line.includes('TAIL'));
    expect(opened.length).toBeGreaterThan(2);
    // The first makes it.
    expect(opened.slice(2).filter((line) => line.includes('TRUNC'))).toEqual([]);
    expect(await readWitness(home)).toBe(1000);
  });

  test('export: the name of the file is on the disk when it counts', async () => {
    const synced = await listSynced(`
      const { exportInto } = await import('cockpit/cli/export-file.ts');
      const target = await exportInto(${JSON.stringify(join(home, 'all.jsonl'))}, 7);
      await target.write('{}');
      await target.finish();`);
    expect(synced).toEqual([join(home, 'all.jsonl.7.new'), home]);
  });
});
