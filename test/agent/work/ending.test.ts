/*
 * Ending work: every process of it, in its group or out of it, and no process of anyone else.
 * Real processes; each test ends what it started.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drainMsMax } from '../../../agent/work/limits.ts';
import { findProcess } from '../../../agent/work/process-table.ts';
import { killTree } from '../../../agent/work/reaper.ts';
import type { ProcessName } from '../../../agent/work/usage-meter.ts';
import type { Ports } from '../../../protocol/ports.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Folder } from './bench.ts';
import { isRunning, makeFolder, makeOrder, openShop, Sink, until } from './bench.ts';

const program = join(import.meta.dirname, 'agent-program.ts');

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

/** Real ports on which the given pauses last no time. */
function hurriedPorts(hurried: readonly number[]): Ports {
  const ports = openSystemPorts();
  const after: Ports['timers']['after'] = (delayMs, run) =>
    ports.timers.after(hurried.includes(delayMs) ? 0 : delayMs, run);
  return { ...ports, timers: { after } };
}

describe('end', () => {
  test('end: a command that obeys TERM ends by it and may clean up first', async () => {
    const sink = new Sink();
    const order = makeOrder([
      "trap 'echo cleaned; exit 3' TERM; echo up=$$; while :; do sleep 0.01; done",
    ]);
    const work = await openShop(folder).start(order, sink.take);
    await sink.pid('up');
    work.end();
    work.end();
    expect((await work.exit).usage.exitCode).toBe(3);
    expect(sink.text('stdout')).toContain('cleaned');
  });

  test('end: a tree that ignores TERM is killed after the grace, also what has left the group', async () => {
    const graceMs = 50;
    const sink = new Sink();
    const script = [
      "trap '' TERM",
      "setsid sh -c 'echo away=$$; while :; do sleep 1000; done' &",
      "sh -c 'echo near=$$; while :; do sleep 1000; done' &",
      'echo leader=$$',
      'while :; do sleep 1000; done',
    ].join('\n');
    const work = await openShop(folder, { graceMs }).start(makeOrder([script]), sink.take);
    const pids = [await sink.pid('leader'), await sink.pid('near'), await sink.pid('away')];
    expect(pids[0]).toBe(work.process.pid);
    expect(pids.map(isRunning)).toEqual([true, true, true]);
    work.end();
    expect((await work.exit).usage.signal).toBe('SIGKILL');
    expect(pids.map(isRunning)).toEqual([false, false, false]);
  });

  test('end: what is ended at once is killed, also in the middle of its grace', async () => {
    const sink = new Sink();
    const script = "trap '' TERM; echo up=$$; while :; do sleep 0.01; done";
    const work = await openShop(folder, { graceMs: 600_000 }).start(makeOrder([script]), sink.take);
    await sink.pid('up');
    work.end();
    work.end('at-once');
    expect((await work.exit).usage.signal).toBe('SIGKILL');
    work.end('at-once');
  });

  test('end: what the command leaves in its group keeps the rest of the grace', async () => {
    const sink = new Sink();
    const script = [
      "trap 'exit 0' TERM",
      'sh -c \'trap "sleep 0.3; echo cleaned; exit" TERM; echo near=$$; while :; do sleep 0.01; done\' &',
      'while :; do sleep 0.01; done',
    ].join('\n');
    const ports = hurriedPorts([drainMsMax]);
    const work = await openShop(folder, { ports, graceMs: 15_000 }).start(
      makeOrder([script]),
      sink.take,
    );
    await sink.pid('near');
    work.end();
    expect((await work.exit).usage.exitCode).toBe(0);
    expect(sink.text('stdout')).toContain('cleaned');
  });

  test('end: after the exit it does nothing', async () => {
    const work = await openShop(folder).start(makeOrder(['true']), new Sink().take);
    const exit = await work.exit;
    work.end();
    expect(await work.exit).toBe(exit);
  });
});

describe('leftovers', () => {
  test('leftovers: a background child that holds the pipes is killed after the drain', async () => {
    const sink = new Sink();
    const ports = hurriedPorts([drainMsMax]);
    const order = makeOrder(['sleep 1000 & echo child=$!; exit 4']);
    const work = await openShop(folder, { ports }).start(order, sink.take);
    expect((await work.exit).usage.exitCode).toBe(4);
    expect(isRunning(await sink.pid('child'))).toBe(false);
  });

  test('leftovers: a background child that ends within the drain has its last words taken', async () => {
    const sink = new Sink();
    const work = await openShop(folder).start(
      makeOrder(['(sleep 0.2; echo late) & exit 0']),
      sink.take,
    );
    await work.exit;
    expect(sink.text('stdout')).toBe('late\n');
  });

  test('leftovers: a daemon that let go of the pipes and the group is killed by its mark', async () => {
    const sink = new Sink();
    const order = makeOrder([
      "setsid sh -c 'echo daemon=$$; exec sleep 1000 >/dev/null 2>&1' & sleep 0.2",
    ]);
    const work = await openShop(folder).start(order, sink.take);
    await work.exit;
    expect(isRunning(await sink.pid('daemon'))).toBe(false);
  });

  test('leftovers: a writer that hides and never stops cannot keep the work open', async () => {
    const ports = hurriedPorts([drainMsMax]);
    // The hidden one is an orphan with a session and an environment of its own when the command ends.
    const script = [
      "(setsid env -i sh -c 'echo $$ >pid; exec yes' &)",
      'until [ -s pid ]; do sleep 0.01; done',
    ].join('\n');
    const order = makeOrder([script], { cwd: folder.path });
    const work = await openShop(folder, { ports }).start(order, new Sink().take);
    await work.exit;
    const hidden = Number(readFileSync(join(folder.path, 'pid'), 'latin1'));
    // Either a sample had seen it and it was killed, or its pipe was closed and SIGPIPE ended it.
    await until(() => !isRunning(hidden));
  });

  test('leftovers: a process of someone else is left alone', async () => {
    const other = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const ports = hurriedPorts([drainMsMax]);
    const work = await openShop(folder, { ports }).start(
      makeOrder(['sleep 1000 &']),
      new Sink().take,
    );
    const later = spawn('sleep', ['1000'], { env: { WALLY_MARK: 'another' }, stdio: 'ignore' });
    await work.exit;
    expect([other.pid ?? 0, later.pid ?? 0].map(isRunning)).toEqual([true, true]);
    other.kill('SIGKILL');
    later.kill('SIGKILL');
  });
});

