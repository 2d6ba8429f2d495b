/*
 * What a job's patterns find: plain files inside its directory, whatever else the job has put there.
 */
import { execFileSync } from 'node:child_process';
import { link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findArtifacts } from '../../../agent/work/find-artifacts.ts';
import { GlobThreads } from '../../../agent/work/glob-thread.ts';
import { artifactBytesMax, globMsMax } from '../../../agent/work/limits.ts';
import { isInsidePattern } from '../../../protocol/artifact-pattern.ts';
import { artifactsCountMax } from '../../../protocol/limits.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { createDirectory } from '../../store/place.ts';

let directory: Awaited<ReturnType<typeof createDirectory>>;
let job: string;
const globs = new GlobThreads(openSystemPorts().timers);

beforeEach(async () => {
  directory = await createDirectory();
  job = join(directory.path, 'job');
  await mkdir(join(job, 'a', 'b'), { recursive: true });
  await writeFile(join(directory.path, 'secret'), 'key');
});

afterEach(() => directory.remove());

async function find(...patterns: readonly string[]): Promise<Record<string, string>> {
  const { found, missed } = await findArtifacts({ directory: job, patterns, globs });
  const told: Record<string, string> = {};
  for (const { path, read } of found) {
    const pieces: Uint8Array[] = [];
    for await (const piece of read()) pieces.push(piece);
    told[path] = Buffer.concat(pieces).toString();
  }
  for (const { path, code } of missed) told[path] = code;
  return told;
}

describe('find artifacts', () => {
  test('find artifacts: patterns match files at any depth, each once, and no directories', async () => {
    for (const path of ['x.txt', 'a/y.txt', 'a/b/z.txt', 'a/b/z.log'])
      await writeFile(join(job, path), path);
    expect(await find('**/*.txt', 'a/*.txt', 'a/**')).toEqual({
      'x.txt': 'x.txt',
      'a/y.txt': 'a/y.txt',
      'a/b/z.txt': 'a/b/z.txt',
      'a/b/z.log': 'a/b/z.log',
    });
  });

  test('find artifacts: a name that would be matched for ever costs that pattern, and nobody else', async () => {
    // At once where a minute would pass.
    const { after } = openSystemPorts().timers;
    const hurried = new GlobThreads({
      after: (delayMs, run) => after(delayMs === globMsMax ? 1000 : delayMs, run),
    });
    await writeFile(join(job, 'a'.repeat(60)), '');
    await writeFile(join(job, 'x.txt'), 'x');
    const patterns = ['*.txt', '*a*a*a*a*a*a*a*a*a*a*b'];
    const { found, missed } = await findArtifacts({ directory: job, patterns, globs: hurried });
    expect(found.map(({ path }) => path)).toEqual(['x.txt']);
    expect(missed).toEqual([{ path: patterns[1], code: 'ARTIFACT_REFUSED' }]);
  });

  test('find artifacts: more looks at once than there may be threads wait, and all are answered', async () => {
    await writeFile(join(job, 'x.txt'), 'x');
    const wish = { directory: job, patterns: ['*.txt'], globs };
    const all = await Promise.all(Array.from({ length: 9 }, () => findArtifacts(wish)));
    expect(all.map(({ found }) => found.length)).toEqual(Array(9).fill(1));
  });

  test('find artifacts: what matches nothing is named by its pattern', async () => {
    expect(await find('*.none')).toEqual({ '*.none': 'ARTIFACT_UNKNOWN' });
    job = join(directory.path, 'gone');
    expect(await find('*')).toEqual({ '*': 'ARTIFACT_UNKNOWN' });
  });

  test('find artifacts: no link is followed, at the end of a path or on the way to it', async () => {
    await symlink(join(directory.path, 'secret'), join(job, 'file'));
    await symlink(directory.path, join(job, 'folder'));
    await symlink('a', join(job, 'inside'));
    await writeFile(join(job, 'a', 'y'), 'y');
    expect(await find('file', 'folder/secret', 'inside/y', '**/secret', 'dangling*')).toEqual({
      file: 'ARTIFACT_REFUSED',
      'folder/secret': 'ARTIFACT_REFUSED',
      'inside/y': 'ARTIFACT_REFUSED',
      '**/secret': 'ARTIFACT_UNKNOWN',
      'dangling*': 'ARTIFACT_UNKNOWN',
    });
  });

  test('find artifacts: a pipe is not opened, and a second name of a file is a file', async () => {
    execFileSync('mkfifo', [join(job, 'pipe')]);
    await writeFile(join(job, 'one'), '1');
    await link(join(job, 'one'), join(job, 'two'));
    expect(await find('*')).toEqual({ pipe: 'ARTIFACT_REFUSED', one: '1', two: '1' });
  });

  test('find artifacts: a pattern that leads out is refused, by both sides', async () => {
    for (const pattern of [
      '../secret',
      'a/../../secret',
      '/etc/passwd',
      '~/x',
      'C:\\x',
      '..',
      '',
    ]) {
      expect(isInsidePattern(pattern), pattern).toBe(false);
      expect(await find(pattern)).toEqual({ [pattern]: 'ARTIFACT_REFUSED' });
    }
    for (const pattern of ['a', '**', 'a..b/*', '.hidden', '{a,b}/*.txt']) {
      expect(isInsidePattern(pattern), pattern).toBe(true);
    }
  });

  test('find artifacts: one byte over the size of a file, or one file over the count, is named', async () => {
    await writeFile(join(job, 'large'), '');
    await truncate(join(job, 'large'), artifactBytesMax + 1);
    expect(await find('large')).toEqual({ large: 'ARTIFACT_TOO_LARGE' });
    for (let n = 0; n <= artifactsCountMax; n += 1) await writeFile(join(job, 'a', `${n}`), '');
    const { found, missed } = await findArtifacts({ directory: job, patterns: ['a/*'], globs });
    expect(found).toHaveLength(artifactsCountMax);
    expect(missed).toEqual([{ path: 'a/*', code: 'ARTIFACT_TOO_LARGE' }]);
  });
});
