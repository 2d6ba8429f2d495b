/*
 * The commands for developers: one that was asked for in words that make no sense must not pass.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startScript } from './processes.ts';

const commands = ['sim', 'sim/mutants', 'fuzz', 'chaos', 'bench'] as const;

async function run(command: string, ...args: readonly string[]) {
  const file = fileURLToPath(new URL(`../${command}/main.ts`, import.meta.url));
  await using running = startScript({ file, args, env: { PATH: process.env.PATH ?? '' } });
  return await running.result;
}

test.each(commands)('npm run %s: its help is its usage, with status 0', async (command) => {
  const { status, stdout } = await run(command, '--help');
  expect([status, stdout]).toEqual([0, expect.stringContaining(`test/${command}/main.ts`)]);
});

test.each([
  ['sim', '--focus', 'hub-retsore'],
  ['sim/mutants', '--only', 'hello-onec'],
  ['sim/mutants', '--jobs', '0'],
  ['fuzz', '--frames', 'many'],
  ['chaos', '--shrot'],
  ['bench', '--rival', 'bullqm'],
])('npm run %s: what makes no sense (%s %s) ends it with its usage', async (command, ...args) => {
  const { status, stderr } = await run(command, ...args.filter((word) => word !== undefined));
  expect([status, stderr]).toEqual([2, expect.stringContaining(`test/${command}/main.ts`)]);
});
