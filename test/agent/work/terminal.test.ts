/*
 * A person's shell in a real terminal: where it opens, what it sees, and that nothing of it stays.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listPids } from '../../../agent/work/process-table.ts';
import type { Shell, ShellOrder, Workshop } from '../../../agent/work/work.ts';
import { type Folder, makeFolder, openShop } from './bench.ts';

let folder: Folder;
let home: string;
let shop: Workshop;
const shells: Shell[] = [];

beforeEach(() => {
  folder = makeFolder();
  home = join(folder.path, 'home');
  mkdirSync(home);
  const baseEnv = { PATH: process.env.PATH, HOME: home, SHELL: '/bin/sh', SECRET: 'hidden' };
  shop = openShop(folder, { baseEnv });
});

afterEach(async () => {
  for (const shell of shells.splice(0)) {
    shell.end();
    await shell.exit;
  }
  folder.remove();
});

/** A shell whose output is read until a test asks for a pause. */
async function open(order: Partial<ShellOrder> = {}) {
  const heard = { text: '', bytes: 0 };
  const shell = await shop.openShell({
    mark: `store/terminal-${Math.random()}`,
    columns: 80,
    rows: 24,
    term: 'xterm-256color',
    take: (bytes) => {
      heard.bytes += bytes.length;
      heard.text = (heard.text + Buffer.from(bytes).toString()).slice(-100_000);
      return 'more';
    },
    ...order,
  });
  shells.push(shell);
  const type = (text: string) => shell.write(Buffer.from(text));
  const until = (pattern: RegExp) =>
    vi.waitUntil(() => pattern.exec(heard.text), { timeout: 15_000, interval: 10 });
  return { shell, heard, type, until };
}

/** Processes of `sleep` with just this argument. */
function listSleeping(seconds: number): readonly number[] {
  return listPids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === `sleep\0${seconds}\0`;
    } catch {
      // It ended while it was looked at.
      return false;
    }
  });
}

test('terminal: what is typed runs, in the home, with a size, and its status comes back', async () => {
  const { shell, type, until } = await open({ columns: 101, rows: 33 });
  expect(realpathSync(shell.directory)).toBe(realpathSync(home));
  await type('echo $((6*7)); stty size; pwd; tty -s && echo terminal\r');
  await until(/42\r\n33 101\r\n\S*\/home\r\nterminal/);
  shell.resize(60, 20);
  await type('stty size\r');
  await until(/20 60/);
  await type('exit 3\r');
  expect(await shell.exit).toEqual({ exitCode: 3 });
});

test('terminal: the environment is that of a command, with the job that it stands in', async () => {
  const { type, until, heard } = await open({ attempt: 'J7.2', term: 'screen\nEVIL=1' });
  await type('env; echo done-$((1+1))\r');
  await until(/done-2/);
  expect(heard.text).toMatch(/WALLY_JOB=J7\r/);
  expect(heard.text).toMatch(/WALLY_ATTEMPT=J7\.2\r/);
  expect(heard.text).toMatch(/TERM=xterm-256color\r/);
  expect(heard.text).toMatch(/COLORTERM=truecolor\r/);
  expect(heard.text).toMatch(/LANG=/);
  expect(heard.text).not.toMatch(/SECRET|EVIL|FORCE_COLOR/);
});

test('terminal: it opens where the job works: what its spec names, else its own directory while that is there', async () => {
  const named = join(folder.path, 'named');
  const own = join(folder.path, 'jobs', 'J7.2');
  mkdirSync(named);
  mkdirSync(own, { recursive: true });
  expect((await open({ attempt: 'J7.2', directory: named })).shell.directory).toBe(named);
  expect((await open({ attempt: 'J7.2' })).shell.directory).toBe(own);
  expect((await open({ attempt: 'J7.2', directory: '/none' })).shell.directory).toBe(own);
  expect((await open({ attempt: 'J8.1', directory: 'relative' })).shell.directory).toBe(home);
});

test('terminal: its end leaves nothing: not jobs in groups of their own, not what forgot its mark', async () => {
  const { shell, type, until } = await open();
  const slept = 4_000_000 + process.pid;
  await type('set -m\r');
  for (const how of ['', 'env -i', 'setsid', 'nohup']) await type(`${how} sleep ${slept} &\r`);
  await type('echo started-$((1+1))\r');
  await until(/started-2/);
  await vi.waitUntil(() => listSleeping(slept).length === 4, { timeout: 10_000 });
  shell.end();
  shell.end();
  expect(await shell.exit).toEqual({ signal: 'SIGHUP' });
  expect(listSleeping(slept)).toEqual([]);
});

test('terminal: a shell that ignores the hangup is killed after the grace', async () => {
  const { shell, type, until } = await open();
  await type("trap '' HUP; echo deaf-$((1+1))\r");
  await until(/deaf-2/);
  shell.end();
  expect(await shell.exit).toEqual({ signal: 'SIGKILL' });
});

test('terminal: who takes no more stops the shell from writing, until they do', async () => {
  let isOpen = false;
  let taken = 0;
  const { shell, type } = await open({
    take: (bytes) => {
      taken += bytes.length;
      return isOpen ? 'more' : 'pause';
    },
  });
  await type('yes | head -c 4000000; exit\r');
  await vi.waitUntil(() => taken > 0);
  // All that could come without leave has come once the shell has stood still for many turns.
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBeLessThan(200_000);
  isOpen = true;
  shell.resume();
  await shell.exit;
  expect(taken).toBeGreaterThan(4_000_000);
});

test('terminal: input that nobody reads is not taken', async () => {
  const { shell, type, until } = await open();
  await type('stty raw -echo; echo raw-$((1+1)); sleep 1000\r');
  await until(/raw-2/);
  let takenCount = 0;
  const typing = (async () => {
    for (let n = 0; n < 100; n += 1) {
      await shell.write(new Uint8Array(16 * 1024).fill(97));
      takenCount += 1;
    }
  })();
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  // Pipes hold a few hundred KiB.
  expect(takenCount).toBeLessThan(40);
  shell.end();
  await typing;
});

test('terminal: what a crashed agent left is found by the beginning of its mark, and ended', async () => {
  const { type, until } = await open({ mark: 'lost/terminal-5' });
  await type('setsid sleep 1005 & echo left-$((1+1))\r');
  await until(/left-2/);
  expect(await shop.reapShells('other/terminal-')).toBe(0);
  expect(await shop.reapShells('lost/terminal-')).toBeGreaterThanOrEqual(2);
});

test('terminal: a shell that is not there is replaced by /bin/sh', async () => {
  const baseEnv = { PATH: process.env.PATH, HOME: '/none', SHELL: '/none/sh' };
  shop = openShop(folder, { baseEnv });
  const { shell, type, until } = await open();
  expect(existsSync(shell.directory)).toBe(true);
  await type('echo $SHELL $((6*7))\r');
  await until(/\/bin\/sh 42/);
  expect(listPids().length).toBeGreaterThan(0);
});
