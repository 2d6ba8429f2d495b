/*
 * Output larger than anybody wants to keep: memory stays bounded and the log says what it dropped.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sizeText } from '../../cockpit/tui/views/phrases.ts';
import { readPeakMemory } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

const keptBytesMax = 1024 * 1024;
const memoryBytesMax = 200 * 1024 * 1024;

let stage: Stage;
let hubPid: number;
let agentPid: number;

beforeAll(async () => {
  stage = openStage();
  stage.configure(stage.home, `[logs]\nbytes_max = ${keptBytesMax}\n`);
  stage.configure(stage.localHome, `[logs]\nbytes_max = ${keptBytesMax}\n`);
  hubPid = (await stage.up()).hub.pid;
  agentPid = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>().pid;
});

afterAll(() => stage.close());

interface Item {
  readonly offset: number;
  readonly text?: string;
  readonly gapBytes?: number;
}

/** The whole log of an ended job. */
async function readLog(id: string): Promise<readonly Item[]> {
  const result = await stage.wally(['logs', id, '-f', '--json']);
  expect(result.status).toBe(0);
  return result.jsonLines<Item>();
}

function expectCapped(items: readonly Item[], logBytes: number): void {
  const kept = items.reduce((sum, { text = '' }) => sum + Buffer.byteLength(text), 0);
  const dropped = items.reduce((sum, { gapBytes = 0 }) => sum + gapBytes, 0);
  expect(kept).toBeLessThanOrEqual(keptBytesMax);
  expect(kept).toBeGreaterThan(keptBytesMax / 2);
  expect(kept + dropped).toBe(logBytes);
}

test('output: 100 MB stay within memory, and the log keeps its head and tail and says the gap', async () => {
  const bytes = 100_000_000;
  const body = `yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c ${bytes}`;
  const { id } = await stage.dispatch(`echo first; ${body}; echo; echo last`);
  const job = await stage.ended(id);
  const logBytes = 'first\n\nlast\n'.length + bytes;
  expect(job).toMatchObject({ outcome: 'succeeded', attempts: [{ logBytes }] });
  const items = await readLog(id);
  expectCapped(items, logBytes);
  const hole = items.findIndex(({ gapBytes }) => gapBytes !== undefined);
  const [head, tail] = [items.slice(0, hole), items.slice(hole + 1)].map((part) =>
    part.map(({ text }) => text).join(''),
  );
  expect(head).toMatch(/^first\n0123/);
  expect(tail).toMatch(/z\n0123.*\nlast\n$/s);
  const people = await stage.wally(['logs', id]);
  expect(people.stderr).toMatch(/\[\d+ bytes were dropped here: the log is over its cap\]/);
  expect(readPeakMemory(hubPid)).toBeLessThan(memoryBytesMax);
  expect(readPeakMemory(agentPid)).toBeLessThan(memoryBytesMax);
});

test('output: one line of 5 MB is capped like any other output', async () => {
  const bytes = 5_000_000;
  const { id } = await stage.dispatch(`head -c ${bytes} /dev/zero | tr '\\0' x`);
  expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded' });
  const items = await readLog(id);
  expectCapped(items, bytes);
  const text = items.map((item) => item.text ?? '').join('');
  expect(/^x+$/.test(text)).toBe(true);
  const screen = stage.screen({ columns: 120, rows: 40 });
  // One gap, or more where the hub had already what lay between two.
  const gaps = items.flatMap(({ gapBytes }) => (gapBytes === undefined ? [] : [gapBytes]));
  expect(sizeText(gaps.reduce((sum, gap) => sum + gap, 0))).toMatch(/^3\.\d MiB$/);
  for (const gap of gaps) {
    await screen.until(
      new RegExp(`${sizeText(gap).replace('.', String.raw`\.`)} of output fell out here`),
    );
  }
  expect(readPeakMemory(screen.pid)).toBeLessThan(memoryBytesMax);
});
