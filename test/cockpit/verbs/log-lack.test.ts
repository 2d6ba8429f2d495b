/*
 * What `wally logs` says where the hub's copy of an ended job's log is damaged: each kind of it, beside what a cap dropped.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logOfferMs } from '../../../cockpit/hub/limits.ts';
import { describeGap } from '../../../cockpit/verbs/log-lack.ts';
import { logsVerb } from '../../../cockpit/verbs/logs.ts';
import type { LogItem, LogLineItem, LogWindow } from '../../../cockpit/verbs/shapes.ts';
import { plain } from '../../../cockpit/verbs/text.ts';
import type { LogStore } from '../../../store/log.ts';
import { openLogFiles } from '../../../store/log-files.ts';
import { settle } from '../../protocol/fake-ports.ts';
import type { RawPeer } from '../../protocol/raw-peer.ts';
import { createDirectory } from '../../store/place.ts';
import { alice, finished, makeJob } from '../hub/hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from '../hub/hub-in-hand.ts';
import { askVerb, beginVerb } from './ask-hub.ts';

const lineBytes = 1000;
const lineCount = 300;
const logBytes = lineBytes * lineCount;
/** A segment is an eighth of it, so the log is of three. */
const bytesMax = 1024 * 1024;

let directory: Awaited<ReturnType<typeof createDirectory>>;
let field: HubInHand;
let logs: LogStore;
let peer: RawPeer;
let path: string;

beforeEach(async () => {
  directory = await createDirectory();
  path = join(directory.path, 'J1.1');
  await open();
  await field.hub.desk.dispatch(makeJob([alice]));
  await field.rest();
  const text = `${'x'.repeat(lineBytes - 1)}\n`;
  const bytes = new TextEncoder().encode(text);
  for (let n = 0; n < lineCount; n += 30) {
    const records = Array.from({ length: 30 }, (_, index) => {
      return { offset: (n + index) * lineBytes, stream: 'stdout' as const, at: n + index, bytes };
    });
    const [from, next] = [n * lineBytes, (n + 30) * lineBytes];
    peer.say({ t: 'log', attempt: 'J1.1', from, records, next });
    await until(async () => (await field.hub.mirror.findEnd('J1.1')) === next);
  }
  const fact = finished('J1.1', 'succeeded');
  peer.say(factFrame(1, fact.kind === 'finished' ? { ...fact, logBytes } : fact));
  await field.rest();
});

afterEach(async () => {
  await field.hub.stop();
  await directory.remove();
});

async function open(disk?: HubInHand['disk']): Promise<void> {
  logs = await openLogFiles(directory.path, { bytesMax });
  field = await openHubInHand({ logs, ...(disk === undefined ? {} : { disk }) });
  peer = await field.join(alice);
}

/** The worker is there for so long, and says so. */
async function stay(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 1000) {
    peer.say({ t: 'ping', at });
    await field.ports.advance(1000);
    await settle();
  }
}

/** Files take turns of the loop, and no time of the hub's. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await settle();
}

/** The hub ends, something happens to its files, and it is there again. */
async function harm(job: (names: readonly string[]) => Promise<void>): Promise<void> {
  await field.hub.stop();
  await job((await readdir(path)).sort());
  await open(field.disk);
  await stay(logOfferMs);
}

