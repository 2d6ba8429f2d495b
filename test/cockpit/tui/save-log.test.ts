/*
 * Saving a log: where it goes, what is in it, and that nothing is ever written over.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HubClient } from '../../../cockpit/hub/client.ts';
import { saveLog } from '../../../cockpit/tui/save-log.ts';
import type { LogItem, LogLineItem } from '../../../cockpit/verbs/shapes.ts';
import { at } from './fake-hub.ts';
import { row } from './log-news.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wally-save-'));
});

afterEach(() => rm(directory, { recursive: true }));

/** A hub that streams these items, and what it was asked. */
function serve(items: readonly (LogItem | LogLineItem)[]) {
  const asked: unknown[] = [];
  const client = {
    stream: (verb: string, args: object, take: (item: unknown) => void | Promise<void>) => {
      asked.push({ verb, ...args });
      const done = (async () => {
        for (const item of items) await take(item);
      })();
      return { done, cancel: () => undefined };
    },
  } as Pick<HubClient, 'stream'> as HubClient;
  return { client, asked };
}

const save = { jobs: ['J1'], context: 0, name: 'J1.log' } as const;

test('save: one log is saved as it is, with a word where output is missing', async () => {
  const { client, asked } = serve([
    { attempt: 'J1.1', offset: 0, at: at(0), stream: 'stdout', text: 'a\nb' },
    { attempt: 'J1.1', offset: 3, gapBytes: 40 },
    { attempt: 'J1.1', offset: 43, at: at(1), stream: 'stderr', text: '\x1b[31mc\n' },
  ]);
  const said = await saveLog(client, join(directory, 'saved'), save);
  const path = join(directory, 'saved', 'J1.log');
  expect(said).toBe(`saved ${(await readFile(path)).length} B to ${path}`);
  expect(await readFile(path, 'utf8')).toBe(
    'a\nb[40 bytes were dropped here: the log is over its cap]\n\x1b[31mc\n',
  );
  expect(asked).toEqual([{ verb: 'logs', job: ['J1'] }]);
});

test('save: a filtered log, and several as one, are saved by lines', async () => {
  const item = (index: number, worker: string): LogLineItem => {
    const { log: _log, ...line } = row(index, `line ${index}`);
    return { ...line, attempt: 'J1.1', worker, isMerged: true };
  };
  const { client, asked } = serve([item(0, 'alice'), item(1, 'bob')]);
  const both = { ...save, jobs: ['J1', 'J2'] as const, grep: 'line', context: 3 };
  await saveLog(client, directory, both);
  expect(await readFile(join(directory, 'J1.log'), 'utf8')).toBe(
    `${at(0)} alice line 0\n${at(1)} bob line 1\n`,
  );
  expect(asked).toEqual([{ verb: 'logs', job: ['J1', 'J2'], grep: 'line', context: 3 }]);
});

test('save: a file that is there is not written over, and an absolute name is taken as it is', async () => {
  const name = join(directory, 'mine.txt');
  await writeFile(name, 'mine');
  await expect(saveLog(serve([]).client, '/nowhere', { ...save, name })).rejects.toMatchObject({
    code: 'SAVE_FILE',
    message: expect.stringContaining('there is a file already'),
  });
  expect(await readFile(name, 'utf8')).toBe('mine');
});

test('save: what fails half-way leaves no file, so that the next try can have the name', async () => {
  const { client } = serve([
    { attempt: 'J1.1', offset: 0, at: at(0), stream: 'stdout', text: 'half' },
  ]);
  const failing = {
    ...client,
    stream: (...args: Parameters<HubClient['stream']>) => {
      const { done, ...rest } = client.stream(...args);
      return { ...rest, done: done.then(() => Promise.reject(new Error('the link is gone'))) };
    },
  } as HubClient;
  await expect(saveLog(failing, directory, save)).rejects.toThrow('the link is gone');
  expect(await readdir(directory)).toEqual([]);
  expect(await saveLog(client, directory, save)).toContain('saved 4 B');
});
