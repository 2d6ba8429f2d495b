/*
 * The kit's homes and scripts: what a test started is found and ended, and nothing else.
 *
 * Processes are real; each test ends its own, also when it fails.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Homes, openHomes } from './homes.ts';
import { type RunningScript, startScript } from './processes.ts';

const opened: AsyncDisposable[] = [];

function keep<Resource extends AsyncDisposable>(resource: Resource): Resource {
  opened.push(resource);
  return resource;
}

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

function writeScript(homes: Homes, text: string): string {
  const file = join(homes.root, 'script.mjs');
  writeFileSync(file, text);
  return file;
}

/** Starts a process that leaves its parent, as a hub in the background does. */
function startBackground(homes: Homes, env: Readonly<Record<string, string>>): RunningScript {
  const file = writeScript(
    homes,
    `import { spawn } from 'node:child_process';
    const idle = ['-e', 'setInterval(() => {}, 1000)'];
    const child = spawn(process.execPath, idle, { detached: true, stdio: 'ignore', cwd: '/' });
    child.unref();
    console.log(JSON.stringify({ pid: child.pid }));`,
  );
  return keep(startScript({ file, args: [], env, cwd: '/' }));
}

test('homes: closing ends a process in the background, and leaves those of other homes', async () => {
  const homes = keep(openHomes());
  const others = keep(openHomes());
  const mine = (await startBackground(homes, homes.hub()).result).json<{ pid: number }>();
  const theirs = (await startBackground(others, others.agent('bob')).result).json<{
    pid: number;
  }>();
  expect(homes.listProcesses()).toEqual([mine.pid]);
  await homes.close();
  expect(homes.listProcesses()).toEqual([]);
  expect(existsSync(homes.root)).toBe(false);
  expect(others.listProcesses()).toEqual([theirs.pid]);
  await homes.close();
});

test('homes: a process that was only recorded is ended too', async () => {
  const homes = keep(openHomes());
  const script = keep(startScript({ file: '-', args: [], env: {}, cwd: '/' }));
  const idle = keep(
    startScript({ file: '-e', args: ['setInterval(() => {}, 1000)'], env: {}, cwd: '/' }),
  );
  await script.result;
  homes.own(idle.pid ?? 0);
  homes.own(script.pid ?? 0);
  await homes.close();
  expect(await idle.result).toMatchObject({ signal: 'SIGKILL' });
});

test('homes: each name is a home of its own, short enough for a socket', () => {
  const homes = keep(openHomes());
  expect(homes.agent('alice').ODALLY_HOME).not.toBe(homes.agent('bob').ODALLY_HOME);
  expect(homes.hub().WALLY_HOME).toBe(homes.hub().WALLY_HOME);
  expect(`${homes.hub().WALLY_HOME}/hub.sock`.length).toBeLessThan(80);
});

test('processes: a script gives status, output and input as they were', async () => {
  const homes = keep(openHomes());
  const file = writeScript(
    homes,
    `let text = '';
    for await (const piece of process.stdin) text += piece;
    console.error('said ' + text);
    console.log('{"a":1}\\n{"a":2}');
    process.exitCode = 4;`,
  );
  const result = await keep(startScript({ file, args: [], env: {}, input: 'hello' })).result;
  expect(result).toMatchObject({ status: 4, signal: null, stderr: 'said hello\n' });
  expect(result.jsonLines()).toEqual([{ a: 1 }, { a: 2 }]);
  expect(() => result.json()).toThrow(/not one JSON value(.|\n)*said hello/);
});

test('processes: one that takes too long is ended, and the failure has its words', async () => {
  const homes = keep(openHomes());
  const file = writeScript(homes, "console.log('so far'); setInterval(() => {}, 1000);");
  const script = keep(startScript({ file, args: [], env: {}, timeoutMs: 400 }));
  await expect(script.result).rejects.toThrow(/took over 400 ms/);
});

test('processes: waiting for a line ends with the line, or with the end of the script', async () => {
  const homes = keep(openHomes());
  const file = writeScript(homes, "console.log('ready'); process.stdin.on('data', () => {});");
  const script = keep(startScript({ file, args: [], env: {} }));
  await script.until(/ready/);
  await expect(script.until(/never/)).rejects.toThrow(/ended without .*(.|\n)*ready/);
});
