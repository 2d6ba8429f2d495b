/*
 * A text lent to an editor: what comes back, and what is left where it does not.
 */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { editText } from '../../../cockpit/cli/edit-text.ts';
import type { Program } from '../../../cockpit/ports.ts';
import { formCharsMax } from '../../../cockpit/tui/limits.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wally-edit-'));
});
afterEach(() => rm(home, { recursive: true }));

/** A program whose editor does `edit` to the file. */
function program(edit: (file: string) => Promise<number>) {
  const commands: (readonly string[])[] = [];
  const runInTerminal = async (command: readonly string[]) => {
    commands.push(command);
    return edit(command.at(-1) ?? '');
  };
  const env = { WALLY_HOME: home, EDITOR: 'edit --wait' };
  return { commands, value: { env, pid: 7, runInTerminal } as unknown as Program };
}

test('edit text: the editor gets it in a private file, and what it wrote comes back', async () => {
  const seen: unknown[] = [];
  const { value, commands } = program(async (file) => {
    seen.push(await readFile(file, 'utf8'), (await stat(file)).mode & 0o777);
    await writeFile(file, 'set -e\nmake\n');
    return 0;
  });
  expect(await editText(value, { text: 'make', ask: 'command' })).toEqual({
    text: 'set -e\nmake\n',
  });
  expect(seen).toEqual(['make\n', 0o600]);
  expect(commands[0]?.slice(0, 2)).toEqual(['edit', '--wait']);
  expect(await readdir(join(home, 'opened'))).toEqual([]);
});

test('edit text: an editor that fails leaves the command as it was', async () => {
  const { value } = program(async () => 1);
  expect(await editText(value, { text: 'make', ask: 'command' })).toEqual({
    trouble: 'edit ended with status 1: the command is as it was',
  });
  expect(await readdir(join(home, 'opened'))).toEqual([]);
});

test('edit text: what is too long stays in its file', async () => {
  const { value } = program(async (file) => {
    await writeFile(file, 'x'.repeat(formCharsMax + 1));
    return 0;
  });
  const end = await editText(value, { text: 'make', ask: 'command' });
  expect(end).toMatchObject({ trouble: expect.stringContaining('command-7.sh') });
  expect(await readdir(join(home, 'opened'))).toEqual(['command-7.sh']);
});

test('edit text: a home that can not be written is said with a code', async () => {
  await chmod(home, 0o700);
  await writeFile(join(home, 'opened'), 'a file');
  const { value } = program(async () => 0);
  expect(await editText(value, { text: '', ask: 'command' })).toMatchObject({
    trouble: expect.stringContaining('EEXIST'),
  });
});
