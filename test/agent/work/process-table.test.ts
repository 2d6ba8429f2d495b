/*
 * Reading /proc: odd names, gone processes, and facts of our own process.
 * The lines are made up by the manual page; everything else is the real table.
 */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  findMemory,
  findProcess,
  hasEnvironment,
  listPids,
  listProcesses,
  parseStat,
} from '../../../agent/work/process-table.ts';

const gone = 2 ** 22 + 1;

function statLine(name: string, state: string): string {
  return `42 (${name}) ${state} 7 40 39 0 -1 0 1 2 3 4 100 20 3 1 20 0 1 0 987654 1000 10`;
}

test('stat: a name with blanks and brackets does not shift the fields', () => {
  const named = { pid: 42, parent: 7, group: 40, session: 39, start: 987_654 };
  const wanted = { ...named, isZombie: false, cpuTicks: 124 };
  expect(parseStat(statLine('sh', 'S'))).toEqual(wanted);
  expect(parseStat(statLine('a) R 1 (b', 'S'))).toEqual(wanted);
});

test('stat: an ended process is a zombie, and half a line is nothing', () => {
  expect(parseStat(statLine('sh', 'Z'))?.isZombie).toBe(true);
  expect(parseStat('42 (sh) S 1 2')).toBeUndefined();
  expect(parseStat('')).toBeUndefined();
});

test('table: our own process is in it', () => {
  expect(listPids()).toContain(process.pid);
  expect(listProcesses().some((row) => row.pid === process.pid)).toBe(true);
  expect(findProcess(process.pid)).toMatchObject({
    pid: process.pid,
    parent: process.ppid,
    isZombie: false,
  });
  const memory = findMemory(process.pid);
  expect(memory?.residentBytes).toBeGreaterThan(10_000_000);
  expect(memory?.residentBytesPeak).toBeGreaterThanOrEqual(memory?.residentBytes ?? 0);
});

test('table: of a process that is gone nothing is known', async () => {
  expect(findProcess(gone)).toBeUndefined();
  expect(findMemory(gone)).toBeUndefined();
  expect(await hasEnvironment(gone, 'PATH=x')).toBe(false);
});

test('table: an environment is searched for a whole entry, and an empty one says nothing', async () => {
  const env = { FIRST: 'a', SECOND: 'bc' };
  const some = spawn('/bin/sleep', ['1000'], { env });
  const none = spawn('/bin/sleep', ['1000'], { env: {} });
  const ask = (entry: string) => hasEnvironment(some.pid ?? 0, entry);
  expect(await Promise.all(['FIRST=a', 'SECOND=bc'].map(ask))).toEqual([true, true]);
  expect(await Promise.all(['IRST=a', 'SECOND=b', 'THIRD='].map(ask))).toEqual([
    false,
    false,
    false,
  ]);
  expect(await hasEnvironment(none.pid ?? 0, 'FIRST=a')).toBeUndefined();
  for (const child of [some, none]) child.kill('SIGKILL');
});
