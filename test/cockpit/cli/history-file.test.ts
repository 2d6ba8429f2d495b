/*
 * The file of earlier dispatches: its owner's alone, bounded, and never half there.
 */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHistory } from '../../../cockpit/cli/history-file.ts';
import { pastDispatchesMax } from '../../../cockpit/tui/limits.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wally-history-'));
  file = join(folder, 'history');
});
afterEach(() => rm(folder, { recursive: true }));

const entry = (text: string) => ({ on: ['alice'], command: [text] });

test('history file: what is added is read, the newest first, by any screen', async () => {
  const history = openHistory(file, 1);
  expect(await history.read()).toEqual([]);
  await Promise.all([history.add(entry('one')), history.add(entry('two\nlines'))]);
  await openHistory(file, 2).add(entry('three'));
  expect(await history.read()).toEqual([entry('three'), entry('two\nlines'), entry('one')]);
});

test('history file: it is its owner’s alone, and nothing is left beside it', async () => {
  await openHistory(file, 1).add(entry('secret'));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['history']);
});

test('history file: the same again is there once, the oldest fall out', async () => {
  const many = Array.from({ length: pastDispatchesMax }, (_, n) => JSON.stringify(entry(`${n}`)));
  await writeFile(file, many.join('\n'));
  const history = openHistory(file, 1);
  await history.add(entry('5'));
  expect(await history.read()).toHaveLength(pastDispatchesMax);
  await history.add(entry('new'));
  const read = await history.read();
  expect(read).toHaveLength(pastDispatchesMax);
  expect(read.slice(0, 2)).toEqual([entry('new'), entry('5')]);
  expect(read.at(-1)).toEqual(entry(`${pastDispatchesMax - 2}`));
});

test('history file: it is bounded in size too', async () => {
  const history = openHistory(file, 1);
  for (let n = 0; n < 3; n += 1) await history.add(entry(`${n}${'x'.repeat(400_000)}`));
  expect(await history.read()).toHaveLength(2);
  expect((await readFile(file)).length).toBeLessThanOrEqual(1024 * 1024);
});

test('history file: a line that is torn or strange is passed over', async () => {
  await writeFile(
    file,
    `{"command":["a"]}\n{"comm\n[]\n{"command":"b"}\n{"command":["c"],"newer":1}\n`,
  );
  expect(await openHistory(file, 1).read()).toEqual([
    { command: ['a'] },
    { command: ['c'], newer: 1 },
  ]);
});

test('history file: a home that can not be written is said with a code, and so is one unread', async () => {
  const nowhere = openHistory(join(folder, 'missing', 'history'), 1);
  await expect(nowhere.add(entry('x'))).rejects.toMatchObject({ code: 'HOME_UNWRITABLE' });
  await expect(openHistory(folder, 1).read()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
