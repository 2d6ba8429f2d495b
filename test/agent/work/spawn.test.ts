/*
 * Running commands for real: how they end, what they say, where they run and what they are given.
 * Ending them is in `ending.test.ts`.
 */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pipePairsPerBatch, takeBytesMax } from '../../../agent/work/limits.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { CommandSpec } from '../../../protocol/model.ts';
import type { Folder } from './bench.ts';
import { isRunning, makeFolder, makeOrder, openShop, Sink, until } from './bench.ts';

const program = join(import.meta.dirname, 'agent-program.ts');

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

/** Runs a command to its end. */
async function run(command: readonly string[], spec: Partial<CommandSpec> = {}) {
  const sink = new Sink();
  const order = makeOrder(command, spec);
  const work = await openShop(folder).start(order, sink.take);
  const exit = await work.exit;
  return { order, sink, exit, usage: exit.usage };
}

function jobDirectories(): readonly string[] {
  return readdirSync(join(folder.path, 'jobs')).filter((name) => name.startsWith('J'));
}

describe('exit', () => {
  test('exit: a command that returns 0 says so, at an instant', async () => {
    const before = Date.now();
    const { exit } = await run(['true']);
    expect(exit.usage.exitCode).toBe(0);
    expect('signal' in exit.usage).toBe(false);
    expect(exit.finishedAt).toBeGreaterThanOrEqual(before);
    expect(exit.finishedAt).toBeLessThanOrEqual(Date.now());
  });

  test('exit: a command that returns 7 says 7, and 127 where the shell finds nothing', async () => {
    expect((await run(['exit 7'])).usage.exitCode).toBe(7);
    expect((await run(['no-such-command-at-all'])).usage.exitCode).toBe(127);
  });

  test('exit: a command killed by a signal names it and has no code', async () => {
    const { usage } = await run(['kill -SEGV $$']);
    expect(usage.signal).toBe('SIGSEGV');
    expect('exitCode' in usage).toBe(false);
  });

  test('exit: several elements are executed as they are, without a shell', async () => {
    const { sink } = await run(['printf', '%s|', '$HOME', 'a b', '; exit 3']);
    expect(sink.text('stdout')).toBe('$HOME|a b|; exit 3|');
  });

  test('exit: standard input is empty', async () => {
    const { usage, sink } = await run(['cat; echo end']);
    expect(usage.exitCode).toBe(0);
    expect(sink.text('stdout')).toBe('end\n');
  });
});

describe('output', () => {
  test('output: the two streams are taken in the order in which they were written', async () => {
    const sink = new Sink();
    // Each line waits until the one before it was taken; a FIFO of its own lets no step run ahead.
    const script = [
      'mkfifo s1 s2 s3; echo 1; read x <s1',
      'echo 2 >&2; read x <s2',
      'echo 3; read x <s3',
      'printf 4 >&2',
    ].join('\n');
    const order = makeOrder([script], { cwd: folder.path });
    const work = await openShop(folder).start(order, async (stream, bytes) => {
      await sink.take(stream, bytes);
      const step = sink.takes.length;
      if (step < 4) void writeFile(join(folder.path, `s${step}`), '\n');
    });
    await work.exit;
    expect(sink.takes.map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', '1\n'],
      ['stderr', '2\n'],
      ['stdout', '3\n'],
      ['stderr', '4'],
    ]);
  });

  test('output: bytes that are no text arrive as they are', async () => {
    const { sink } = await run(["printf '\\377\\000\\303'"]);
    expect(sink.text('stdout')).toBe('\xff\x00\xc3');
  });

  test('output: a line of 5 MB arrives whole, in pieces that are no larger than may be', async () => {
    const { sink } = await run(['head -c 5000000 /dev/zero | tr "\\0" x']);
    expect(sink.text('stdout')).toBe('x'.repeat(5_000_000));
    expect(Math.max(...sink.takes.map(({ text }) => text.length))).toBeLessThanOrEqual(
      takeBytesMax,
    );
  });

  test('output: 300 MB through a slow sink arrive whole in bounded memory', async () => {
    const size = 300_000_000;
    const { stdout } = await promisify(execFile)(process.execPath, [
      program,
      'flood',
      join(folder.path, 'jobs'),
      String(size),
    ]);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ bytesCount: size, exitCode: 0 });
    expect(told.largest).toBeLessThanOrEqual(takeBytesMax);
    expect(told.grownBytes).toBeLessThan(60_000_000);
  });

  test('output: a sink that blocks stalls the writer, and nothing is lost when it goes on', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let bytesCount = 0;
    const order = makeOrder(['head', '-c', '20000000', '/dev/zero']);
    const work = await openShop(folder).start(order, async (_, bytes) => {
      await held;
      bytesCount += bytes.length;
    });
    const written = await settledWrites(work.process.pid);
    expect(written).toBeGreaterThan(65_536);
    expect(written).toBeLessThan(2_000_000);
    release();
    expect((await work.exit).usage.exitCode).toBe(0);
    expect(bytesCount).toBe(20_000_000);
  });

  test('output: exit waits for the last take', async () => {
    let isTaken = false;
    const work = await openShop(folder).start(makeOrder(['echo last']), async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      isTaken = true;
    });
    await work.exit;
    expect(isTaken).toBe(true);
  });

  test('output: the work is ended when the sink breaks, and exit still comes', async () => {
    const order = makeOrder(['while :; do echo more; done']);
    const work = await openShop(folder).start(order, () => Promise.reject(new Error('disk gone')));
    expect((await work.exit).usage.signal).toBe('SIGTERM');
  });

  test('output: /dev/stdout and /dev/stderr can be opened by name, in attempt after attempt', async () => {
    mkdirSync(join(folder.path, 'jobs/.pipes/1'), { recursive: true });
    const shop = openShop(folder);
    const command = ['echo one >/dev/stdout; echo two | tee /dev/stderr >/dev/null'];
    const sinks = Array.from({ length: pipePairsPerBatch + 2 }, () => new Sink());
    const works = await Promise.all(sinks.map((sink) => shop.start(makeOrder(command), sink.take)));
    const exits = await Promise.all(works.map((work) => work.exit));
    expect(new Set(exits.map(({ usage }) => usage.exitCode))).toEqual(new Set([0]));
    expect(new Set(sinks.map((sink) => sink.text('stdout')))).toEqual(new Set(['one\n']));
    expect(new Set(sinks.map((sink) => sink.text('stderr')))).toEqual(new Set(['two\n']));
  });

  test('output: without mkfifo on the box it still arrives', async () => {
    const sink = new Sink();
    const shop = openShop(folder, { baseEnv: { PATH: folder.path } });
    const work = await shop.start(makeOrder(['echo out; echo err >&2']), sink.take);
    expect((await work.exit).usage.exitCode).toBe(0);
    expect(sink.text('stdout')).toBe('out\n');
    expect(sink.text('stderr')).toBe('err\n');
  });
});