test('tree: a process that was seen in it is killed without mark or group, but not its successor', async () => {
  const { timers } = openSystemPorts();
  const child = spawn('/bin/sleep', ['1000'], { env: {}, stdio: 'ignore' });
  const { pid, start } = findProcess(child.pid ?? 0) ?? { pid: 0, start: 0 };
  const leader = { pid: 0, start: String(start), mark: 'unknown' };
  const kill = (members: readonly ProcessName[]) =>
    killTree({ leader, ownsGroup: false, members }, timers);
  expect(await kill([{ pid, start: start - 1 }])).toEqual([]);
  expect(isRunning(pid)).toBe(true);
  expect(await kill([{ pid, start }])).toHaveLength(1);
});

describe('without /proc', () => {
  test('without /proc: the group is killed while it is ours, and never on a guess', async () => {
    const { timers } = openSystemPorts();
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const leader = { pid: child.pid ?? 0, start: '', mark: 'unknown' };
    await killTree({ leader, ownsGroup: false, members: [] }, timers);
    expect(isRunning(leader.pid)).toBe(true);
    await killTree({ leader, ownsGroup: true, members: [] }, timers);
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });
});

describe('reap', () => {
  test('reap: what a killed agent left running is found and ended', async () => {
    const jobs = join(folder.path, 'jobs');
    const agent = spawn(process.execPath, [program, 'crash', jobs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(agent.stdout, 'data');
    const { process: mark, away } = JSON.parse(String(line));
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    expect([mark.pid, away].map(isRunning)).toEqual([true, true]);
    const shop = openShop(folder);
    expect(await shop.reap(mark)).toBeGreaterThanOrEqual(2);
    await until(() => ![mark.pid, away].some(isRunning));
    expect(await shop.reap(mark)).toBe(0);
    await shop.sweep([]);
    expect(existsSync(join(jobs, 'J1.1'))).toBe(false);
  });

  test('reap: finds what is left of a group whose leader has gone', async () => {
    const mark = `orphan-${process.pid}`;
    const leader = spawn('sh', ['-c', 'sleep 1000 >/dev/null & echo $!'], {
      detached: true,
      env: { PATH: process.env.PATH, WALLY_MARK: mark },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const start = String(findProcess(leader.pid ?? 0)?.start);
    const [pid] = await once(leader.stdout, 'data');
    await once(leader, 'exit');
    expect(await openShop(folder).reap({ pid: leader.pid ?? 0, start, mark })).toBe(1);
    // Killed is not gone at once: a busy machine takes its time.
    await until(() => !isRunning(Number(pid)));
  });

  test('reap: a pid that was reused is not killed, nor its group', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const pid = stranger.pid ?? 0;
    const start = Number(findProcess(pid)?.start);
    for (const wrong of [String(start - 1), String(start + 1), '']) {
      expect(await openShop(folder).reap({ pid, start: wrong, mark: 'long-gone' })).toBe(0);
    }
    expect(isRunning(pid)).toBe(true);
    expect(await openShop(folder).reap({ pid, start: String(start), mark: 'long-gone' })).toBe(1);
    await until(() => !isRunning(pid));
  });

  test('reap: a mark that only begins alike is another attempt', async () => {
    const mark = `m-${process.pid}-10`;
    const env = { PATH: process.env.PATH, WALLY_MARK: mark };
    const other = spawn('sleep', ['1000'], { env, stdio: 'ignore' });
    const shop = openShop(folder);
    expect(await shop.reap({ pid: 0, start: '0', mark: mark.slice(0, -1) })).toBe(0);
    // Nor is anything looked into that is older than the attempt.
    const later = Number(findProcess(other.pid ?? 0)?.start) + 1;
    expect(await shop.reap({ pid: 0, start: String(later), mark })).toBe(0);
    expect(isRunning(other.pid ?? 0)).toBe(true);
    expect(await shop.reap({ pid: 0, start: '0', mark })).toBe(1);
  });
});
