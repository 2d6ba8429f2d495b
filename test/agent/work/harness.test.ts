/*
 * Prompts: the box's harness gets them word for word, and no shell ever reads one.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HarnessConfig } from '../../../agent/work/harness.ts';
import type { Folder } from './bench.ts';
import { makeFolder, makeOrder, openShop, Sink } from './bench.ts';

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
  mkdirSync(join(folder.path, 'bin'));
});
afterEach(() => folder.remove());

/** Puts a program on the box's PATH. */
function install(name: string, script: string): void {
  const path = join(folder.path, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function open(harness: HarnessConfig = {}) {
  const PATH = `${join(folder.path, 'bin')}:/usr/bin:/bin`;
  return openShop(folder, { baseEnv: { PATH, HOME: folder.path }, harness });
}

async function ask(text: string, options: { id?: string; config?: HarnessConfig } = {}) {
  const sink = new Sink();
  const prompt = { harness: options.id ?? 'claude', text };
  const work = await open(options.config).start(makeOrder([], { prompt }), sink.take);
  const exit = await work.exit;
  return { out: sink.text('stdout'), exit };
}

const nasty = '$(touch /tmp/never) `id` "quoted" $& {prompt} ; rm -rf x\nsecond line';

describe('harness', () => {
  test('harness: a known program on PATH gets the prompt on stdin, whole', async () => {
    install('claude', 'echo "args: $*"; cat');
    const { out, exit } = await ask(nasty);
    expect(out).toBe(`args: -p --permission-mode acceptEdits\n${nasty}`);
    expect(exit.usage.exitCode).toBe(0);
  });

  test('harness: where the line names the place, the prompt is one argument', async () => {
    install('mine', 'for word; do printf "<%s>" "$word"; done');
    const config = { mine: { command: ['mine', '--ask={prompt}', '-q'] } };
    const { out } = await ask(nasty, { id: 'mine', config });
    expect(out).toBe(`<--ask=${nasty}><-q>`);
  });

  test('harness: a line of one word is a program, no shell script', async () => {
    install('solo', 'cat');
    const config = { solo: { command: ['solo'] } };
    expect((await ask('hello', { id: 'solo', config })).out).toBe('hello');
  });

  test('harness: one that reads nothing ends as it ends', async () => {
    install('claude', 'exit 3');
    expect((await ask('x'.repeat(60_000))).exit.usage.exitCode).toBe(3);
  });

  test('harness: the box says which it has; config adds, replaces and takes away', async () => {
    install('claude', 'true');
    install('codex', 'true');
    install('mine', 'true');
    expect(await open().probe()).toMatchObject({ harnesses: ['claude', 'codex'] });
    const { harnesses, has } = await open({
      codex: { command: [] },
      ours: { command: [join(folder.path, 'bin', 'mine')] },
      absent: { command: ['no-such-program'] },
    }).probe();
    expect(harnesses).toEqual(['claude', 'ours']);
    expect(has).toEqual(expect.arrayContaining(['claude', 'ours']));
    expect(has).not.toContain('codex');
  });

  test('harness: one that the box has not is refused, and so is the name of what every object has', async () => {
    await expect(ask('x', { id: 'other' })).rejects.toMatchObject({ code: 'JOB_HARNESS' });
    await expect(ask('x', { id: 'constructor' })).rejects.toMatchObject({ code: 'JOB_HARNESS' });
  });
});