/** How much the process has written once it writes no more: the same in twenty looks in a row. */
async function settledWrites(pid: number): Promise<number> {
  const read = (): number =>
    Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]);
  let last = -1;
  let same = 0;
  await until(() => {
    const now = read();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
    return same === 20;
  });
  return last;
}

describe('environment', () => {
  test('environment: the command sees its marks and the spec, and no secret of the agent', async () => {
    vi.stubEnv('OF_THE_TEST_ITSELF', 'sesame');
    const sink = new Sink();
    const shop = openShop(folder, {
      baseEnv: {
        PATH: process.env.PATH,
        LC_TIME: 'C',
        MY_SECRET: 'sesame',
        ODALLY_HOME: '/o',
        WALLY_HOME: '/w',
        npm_config_x: 'y',
        SSH_AUTH_SOCK: '/s',
        NO_COLOR: '1',
      },
    });
    const order = makeOrder(['env; pwd'], { env: { GREETING: 'hello' } });
    await (await shop.start(order, sink.take)).exit;
    const said = sink.text('stdout');
    for (const gone of ['sesame', 'ODALLY_HOME', 'WALLY_HOME', 'npm_', 'SSH_AUTH', 'NO_COLOR']) {
      expect(said).not.toContain(gone);
    }
    const lines = said.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'GREETING=hello',
        'LC_TIME=C',
        `WALLY_MARK=${order.mark}`,
        `WALLY_ATTEMPT=${order.attempt}`,
        `WALLY_JOB=${order.attempt.split('.')[0]}`,
        `TMPDIR=${join(folder.path, 'jobs', order.attempt)}`,
        join(folder.path, 'jobs', order.attempt),
      ]),
    );
  });
});

