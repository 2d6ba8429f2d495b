/*
 * Settling what an earlier process left: what it looks at, what it need not, and what the disk does not give back.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { settle } from '../../agent/settle.ts';
import type { Workshop } from '../../agent/work/work.ts';
import { AppError } from '../../protocol/errors.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import type { LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { record } from '../conformance/log.ts';
import { unguarded } from '../kit/unguarded.ts';
import { createDirectory } from '../store/place.ts';
import { assign, type Bench, openBench, processMark } from './desk-bench.ts';

const workshop: Partial<Workshop> = {
  reap: async () => 0,
  clearTree: async () => undefined,
  sweep: async () => undefined,
};

/** A desk after its agent was killed while these ran; one more waits to. */
async function killAgent(...running: readonly AttemptId[]): Promise<Bench> {
  const before = await openBench();
  await before.take(...running.map(assign), assign('J99.1'));
  for (const attempt of running) {
    await before.desk.step(attempt, { type: 'start' });
    await before.desk.step(attempt, { type: 'spawned', at: 5, process: processMark });
  }
  await before.kv.close();
  return openBench(before.disk);
}

/** Settles; resolves with the ends of the logs and what was said. */
async function settleOn(bench: Bench, logs: LogStore) {
  const ends = new Map<AttemptId, number>();
  const said: string[] = [];
  const settling = settle({
    ...{ desk: bench.desk, kv: bench.kv, ports: bench.ports, logs, guards: unguarded },
    workshop: workshop as Workshop,
    artifacts: await openMemoryArtifacts(instantArtifactDisk()),
    mark: (attempt) => attempt,
    noticed: (line) => said.push(line),
    logEnd: (attempt, end) => {
      ends.set(attempt, end);
      bench.printed = end;
    },
  });
  let isSettled = false;
  const settled = settling.finally(() => {
    isSettled = true;
  });
  // Its patience with the disk is in the test's hand.
  while (!isSettled) await bench.ports.advance(60_000);
  await settled;
  return { ends: Object.fromEntries(ends), said };
}

test('settle: only logs of what may have run are looked at, however many have ended', async () => {
  const before = await openBench();
  await before.take(assign('J1.1'), assign('J2.1'), assign('J3.1'));
  for (const attempt of ['J1.1', 'J2.1'] as const) {
    await before.desk.step(attempt, { type: 'start' });
    await before.desk.step(attempt, { type: 'spawned', at: 5, process: processMark });
  }
  await before.desk.step('J1.1', { type: 'exited', at: 6, usage: { exitCode: 0 } });
  await before.kv.close();
  const bench = await openBench(before.disk);
  const logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1e6 });
  const opened: AttemptId[] = [];
  const { open } = logs;
  logs.open = (attempt) => {
    opened.push(attempt);
    return open.call(logs, attempt);
  };
  const { ends } = await settleOn(bench, logs);
  expect(opened).toEqual(['J2.1']);
  expect(ends).toEqual({ 'J1.1': 42, 'J2.1': 0 });
  expect(bench.desk.list().map(({ state }) => state.is)).toEqual([
    'finished',
    'finished',
    'accepted',
  ]);
  expect((await bench.readFacts()).at(-1)).toMatchObject({ attempt: 'J2.1', outcome: 'lost' });
});

test('settle: a log that the disk does not give back is cut, which its report says, and all else goes on', async () => {
  const bench = await killAgent('J1.1', 'J2.1');
  const logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1e6 });
  await (await logs.open('J1.1')).append([record(0, 'what can be read')]);
  await (await logs.open('J2.1')).append([record(0, 'whole')]);
  const { open } = logs;
  let triesCount = 0;
  logs.open = (attempt) => {
    if (attempt !== 'J1.1') return open.call(logs, attempt);
    triesCount += 1;
    return Promise.reject(new AppError('STORE_IO', 'EIO: i/o error, read'));
  };
  const { ends, said } = await settleOn(bench, {
    open: (attempt) => logs.open(attempt),
    cut: (attempt) => open.call(logs, attempt),
    list: () => logs.list(),
    remove: (attempt) => logs.remove(attempt),
    close: () => logs.close(),
  });
  expect(triesCount).toBeGreaterThan(1);
  expect(ends).toEqual({ 'J1.1': 16, 'J2.1': 5 });
  expect(said).toContainEqual(expect.stringContaining('the log of J1.1 is cut at byte 16'));
  const facts = await bench.readFacts();
  const lost = facts.filter(({ kind }) => kind === 'finished');
  expect(lost).toMatchObject([
    { attempt: 'J1.1', outcome: 'lost', code: 'LOG_CUT' },
    { attempt: 'J2.1', outcome: 'lost' },
  ]);
  expect(lost[1]).not.toHaveProperty('code');
  expect(bench.desk.find('J99.1')?.state.is).toBe('accepted');
});

test('settle: a log of which nothing can be read or even removed keeps no agent from starting', async () => {
  const { path, remove } = await createDirectory();
  onTestFinished(remove);
  const bench = await killAgent('J1.1');
  // No file at all under the name of one: it can neither be read nor cut, by root either.
  await mkdir(join(path, 'J1.1', `${'0'.repeat(16)}.log`, 'in'), { recursive: true });
  await writeFile(join(path, 'J7.1'), 'a leftover that is no directory');
  const logs = await openLogFiles(path, { bytesMax: 1e6 });
  const { remove: removeLog } = logs;
  logs.remove = (attempt) =>
    attempt === 'J7.1'
      ? Promise.reject(new AppError('STORE_IO', 'EACCES: permission denied'))
      : removeLog.call(logs, attempt);
  const { ends, said } = await settleOn(bench, logs);
  expect(ends).toEqual({ 'J1.1': 0 });
  const finished = (await bench.readFacts()).at(-1);
  expect(finished).toMatchObject({ outcome: 'lost', code: 'LOG_CUT', logBytes: 0 });
  expect(said).toContainEqual(expect.stringContaining('what J7.1 left here cannot be removed'));
  expect(await readdir(path)).toEqual(['J1.1', 'J7.1']);
  await rm(path, { recursive: true });
});
