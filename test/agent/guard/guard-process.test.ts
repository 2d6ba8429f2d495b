/*
 * A guard as a real process, and what it does to real processes: all of its own, and no other.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readNotes } from '../../../agent/guard/guard-notes.ts';
import { type GuardHandle, openGuards } from '../../../agent/guard/guard-process.ts';
import type { GuardRow } from '../../../agent/guard/guard-words.ts';
import { findProcess } from '../../../agent/work/process-table.ts';
import type { LeaseInstant } from '../../../protocol/machines/renewal.ts';
import { isRunning, until } from '../work/bench.ts';

const script = join(import.meta.dirname, '../../../agent/odally-guard.ts');
const graceMs = 100;

let root: string;
let guard: GuardHandle;
let ticks: LeaseInstant[];
let ended: string[];
let gone: string[];
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'guard-'));
  [ticks, ended, gone] = [[], [], []];
});

afterEach(async () => {
  guard.kill();
  await until(() => gone.length > 0);
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function open(program = script): void {
  const source = openGuards({
    script: program,
    node: process.execPath,
    directory: join(root, 'guard'),
    home: root,
    graceMs,
    env: { PATH: '/nowhere', WALLY_MARK: 'outer' },
  });
  guard = source.open({
    tick: (at) => ticks.push(at),
    ended: (mark) => ended.push(mark),
    gone: (why) => gone.push(why),
  });
}

/** A command in a group of its own with this mark; resolves with its row once it has said its pids. */
async function run(
  mark: string,
  text: string,
  user: { readonly uid?: number; readonly gid?: number } = {},
): Promise<{ row: GuardRow; pids: number[] }> {
  const child = spawn('/bin/sh', ['-c', text], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, WALLY_MARK: mark },
    ...user,
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = child.pid ?? 0;
  const start = String(findProcess(pid)?.start);
  const row = { mark, pid, start, forMs: 60_000, isEnding: false };
  return { row, pids: [pid, ...said.toString().trim().split(/\s+/).map(Number)] };
}

async function state(...rows: readonly GuardRow[]): Promise<void> {
  await until(() => ticks.length > 0);
  const from = ticks.at(-1) ?? { monotonicMs: 0, uptimeMs: 0 };
  expect(await guard.state({ from, rows })).toBe(true);
}

const away = 'setsid sleep 60 & echo $!; exec sleep 60';

describe('guard process', () => {
  test('guard process: it ends all of what is over, leaves what holds, and notes what it did', async () => {
    open();
    const over = await run('store/J1.1', away);
    const holds = await run('store/J2.1', away);
    await state({ ...over.row, forMs: -60_000 }, holds.row);
    await until(() => !over.pids.some(isRunning));
    expect(ended).toEqual(['store/J1.1']);
    expect(holds.pids.filter(isRunning)).toEqual(holds.pids);
    expect([...readNotes(join(root, 'guard')).values()]).toEqual([
      { mark: 'store/J1.1', at: expect.any(Number), wasRunning: true },
    ]);
    for (const pid of holds.pids) process.kill(pid, 'SIGKILL');
  });

  test.runIf(process.getuid?.() === 0)(
    'guard process: work that runs as another user is ended with all that it started',
    async () => {
      open();
      const over = await run('over', away, { uid: 65_534, gid: 65_534 });
      const stays = await run('stays', away, { uid: 65_534, gid: 65_534 });
      await state({ ...over.row, forMs: -60_000 }, stays.row);
      await until(() => !over.pids.some(isRunning));
      expect(ended).toEqual(['over']);
      expect(stays.pids.filter(isRunning)).toEqual(stays.pids);
      for (const pid of stays.pids) process.kill(pid, 'SIGKILL');
    },
  );

  test('guard process: what ignores TERM is killed after the grace; one that was asked is not asked again', async () => {
    open();
    const deaf = await run('store/J1.1', "trap '' TERM; echo; while :; do sleep 1000; done");
    const said = join(root, 'said');
    const asked = await run(
      'store/J2.1',
      `trap 'echo >${said}' TERM; echo; while :; do sleep 1; done`,
    );
    await state({ ...deaf.row, forMs: -60_000 }, { ...asked.row, forMs: -60_000, isEnding: true });
    await until(() => ![...deaf.pids, ...asked.pids].some(isRunning));
    expect(() => readFileSync(said)).toThrow('ENOENT');
  });

  test('guard process: a pid that was reused is not touched, nor its group; the mark still finds the rest', async () => {
    open();
    const other = await run('store/J9.1', 'echo; exec sleep 1000');
    const left = await run('store/J1.1', 'echo; exec sleep 1000');
    await state({ ...other.row, mark: 'store/J1.1', start: '1', forMs: -60_000 });
    await until(() => !left.pids.some(isRunning));
    expect(isRunning(other.row.pid)).toBe(true);
    expect(readNotes(join(root, 'guard')).get('store/J1.1')?.wasRunning).toBe(false);
  });

  test('guard process: work whose pid nobody wrote down is found by its mark', async () => {
    open();
    const work = await run('store/J1.1', away);
    await state({ ...work.row, pid: 0, start: '0', forMs: -60_000 });
    await until(() => !work.pids.some(isRunning));
  });

  test('guard process: with a lease it outlives its pipe, and goes when that is over', async () => {
    open();
    const work = await run('store/J1.1', away);
    await state({ ...work.row, forMs: 300 });
    guard.close();
    await until(() => gone.length > 0);
    expect([gone, work.pids.filter(isRunning)]).toEqual([['status 0'], []]);
  });

  test('guard process: without one it goes at once, and who lets it go hears that', async () => {
    open();
    await state();
    guard.close();
    await until(() => gone.length > 0);
    expect(gone).toEqual(['status 0']);
    expect(await guard.state({ from: { monotonicMs: 0, uptimeMs: 0 }, rows: [] })).toBe(false);
  });

  test('guard process: one that cannot be started says so once', async () => {
    open(join(root, 'nothing.js'));
    await until(() => gone.length > 0);
    expect([ticks, gone]).toEqual([[], ['status 1']]);
  });

  test('guard process: one whose start is refused at once is told of in the same way, and throws nothing', async () => {
    open('no\0script');
    expect(guard.pid).toBeUndefined();
    await until(() => gone.length > 0);
    expect([
      gone.length,
      await guard.state({ from: { monotonicMs: 0, uptimeMs: 0 }, rows: [] }),
    ]).toEqual([1, false]);
  });

  test('guard process: it has the mark of the job around it and nothing else of the environment', async () => {
    open();
    await until(() => ticks.length > 0);
    const names = readFileSync(`/proc/${guard.pid}/environ`, 'latin1').split('\0').filter(Boolean);
    expect(names.toSorted()).toEqual([`ODALLY_HOME=${root}`, 'WALLY_MARK=outer']);
  });
});