describe('place', () => {
  test('place: the temporary directory is private, and gone after the work', async () => {
    const { sink, order } = await run(['stat -c %a .; touch left-over; mkdir -p deep/er']);
    expect(sink.text('stdout')).toBe('700\n');
    expect(jobDirectories()).not.toContain(order.attempt);
  });

  test('place: a named directory is used and kept', async () => {
    const cwd = join(folder.path, 'named');
    mkdirSync(cwd);
    const { sink } = await run(['pwd; touch made'], { cwd });
    expect(sink.text('stdout')).toBe(`${cwd}\n`);
    expect(existsSync(join(cwd, 'made'))).toBe(true);
  });

  test('place: ~ is the home of the agent', async () => {
    mkdirSync(join(folder.path, 'sub'));
    expect((await run(['pwd'], { cwd: '~/sub' })).sink.text('stdout')).toBe(`${folder.path}/sub\n`);
    expect((await run(['pwd'], { cwd: '~' })).sink.text('stdout')).toBe(`${folder.path}\n`);
  });

  test('place: a repo may be any directory below a work tree, also by a link', async () => {
    mkdirSync(join(folder.path, 'tree/.git'), { recursive: true });
    mkdirSync(join(folder.path, 'tree/a/b'), { recursive: true });
    symlinkSync(join(folder.path, 'tree/a/b'), join(folder.path, 'link'));
    const { sink } = await run(['pwd'], { repo: join(folder.path, 'link') });
    expect(sink.text('stdout')).toBe(`${folder.path}/tree/a/b\n`);
  });

  test.each([
    ['missing', { cwd: '/no/such/place' }, 'JOB_DIRECTORY'],
    ['a file', { cwd: '/etc/passwd' }, 'JOB_DIRECTORY'],
    ['relative', { cwd: 'src' }, 'JOB_DIRECTORY'],
    ['of another user by name', { cwd: '~root' }, 'JOB_DIRECTORY'],
    ['a missing repo', { repo: '/no/such/place' }, 'JOB_DIRECTORY'],
    ['no work tree', { repo: '/usr/bin' }, 'JOB_REPO'],
    ['a good one beside a bad repo', { cwd: '/usr', repo: '/usr/bin' }, 'JOB_REPO'],
  ])('place: a directory that is %s is refused and nothing runs', async (_, spec, code) => {
    const ran = join(folder.path, 'ran');
    await expect(run([`touch ${ran}`], spec)).rejects.toMatchObject({ code });
    expect(existsSync(ran)).toBe(false);
    expect(existsSync(join(folder.path, 'jobs'))).toBe(false);
  });
});

describe('spawn failure', () => {
  test.each([
    ['a command that does not exist', ['no-such-command-at-all', 'secret-argument']],
    ['a file that may not be executed', ['/etc/passwd', 'secret-argument']],
    ['an argument that no system takes', ['true', 'a\0b']],
  ])('spawn failure: %s is named and leaves nothing', async (_, command) => {
    const filesBefore = readdirSync('/proc/self/fd').length;
    const refused = await run(command).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'JOB_SPAWN' });
    expect(String(refused)).toContain(command[0]);
    expect(String(refused)).not.toContain('secret-argument');
    expect(jobDirectories()).toEqual([]);
    await until(() => readdirSync('/proc/self/fd').length <= filesBefore);
  });

  test('spawn failure: what is hindered at the last moment is told with its code, and nothing was run', async () => {
    const file = join(folder.path, 'ran');
    const order = makeOrder([`touch ${file}`]);
    const findHindrance = () => new AppError('LEASE_LAPSED');
    const sink = new Sink();
    const started = openShop(folder).start({ ...order, findHindrance }, sink.take);
    await expect(started).rejects.toMatchObject({ code: 'LEASE_LAPSED' });
    expect([existsSync(file), jobDirectories()]).toEqual([false, []]);
  });

  test('spawn failure: a folder that cannot be made is told', async () => {
    writeFileSync(join(folder.path, 'jobs'), 'a file stands here');
    await expect(run(['true'])).rejects.toMatchObject({ code: 'JOB_SPAWN' });
  });
});

describe('sweep', () => {
  test('sweep: removes what no attempt owns, and only that', async () => {
    const jobs = join(folder.path, 'jobs');
    for (const name of ['J1.1', 'J2.1', 'J2.2', 'notes'])
      mkdirSync(join(jobs, name, 'x'), { recursive: true });
    await openShop(folder).sweep(['J2.1']);
    expect(readdirSync(jobs).sort()).toEqual(['J2.1', 'notes']);
  });

  test('sweep: a folder that was never made is clean', async () => {
    await expect(openShop(folder).sweep([])).resolves.toBeUndefined();
  });
});

describe('probe', () => {
  test('probe: tells tools on PATH and words of the config, sorted and once', async () => {
    const bin = join(folder.path, 'bin');
    mkdirSync(join(bin, 'docker'), { recursive: true });
    for (const tool of ['git', 'go', 'make'])
      writeFileSync(join(bin, tool), '#!/bin/sh\ntouch ran\n');
    chmodSync(join(bin, 'git'), 0o755);
    chmodSync(join(bin, 'make'), 0o755);
    const shop = openShop(folder, { baseEnv: { PATH: `/no/such:${bin}` } });
    const probed = await shop.probe();
    expect(probed).toMatchObject({
      os: process.platform,
      arch: process.arch,
      has: ['git', 'make'],
    });
    expect(probed.cpus).toBeGreaterThan(0);
    expect(probed.memoryBytes).toBeGreaterThan(1_000_000);
    expect(existsSync(join(bin, 'ran'))).toBe(false);
  });
});

test('bench: a process that is gone does not run', () => {
  expect(isRunning(process.pid)).toBe(true);
  expect(isRunning(2 ** 22 + 1)).toBe(false);
});
