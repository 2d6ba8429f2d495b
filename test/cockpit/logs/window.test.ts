/*
 * Windows of lines: joined at their cuts they are the whole log, filtered or not, merged or not.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TextPlan } from '../../../cockpit/logs/line-cutter.ts';
import type { ReadableLog } from '../../../cockpit/logs/line-reader.ts';
import type { Cut } from '../../../cockpit/logs/merge.ts';
import { parsePattern } from '../../../cockpit/logs/pattern.ts';
import { RegexThread } from '../../../cockpit/logs/regex-thread.ts';
import { Tester } from '../../../cockpit/logs/tester.ts';
import {
  type LineFilter,
  type LineWindow,
  readWindow,
  seekInstant,
} from '../../../cockpit/logs/window.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { numberedLines, type Piece, restless, writeLog } from './output.ts';

const text: TextPlan = { keeps: 'part', skipBytes: 0, bytesMax: 200 };

interface Ask {
  readonly at: Cut;
  readonly before?: number;
  readonly after?: number;
  readonly filter?: LineFilter;
}

function open(logs: readonly ReadableLog[], { before = 0, after = 0, ...rest }: Ask) {
  return readWindow({ logs, before, after, ...rest, text, rest: restless });
}

function filterFor(typed: string, contextLines: number): LineFilter {
  const thread = new RegexThread(new FakePorts().timers);
  return { tester: new Tester(parsePattern(typed), thread), contextLines };
}

function show({ lines }: Pick<LineWindow, 'lines'>): readonly string[] {
  return lines.map(
    ({ log, text: bytes, isContext }) => `${log}${isContext ? '-' : ':'}${Buffer.from(bytes)}`,
  );
}

describe('window', () => {
  test('window: lines before and after a cut, with cuts that join', async () => {
    const log = await writeLog([{ text: numberedLines(0, 10) }]);
    const window = await open([log], { at: [28], before: 2, after: 3 });
    expect(show(window)).toEqual(['0:line 2', '0:line 3', '0:line 4', '0:line 5', '0:line 6']);
    expect(window).toMatchObject({ isStart: false, isEnd: false });
    expect(show(await open([log], { at: window.end, after: 99 }))).toEqual([
      '0:line 7',
      '0:line 8',
      '0:line 9',
    ]);
    expect(show(await open([log], { at: window.begin, before: 99 }))).toEqual([
      '0:line 0',
      '0:line 1',
    ]);
  });

  test('window: several logs are merged by instant, the first named first where equal', async () => {
    const one = await writeLog([
      { text: 'a\n', at: 10 },
      { text: 'c\n', at: 30 },
      { text: 'clock stepped back\n', at: 5 },
    ]);
    const two = await writeLog([
      { text: 'A\n', at: 10 },
      { text: 'B\n', at: 20 },
      { text: 'C\n', at: 30 },
    ]);
    const wanted = ['0:a', '1:A', '1:B', '0:c', '0:clock stepped back', '1:C'];
    const newer = await open([one, two], { at: [0, 0], after: 99 });
    expect([show(newer), newer.isEnd]).toEqual([wanted, true]);
    const older = await open([one, two], { at: newer.end, before: 99 });
    // A line that its clock puts before its elders can only be placed differently, never lost.
    expect(show(older).toSorted()).toEqual(wanted.toSorted());
    expect(older.isStart).toBe(true);
  });

  test('window: context lines are those near a hit, and none is shown twice', async () => {
    const words = ['x', 'a', 'b', 'HIT', 'c', 'HIT', 'd', 'e', 'f', 'HIT'];
    const log = await writeLog([{ text: words.map((word) => `${word}\n`).join('') }]);
    const filter = filterFor('HIT', 1);
    const window = await open([log], { at: [0], after: 99, filter });
    expect(show(window)).toEqual(['0-b', '0:HIT', '0-c', '0:HIT', '0-d', '0-f', '0:HIT']);
  });

  test('window: a filtered one that found too little for too much reading says how far it came', async () => {
    const line = `${'x'.repeat(999)}\n`;
    const log = await writeLog([{ text: line.repeat(9000) }, { text: 'HIT\n' }]);
    const filter = filterFor('HIT', 3);
    let window = await open([log], { at: [0], after: 10, filter });
    expect([window.lines.length, window.isEnd]).toEqual([0, false]);
    let turns = 1;
    for (; !window.isEnd; turns += 1)
      window = await open([log], { at: window.end, after: 10, filter });
    expect(show(window).at(-1)).toBe('0:HIT');
    expect(turns).toBe(3);
  });

  test('window: bytes bound it where lines are long', async () => {
    const log = await writeLog([{ text: `${'y'.repeat(4000)}\n`.repeat(900) }]);
    const plan = { keeps: 'part', skipBytes: 0, bytesMax: 4000 } as const;
    const logs = [log];
    const window = await readWindow({
      ...{ logs, at: [0], before: 0, after: 900, text: plan },
      rest: restless,
    });
    expect(window.lines.length).toBe(132);
    expect(window.isEnd).toBe(false);
  });

  test('instant: the first line written then or later is found in each log', async () => {
    const pieces = Array.from({ length: 2000 }, (_, index) => ({
      text: `${'z'.repeat(100)}${index}\n`,
      at: 1000 * index,
    }));
    const long = await writeLog(pieces);
    const short = await writeLog([{ text: 'only\n', at: 5 }]);
    const cut = await seekInstant([long, short], 1_500_500, restless);
    const window = await open([long, short], { at: cut, before: 1, after: 1 });
    expect(show(window).map((line) => line.replace(/z+/, ''))).toEqual(['0:1500', '0:1501']);
    expect(cut[1]).toBe(short.end);
    expect(await seekInstant([long, short], 0, restless)).toEqual([0, 0]);
    expect(await seekInstant([long], 9_999_999, restless)).toEqual([long.end]);
  });
});

const pieces = fc.array(
  fc.record({
    text: fc
      .array(fc.constantFrom('a\n', 'b\n', 'HIT\n', 'c', '\n'), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join('')),
    stream: fc.constantFrom<'stdout' | 'stderr'>('stdout', 'stdout', 'stderr'),
  }),
  { maxLength: 12 },
);

/** All windows from the start on, or from the end back, joined. */
async function joinWindows(
  logs: readonly ReadableLog[],
  ask: { readonly from: Cut; readonly step: number; readonly filter?: LineFilter },
  way: 'on' | 'back',
): Promise<readonly string[]> {
  const found: string[] = [];
  let at = ask.from;
  for (;;) {
    const filter = ask.filter === undefined ? {} : { filter: ask.filter };
    const count = way === 'on' ? { after: ask.step } : { before: ask.step };
    const window = await open(logs, { at, ...count, ...filter });
    if (way === 'on') found.push(...show(window));
    else found.unshift(...show(window));
    at = way === 'on' ? window.end : window.begin;
    if (way === 'on' ? window.isEnd : window.isStart) return found;
  }
}

test('window: of any size, joined on or back, they give the same lines once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(pieces, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom(undefined, 0, 1, 2, 3),
      async (written, step, contextLines) => {
        // Instants rise over all logs, as on one clock.
        const logs = await Promise.all(
          written.map((own: readonly Piece[], log) =>
            writeLog(own.map((piece, index) => ({ ...piece, at: 10 * index + log }))),
          ),
        );
        const filter = contextLines === undefined ? {} : { filter: filterFor('HIT', contextLines) };
        const start = logs.map(() => 0);
        const end = logs.map((log) => log.end);
        const whole = show(await open(logs, { at: start, after: 1000, ...filter }));
        expect(await joinWindows(logs, { from: start, step, ...filter }, 'on')).toEqual(whole);
        expect(await joinWindows(logs, { from: end, step, ...filter }, 'back')).toEqual(whole);
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);