async function flip(name: string, at: number): Promise<void> {
  const file = join(path, name);
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

/** What is said of the log: its holes, and what is said at its end. */
async function read(args: Readonly<Record<string, unknown>> = {}) {
  const { answer, items } = beginVerb(field, 'logs', { job: ['J1'], ...args });
  const { missingBytes, lostBytes, ...said } = (await answer) as Parameters<
    typeof logsVerb.show
  >[0];
  const words = logsVerb.show({ ...said, missingBytes, lostBytes } as never, plain);
  const gaps = (items as (LogItem | LogLineItem)[]).flatMap((item) => {
    if ('gapBytes' in item) return [{ bytes: item.gapBytes, isLost: item.isLost }];
    if ('isOpen' in item && item.stream === 'gap')
      return [{ bytes: item.bytes, isLost: item.isLost }];
    return [];
  });
  return { gaps, missingBytes, lostBytes, words };
}

test('logs: of a whole log nothing is said', async () => {
  await harm(async () => undefined);
  expect(await read()).toEqual({ gaps: [], missingBytes: 0, lostBytes: 0, words: '' });
});

test('logs: what damage in the newest segment cost is said at the end, in bytes', async () => {
  await harm((names) => flip(names.at(-1) ?? '', 5000));
  const end = await field.hub.mirror.findEnd('J1.1');
  const missing = logBytes - end;
  expect(missing).toBeGreaterThan(0);
  const words = expect.stringMatching(
    `^\\[${missing} bytes are missing at the end: the hub’s copy`,
  );
  const said = { gaps: [], missingBytes: missing, lostBytes: missing, words };
  expect(await read()).toEqual(said);
  expect(await read({ tail: 1 })).toEqual(said);
  expect(await readdir(path)).toContainEqual(expect.stringMatching(/\.log\.damaged$/));
});

test('logs: who follows a log that lost its end is not kept waiting', async () => {
  await harm((names) => flip(names.at(-1) ?? '', 5000));
  const end = await field.hub.mirror.findEnd('J1.1');
  const { answer, items } = beginVerb(field, 'logs', { job: ['J1'], follow: true });
  let said: unknown;
  void answer.then((value) => (said = value));
  const last = () => items.at(-1) as { readonly offset: number; readonly text: string } | undefined;
  await until(async () => (last()?.offset ?? 0) + (last()?.text.length ?? 0) === end);
  await until(async () => {
    await stay(1000);
    return said !== undefined;
  });
  expect(said).toMatchObject({ missingBytes: logBytes - end, lostBytes: logBytes - end });
});

test.each([
  ['damaged', (name: string) => flip(name, 5000)],
  ['gone', (name: string) => rm(join(path, name))],
])('logs: a hole where an older segment is %s is not called a drop', async (_, job) => {
  await harm(async ([name = '']) => job(name));
  const { gaps, ...rest } = await read();
  expect(gaps).toEqual([{ bytes: expect.any(Number), isLost: true }]);
  expect(rest).toEqual({ missingBytes: 0, lostBytes: 0, words: '' });
  expect((await read({ timestamps: true })).gaps).toEqual(gaps);
  const window = await askVerb<LogWindow>(field, 'logs lines', { job: ['J1'], at: 'start' });
  expect(window.lines.filter(({ stream }) => stream === 'gap')).toMatchObject(gaps);
  const bytes = gaps[0]?.bytes ?? 0;
  expect(describeGap(bytes, true)).toMatch(/^\d+ bytes are missing here: the hub’s copy/);
});

test('logs: a log that is gone is told by its bytes', async () => {
  await harm(() => rm(path, { recursive: true }));
  const said = { gaps: [], missingBytes: logBytes, lostBytes: logBytes };
  expect(await read()).toMatchObject(said);
});

test('logs: what the worker may still have is not called lost', async () => {
  await harm(() => rm(path, { recursive: true }));
  peer.say({ t: 'log-ask', attempt: 'J1.1' });
  await until(async () => field.hub.mirror.offers.findTold('J1.1') !== undefined);
  const words = expect.stringMatching(/they come, if the worker still has them/);
  expect(await read()).toEqual({ gaps: [], missingBytes: logBytes, lostBytes: 0, words });
});

test('logs: nor is that of a worker that was linked just now', async () => {
  await harm(() => rm(path, { recursive: true }));
  peer.close();
  await field.rest();
  peer = await field.join(alice);
  expect(await read()).toMatchObject({ missingBytes: logBytes, lostBytes: 0 });
});

test('logs: nor is that of a job that ended just now, on a worker that is linked for long', async () => {
  await field.hub.desk.dispatch(makeJob([alice]));
  await stay(2 * logOfferMs);
  const fact = finished('J2.1', 'succeeded');
  peer.say(factFrame(2, fact.kind === 'finished' ? { ...fact, logBytes: 4 } : fact));
  await field.rest();
  expect(await read({ job: ['J2'] })).toMatchObject({ missingBytes: 4, lostBytes: 0 });
  await stay(logOfferMs);
  expect(await read({ job: ['J2'] })).toMatchObject({ missingBytes: 4, lostBytes: 4 });
});

test('logs: nor is that of a worker that is away', async () => {
  await harm(() => rm(path, { recursive: true }));
  peer.close();
  await field.rest();
  expect(await read()).toMatchObject({ missingBytes: logBytes, lostBytes: 0 });
});

test('logs: a hole that the worker sent is a drop', async () => {
  await field.hub.desk.dispatch(makeJob([alice]));
  const bytes = new TextEncoder().encode('end\n');
  const records = [{ offset: 500, stream: 'stdout' as const, at: 1, bytes }];
  peer.say({ t: 'log', attempt: 'J2.1', from: 0, records, next: 504 });
  await until(async () => (await field.hub.mirror.findEnd('J2.1')) === 504);
  const { gaps } = await read({ job: ['J2'] });
  expect(gaps).toEqual([{ bytes: 500, isLost: false }]);
  expect(describeGap(500)).toBe('500 bytes were dropped here: the log is over its cap');
});
