/*
 * What work has used: processor time and memory of its tree, and which processes are in it.
 * Processes are real; the sampler's timers are run by the test.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleMsFirst, sampleMsMax, samplePauseFactor } from '../../../agent/work/limits.ts';
import { findProcess } from '../../../agent/work/process-table.ts';
import { UsageMeter } from '../../../agent/work/usage-meter.ts';
import type { Ports } from '../../../protocol/ports.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Folder } from './bench.ts';
import { makeFolder, makeOrder, openShop, Sink } from './bench.ts';

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

/** Timers that the test runs by hand; `pauses` are those asked for. */
function handPorts() {
  const pending = new Map<number, () => void>();
  const pauses: number[] = [];
  let nowMs = 0;
  const ports: Ports = {
    ...openSystemPorts(),
    clock: { wallMs: () => 0, uptimeMs: () => 0, monotonicMs: () => nowMs++ },
    timers: {
      after(delayMs, run) {
        const id = pauses.push(delayMs);
        pending.set(id, run);
        return () => pending.delete(id);
      },
    },
  };
  const fire = (): void => {
    const [id, run] = [...pending][0] ?? [0, () => expect.fail('no timer is set')];
    pending.delete(id);
    run();
  };
  return { ports, pauses, fire, pendingCount: () => pending.size };
}

async function spawnLeader(script: string) {
  const child = spawn('sh', ['-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  const [line] = await once(child.stdout, 'data');
  return { child, pid, said: String(line).trim(), start: String(findProcess(pid)?.start) };
}

test('usage: processor time of a waited-for grandchild counts', async () => {
  const burn = 'while (process.cpuUsage().user < 200000);';
  const order = makeOrder([`sh -c '"$0" -e "${burn}"; true' "$NODE"; true`], {
    env: { NODE: process.execPath },
  });
  // The first timer is the sampler's. It never runs: what counts is what the kernel says at the end.
  const ports = openSystemPorts();
  let timerCount = 0;
  const after: Ports['timers']['after'] = (delayMs, run) => {
    timerCount += 1;
    return timerCount === 1 ? () => {} : ports.timers.after(delayMs, run);
  };
  const shop = openShop(folder, { ports: { ...ports, timers: { after } } });
  const work = await shop.start(order, new Sink().take);
  const { usage } = await work.exit;
  expect(usage.exitCode).toBe(0);
  expect(usage.cpuMs).toBeGreaterThanOrEqual(200);
  expect(usage.cpuMs).toBeLessThan(4000);
});

test('usage: memory of a child is seen as a peak after it was given back', async () => {
  const hand = handPorts();
  const script = `"${process.execPath}" -e 'Buffer.alloc(1e8, 1); console.log("full"); setInterval(() => {}, 1e6)'; true`;
  const { child, pid, start } = await spawnLeader(script);
  const watch = new UsageMeter(hand.ports).watch({ pid, start });
  hand.fire();
  const { memoryBytesPeak } = watch.close(0);
  process.kill(-pid, 'SIGKILL');
  await once(child, 'exit');
  expect(memoryBytesPeak).toBeGreaterThan(100_000_000);
  expect(memoryBytesPeak).toBeLessThan(1_000_000_000);
});

test('usage: a process that left the group and dropped its environment is still a member', async () => {
  const hand = handPorts();
  const { child, pid, start, said } = await spawnLeader(
    "setsid env -i sh -c 'echo $$; exec sleep 1000' & wait",
  );
  const watch = new UsageMeter(hand.ports).watch({ pid, start });
  hand.fire();
  const pids = watch.members().map((member) => member.pid);
  expect(pids).toEqual(expect.arrayContaining([pid, Number(said)]));
  expect(pids).not.toContain(process.pid);
  for (const member of watch.members()) process.kill(member.pid, 'SIGKILL');
  watch.close(0);
  await once(child, 'exit');
});

test('usage: two attempts are kept apart', async () => {
  const hand = handPorts();
  const meter = new UsageMeter(hand.ports);
  const [one, two] = await Promise.all([
    spawnLeader('echo up; sleep 1000; true'),
    spawnLeader('echo up; sleep 1000; true'),
  ]);
  const watches = [meter.watch(one), meter.watch(two)];
  hand.fire();
  const [first, second] = watches.map((watch) => watch.members().map((member) => member.pid));
  expect(first).toContain(one.pid);
  expect(second).toContain(two.pid);
  expect(first?.filter((pid) => second?.includes(pid))).toEqual([]);
  for (const { pid } of [one, two]) process.kill(-pid, 'SIGKILL');
  await Promise.all([once(one.child, 'exit'), once(two.child, 'exit')]);
});

test('usage: the pace slows down with the cost of a sample, and stops with the last watch', async () => {
  const hand = handPorts();
  const { child, pid, start } = await spawnLeader('echo up; sleep 1000');
  const meter = new UsageMeter(hand.ports);
  const watch = meter.watch({ pid, start });
  for (let count = 0; count < 6; count += 1) hand.fire();
  // The clock of this test says that each sample took one millisecond.
  expect(hand.pauses.slice(0, 6)).toEqual(
    [1, 2, 4, 8, 16].map((n) => n * sampleMsFirst).concat(samplePauseFactor),
  );
  expect(samplePauseFactor).toBeGreaterThanOrEqual(sampleMsMax);
  watch.close(0);
  expect(hand.pendingCount()).toBe(0);
  process.kill(-pid, 'SIGKILL');
  await once(child, 'exit');
});

test('usage: nothing is claimed of a process that nobody could look at', () => {
  const hand = handPorts();
  const usage = new UsageMeter(hand.ports).watch({ pid: 2 ** 22 + 1, start: '' }).close(0);
  expect(usage).toEqual({});
  expect(hand.pauses).toEqual([]);
});
