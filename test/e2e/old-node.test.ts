/*
 * The programs under a Node.js that is too old: one clear error and no stack.
 *
 * Where this box has such a Node it is run for real; everywhere the entries are looked at: all that
 * is loaded before the version is looked at must be known to an old one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeMajorMin } from '../../protocol/node-version.ts';
import { locateProgram, startScript, type VerbResult } from '../kit/processes.ts';
import { expectJson, expectSaid } from './complaint.ts';

const oldNode = ['/usr/bin/node', '/usr/local/bin/node', '/opt/node/bin/node']
  .filter((path) => existsSync(path))
  .find((path) => readMajor(path) < nodeMajorMin);
const programs = ['wally', 'odally'] as const;

function readMajor(path: string): number {
  return Number.parseInt(
    execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }),
    10,
  );
}

async function runOld(program: 'wally' | 'odally', args: readonly string[]): Promise<VerbResult> {
  const file = locateProgram(program);
  // Nothing may be made anywhere, even by a program that goes too far.
  const env = { WALLY_HOME: '/dev/null/none', ODALLY_HOME: '/dev/null/none' };
  await using running = startScript({ file, args, env, node: oldNode ?? '' });
  return await running.result;
}

describe.skipIf(oldNode === undefined)('old node: for real (needs one on this box)', () => {
  test.each(programs)(
    '%s: says what is wrong and what to do, as text and as JSON',
    async (name) => {
      const complaint = { code: 'NODE_VERSION', status: 2 };
      expectSaid(await runOld(name, ['status']), complaint);
      expectSaid(await runOld(name, []), complaint);
      expectJson(await runOld(name, ['status', '--json']), complaint);
    },
  );

  test.each(programs)('%s: --version is answered all the same', async (name) => {
    const result = await runOld(name, ['--version']);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

/** Everything that a built file imports statically, itself and what its chunks import. */
function listStatic(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, target = ''] of text.matchAll(/^(?:import |\} from ).*?["']([^"']+)["'];$/gm)) {
    if (target.startsWith('.')) listStatic(join(dirname(file), target), seen);
    else seen.add(target);
  }
  return seen;
}

describe('old node: the entries', () => {
  // What Node 18 has, and of which nothing newer is used there.
  const known = new Set(['node:module', 'node:os', 'node:url']);

  test.each(programs)('%s: loads little and nothing new before it looks at the version', (name) => {
    const all = [...listStatic(locateProgram(name))];
    const files = all.filter((path) => path.startsWith('/'));
    expect(all.filter((path) => !files.includes(path) && !known.has(path))).toEqual([]);
    const bytes = files.reduce((sum, path) => sum + readFileSync(path).length, 0);
    expect(files.length).toBeGreaterThan(1);
    expect(bytes).toBeLessThan(16 * 1024);
  });
});
