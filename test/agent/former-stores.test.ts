/*
 * A home whose store was lost: what ran under it is ended, and nothing else is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reapFormerStores } from '../../agent/former-stores.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { createDirectory } from '../store/place.ts';

const [first, second] = ['1f'.repeat(16), '2e'.repeat(16)] as const;

let place: Awaited<ReturnType<typeof createDirectory>>;
let directory: string;
let noticed: string[];
let started: ChildProcess[];

beforeEach(async () => {
  place = await createDirectory();
  directory = place.path;
  noticed = [];
  started = [];
});

afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  await place.remove();
});

/** Something of an attempt that a store gave. */
async function start(store: string): Promise<ChildProcess> {
  const env = { PATH: process.env.PATH ?? '', WALLY_MARK: `${store}/J1.1` };
  const child = spawn('sleep', ['300'], { env, stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  return child;
}

function open(storeId: string): Promise<void> {
  const home = { directory, work: join(directory, 'work') };
  const { timers } = openSystemPorts();
  const say = (line: string) => void noticed.push(line);
  return reapFormerStores({ home, storeId, timers, pid: 1, noticed: say });
}

const isLiving = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode === null && signalCode === null;
const file = () => join(directory, 'work', '.stores.json');

test('former stores: what carries the mark of a store that is gone is ended, at one start', async () => {
  await open(first);
  const [old, own] = [await start(first), await start(second)];
  const ended = once(old, 'exit');
  await open(second);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect([isLiving(own), noticed]).toEqual([true, [expect.stringContaining('1 processes')]]);
  // It is forgotten then: a later one of that name would be no work of this home.
  const other = await start(first);
  await open(second);
  expect(isLiving(other)).toBe(true);
});

test('former stores: in a copy of a home, and in one whose note cannot be read, nothing is ended', async () => {
  await open(first);
  const other = await start(first);
  writeFileSync(file(), readFileSync(file(), 'utf8').replace(directory, '/srv/another'));
  await open(second);
  await open(first);
  writeFileSync(file(), '{"home"');
  await open(second);
  expect([isLiving(other), noticed]).toEqual([true, []]);
});
