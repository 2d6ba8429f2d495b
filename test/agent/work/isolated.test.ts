/*
 * Work kept apart, for real: another user, limits that are watched, and a scope of a systemd that is ours.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Isolation } from '../../../agent/policy/isolation.ts';
import { openIsolationBox } from '../../../agent/work/box-isolation.ts';
import { findProcess } from '../../../agent/work/process-table.ts';
import { nameSharedFolder } from '../../../agent/work/shared-folder.ts';
import type { Work, WorkOrder, WorkRules, Workshop } from '../../../agent/work/work.ts';
import type { CommandSpec } from '../../../protocol/model.ts';
import { openLevelKv } from '../../../store/open.ts';
import { type Folder, makeFolder, makeOrder, openShop, Sink } from './bench.ts';

const isRoot = process.getuid?.() === 0;
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534, home: '/nonexistent', shell: '/bin/sh' };

let folder: Folder;
let shop: Workshop;
let sink: Sink;

beforeEach(() => {
  folder = makeFolder();
  // As a home is: closed to others, with a key in it.
  writeFileSync(join(folder.path, 'odally.key'), 'secret seed', { mode: 0o600 });
  shop = openShop(folder, { graceMs: 300 });
  sink = new Sink();
});

afterEach(() => {
  folder.remove();
  rmSync(nameSharedFolder(join(folder.path, 'jobs')), { recursive: true, force: true });
});

function keepApart(isolation: Partial<Isolation>): WorkRules {
  return {
    isolation: { scope: 'none', limits: {}, unheld: [], ...isolation },
    passed: [],
    findDirectoryRefusal: async () => undefined,
    findFileRefusal: () => undefined,
  };
}

function start(
  command: readonly string[],
  isolation: Partial<Isolation>,
  spec: Partial<CommandSpec> = {},
): Promise<Work> {
  const order: WorkOrder = { ...makeOrder(command, spec), rules: keepApart(isolation) };
  return shop.start(order, sink.take);
}

describe.runIf(isRoot)('another user', () => {
  test('what lies in a folder of our name that somebody else made is not swept', async () => {
    const shared = nameSharedFolder(join(folder.path, 'jobs'));
    mkdirSync(join(shared, 'J1.1'), { recursive: true });
    chownSync(shared, nobody.uid, nobody.gid);
    await shop.sweep([]);
    expect(existsSync(join(shared, 'J1.1'))).toBe(true);
    chownSync(shared, 0, 0);
    await shop.sweep([]);
    expect(existsSync(join(shared, 'J1.1'))).toBe(false);
  });

  test('work cannot read the key, has a directory and output of its own, and no groups of root', async () => {
    const key = join(folder.path, 'odally.key');
    const text = `id -u; id -G; cat ${key} || echo shut; echo x > f && cat f; pwd; echo o > /dev/stdout; echo $HOME`;
    const { usage } = await (await start([text], { user: nobody })).exit;
    const lines = sink.text('stdout').trim().split('\n');
    const shared = nameSharedFolder(join(folder.path, 'jobs'));
    expect(lines).toEqual([
      ...['65534', '65534', 'shut', 'x'],
      expect.stringMatching(new RegExp(`^${shared}/J\\d+\\.1$`)),
      ...['o', '/nonexistent'],
    ]);
    expect([usage.exitCode, sink.text('stderr')]).toEqual([0, expect.stringMatching(/denied/i)]);
    expect(existsSync(lines[4] ?? '')).toBe(false);
  });

  test('work holds no file of the agent’s: neither its store’s nor what the agent was started with', async () => {
    const kv = await openLevelKv(join(folder.path, 'store'));
    try {
      const text = 'for f in /proc/self/fd/*; do echo "fd $(readlink $f)"; done; cat';
      const { usage } = await (await start([text], { user: nobody })).exit;
      expect(usage.exitCode).toBe(0);
      expect(sink.text('stdout')).toContain('fd /dev/null');
      expect(sink.text('stdout')).not.toContain(join(folder.path, 'store'));
    } finally {
      await kv.close();
    }
  });

  test('it is ended as any other, and found again by its mark', async () => {
    const work = await start(['sleep 100 & echo c=$!; wait'], { user: nobody });
    const child = await sink.pid('c');
    await shop.reap(work.process);
    expect((await work.exit).usage.signal).toBe('SIGKILL');
    expect(findProcess(child)?.isZombie ?? true).toBe(true);
  });

  test('only files of its own leave, whatever the agent could read', async () => {
    const cwd = join(folder.path, 'open');
    chmodSync(folder.path, 0o711);
    mkdirSync(cwd);
    chmodSync(cwd, 0o777);
    writeFileSync(join(cwd, 'roots.txt'), 'of root', { mode: 0o600 });
    const found: string[] = [];
    const missed: string[] = [];
    const order: WorkOrder = {
      ...makeOrder(['echo own > own.txt'], { cwd, artifacts: ['*.txt'] }),
      rules: keepApart({ user: nobody }),
      collect: async (artifacts) => {
        found.push(...artifacts.found.map(({ path }) => path));
        missed.push(...artifacts.missed.map(({ path, code }) => `${path} ${code}`));
      },
    };
    await (await shop.start(order, sink.take)).exit;
    expect([found, missed]).toEqual([['own.txt'], ['roots.txt ARTIFACT_REFUSED']]);
  });

  test('a checkout at a base, which lies in the home, is refused', async () => {
    const repo = { path: folder.path, base: 'main' };
    await expect(start(['true'], { user: nobody }, { repo })).rejects.toMatchObject({
      code: 'POLICY_ISOLATION',
    });
  });

  test('a terminal is that user’s too, and holds no file of the agent’s', async () => {
    const kv = await openLevelKv(join(folder.path, 'store'));
    const said: string[] = [];
    const shell = await shop.openShell({
      ...{ mark: `t-${process.pid}`, columns: 80, rows: 24, term: 'xterm' },
      rules: keepApart({ user: nobody }),
      take: (bytes) => {
        said.push(Buffer.from(bytes).toString());
        return 'more';
      },
    });
    const files = 'for f in /proc/self/fd/*; do echo "fd $(readlink $f)"; done';
    await shell.write(Buffer.from(`echo "me=$(id -u) groups=$(id -G)"; ${files}; exit\n`));
    await shell.exit;
    await kv.close();
    expect(said.join('')).toContain('me=65534 groups=65534');
    expect(said.join('')).toContain('fd /dev/');
    expect(said.join('')).not.toContain(join(folder.path, 'store'));
  });

  test('a bomb of forks is contained, and nothing of it is left', async () => {
    const bomb = 'b() { b | b & }; b; sleep 1';
    const limits = { processesMax: 20 };
    const work = await start([bomb], { user: nobody, limits });
    const { breach } = await work.exit;
    // Whichever was quicker: the limit of the user, at which it burns out, or the watch.
    if (breach !== undefined) expect(breach.code).toBe('POLICY_LIMIT');
    expect(await shop.reap(work.process)).toBe(0);
  });
});

describe('limits', () => {
  const hog = [process.execPath, '-e', 'const a = []; for (;;) a.push(Buffer.alloc(4e6, 1))'];

  test('what takes too much memory is ended at once, and said why', async () => {
    const limits = { memoryBytesMax: 200 * 2 ** 20 };
    const { usage, breach } = await (await start(hog, { limits })).exit;
    expect(usage.exitCode).not.toBe(0);
    // The watch, or where that was too slow the limit of the process.
    if (usage.signal === 'SIGKILL') {
      expect(breach?.reason).toContain('limits.memory_bytes_max = 209715200; it had ');
    }
  });

  test('what has too many processes is ended at once with all of them, and said why', async () => {
    const crowd = 'for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; wait';
    const { usage, breach } = await (await start([crowd], { limits: { processesMax: 5 } })).exit;
    expect(usage.signal).toBe('SIGKILL');
    expect(breach).toMatchObject({
      code: 'POLICY_LIMIT',
      reason: expect.stringContaining('policy.toml: limits.processes_max = 5; it had '),
    });
  });

  test('what stays below them is not touched', async () => {
    const limits = { memoryBytesMax: 2 ** 30, processesMax: 10 };
    const { usage, breach } = await (await start(['sleep 0.5; echo ok'], { limits })).exit;
    expect([usage.exitCode, breach, sink.text('stdout')]).toEqual([0, undefined, 'ok\n']);
  });

  test('behind the shell that sets them a command that is not there is still said to be so', async () => {
    const limits = { memoryBytesMax: 2 ** 30 };
    await expect(start(['no-such-command', 'x'], { limits })).rejects.toMatchObject({
      code: 'JOB_SPAWN',
      message: expect.stringContaining('there is no such command'),
    });
  });

  test('behind it a command is found by its path from where it runs', async () => {
    writeFileSync(join(folder.path, 'tool'), '#!/bin/sh\necho "$1"\n', { mode: 0o755 });
    const limits = { memoryBytesMax: 2 ** 30 };
    const work = await start(['./tool', 'here'], { limits }, { cwd: folder.path });
    await work.exit;
    expect(sink.text('stdout')).toBe('here\n');
  });
});

describe('a scope', () => {
  /** Programs of a systemd that writes down what it is asked, and does it. */
  function makeSystemd(result: string): { readonly path: string; readonly asked: () => string } {
    const bin = join(folder.path, 'bin');
    const log = join(folder.path, 'systemd.log');
    mkdirSync(bin);
    const run = `#!/bin/sh\necho "run $*" >> ${log}\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n`;
    const ctl = `#!/bin/sh\necho "ctl $*" >> ${log}\ncase "$*" in *show*) echo ${result};; esac\n`;
    writeFileSync(join(bin, 'systemd-run'), run, { mode: 0o755 });
    writeFileSync(join(bin, 'systemctl'), ctl, { mode: 0o755 });
    return { path: `${bin}:${process.env.PATH}`, asked: () => readFileSync(log, 'utf8') };
  }

  const scope = isRoot ? 'system' : 'user';
  const limits = { memoryBytesMax: 2 ** 28 };

  test('work becomes the scope’s process, is ended as ever, and its scope says why it ended', async () => {
    const systemd = makeSystemd('oom-kill');
    const baseEnv = { PATH: systemd.path, HOME: folder.path };
    shop = openShop(folder, { baseEnv });
    const work = await start(['echo pid=$$; kill -KILL $$'], { scope, limits });
    const { breach } = await work.exit;
    expect(await sink.pid('pid')).toBe(work.process.pid);
    expect(breach?.reason).toContain('its scope ran out of memory');
    expect(systemd.asked()).toMatch(
      /run .*--scope --quiet --unit=wally-\S+ -p MemoryMax=268435456/,
    );
    expect(systemd.asked()).toMatch(/ctl .*reset-failed wally-\S+\.scope/);
    expect((await openIsolationBox(baseEnv)).scopes).toBe(scope);
  });

  test('a box whose systemd makes none has none', async () => {
    const bin = join(folder.path, 'none');
    mkdirSync(bin);
    writeFileSync(join(bin, 'systemd-run'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect((await openIsolationBox({ PATH: bin })).scopes).toBe('none');
  });
});
