/*
 * What a line is, and that a reader who begins anywhere sees the same ones, forwards and backwards.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineReadBytes, searchLineBytesMax, tornBytesMax } from '../../../cockpit/logs/limits.ts';
import type { CutLine, TextPlan } from '../../../cockpit/logs/line-cutter.ts';
import { BackwardReader, ForwardReader } from '../../../cockpit/logs/line-reader.ts';
import type { Log } from '../../../store/log.ts';
import { type Piece, restless, writeLog } from './output.ts';

const head: TextPlan = { keeps: 'part', skipBytes: 0, bytesMax: 100 };

async function readOn(log: Log, from: number, text = head): Promise<readonly CutLine[]> {
  const reader = new ForwardReader(log, { text, rest: restless }, from);
  const lines: CutLine[] = [];
  for (;;) {
    const block = await reader.next();
    lines.push(...block.lines);
    if (block.isLast) return [...lines, ...reader.peekRest()];
  }
}

async function readBack(log: Log, before: number, text = head): Promise<readonly CutLine[]> {
  const reader = new BackwardReader(log, { text, rest: restless }, before);
  const lines: CutLine[] = [];
  for (;;) {
    const block = await reader.next();
    lines.push(...block.lines);
    if (block.isLast) return lines;
  }
}

function show(line: CutLine): string {
  const text = Buffer.from(line.text).toString();
  const mark = line.stream === 'gap' ? `gap ${line.bytes}` : line.stream === 'stderr' ? '!' : '';
  return `${line.offset} ${mark}${text}${line.isOpen ? '…' : ''}`;
}

async function showAll(pieces: readonly Piece[]): Promise<readonly string[]> {
  return (await readOn(await writeLog(pieces), 0)).map(show);
}

describe('lines of a log', () => {
  test('lines: a line is whole where its pieces are torn, and one without an end is open', async () => {
    expect(await showAll([{ text: 'ab' }, { text: 'c\nde' }, { text: '\n\nf' }])).toEqual([
      '0 abc',
      '4 de',
      '7 ',
      '8 f…',
    ]);
  });

  test('lines: a torn line of stdout is not cut by stderr, and stays where it began', async () => {
    const pieces: Piece[] = [
      { text: 'out' },
      { text: 'oops\n', stream: 'stderr' },
      { text: 'put\nnext\n' },
    ];
    expect(await showAll(pieces)).toEqual(['0 output', '3 !oops', '12 next']);
  });

  test('lines: a line that stood for 64 KiB of the other stream has ended', async () => {
    const filler = `${'x'.repeat(tornBytesMax - 1)}\n`;
    const near: readonly Piece[] = [
      { text: 'a' },
      { text: filler, stream: 'stderr' },
      { text: 'b\n' },
    ];
    expect((await showAll(near)).map((line) => line.replace(/x+/, 'x'))).toEqual(['0 ab', '1 !x']);
    const far = near.toSpliced(2, 0, { text: '\n', stream: 'stderr' });
    expect((await showAll(far)).map((line) => line.replace(/x+/, 'x'))).toEqual([
      '0 a',
      '1 !x',
      `${tornBytesMax + 1} !`,
      `${tornBytesMax + 2} b`,
    ]);
  });

  test('lines: a gap ends every line and is a line of its own, also at both ends of a log', async () => {
    const log = await writeLog([
      { text: 'abc\nde', gap: 5 },
      { text: 'fg\n', gap: 10 },
    ]);
    await log.skipTo(50);
    const wanted = ['0 gap 5', '5 abc', '9 de', '11 gap 10', '21 fg', '24 gap 26'];
    expect((await readOn(log, 0)).map(show)).toEqual(wanted);
    expect((await readBack(log, 50)).map(show)).toEqual(wanted.toReversed());
  });

  test('lines: a carriage return starts the text again, one before the line end does not', async () => {
    const log = await writeLog([
      { text: '10%\r' },
      { text: '20%\r30' },
      { text: '%\r\nab\r\n\rx\r' },
    ]);
    expect(
      (await readOn(log, 0)).map((line) => [show(line), line.bytes, line.hiddenBytes]),
    ).toEqual([
      ['0 30%', 11, 8],
      ['13 ab', 2, 0],
      ['17 x…', 2, 1],
    ]);
  });

  test('lines: of a long one the asked part is kept, and its length is true', async () => {
    const text = `${'0123456789'.repeat(50_000)}\nshort\n`;
    const log = await writeLog([{ text }]);
    const [long, short] = await readOn(log, 0, { keeps: 'part', skipBytes: 7, bytesMax: 5 });
    expect(long).toMatchObject({ bytes: 500_000, hiddenBytes: 7, isCut: true });
    expect(Buffer.from(long?.text ?? []).toString()).toBe('78901');
    expect(short).toMatchObject({ offset: 500_001, bytes: 5, hiddenBytes: 5, isCut: false });
    expect((await readBack(log, 500_001)).map(({ offset, bytes }) => [offset, bytes])).toEqual([
      [0, 500_000],
    ]);
  });

  test('lines: in pieces, a long one comes whole, with an overlap, up to its cap', async () => {
    const bytes = searchLineBytesMax + 100_000;
    const log = await writeLog([{ text: 'x'.repeat(bytes) }, { text: '\nshort\n' }]);
    const plan: TextPlan = { keeps: 'pieces', bytesMax: 1000, overlapBytes: 10 };
    const lines = await readOn(log, 0, plan);
    const pieces = lines.filter(({ offset }) => offset === 0);
    const covered = pieces.reduce((end, piece) => {
      expect(piece.hiddenBytes).toBe(Math.max(0, end - 10));
      return piece.hiddenBytes + piece.text.length;
    }, 0);
    expect(covered).toBeGreaterThanOrEqual(searchLineBytesMax);
    expect(covered).toBeLessThan(searchLineBytesMax + 2000);
    expect(lines.at(-1)).toMatchObject({ offset: bytes + 1, bytes: 5 });
  });

  test('lines: where a stream takes over is told, wherever the reader began', async () => {
    const log = await writeLog([
      { text: 'a\nb\n' },
      { text: 'c\nd\n', stream: 'stderr' },
      { text: 'e\n' },
    ]);
    const turns = (lines: readonly CutLine[]) => lines.filter(({ isTurn }) => isTurn).map(show);
    expect(turns(await readOn(log, 0))).toEqual(['0 a', '4 !c', '8 e']);
    expect(turns(await readOn(log, 4))).toEqual(['4 !c', '8 e']);
    expect(turns(await readOn(log, 6))).toEqual(['8 e']);
  });

  test('lines: a reader that came to the end goes on with what was appended since', async () => {
    const log = await writeLog([{ text: 'ab\ncd' }]);
    const reader = new ForwardReader(log, { text: head, rest: restless }, 0);
    expect((await reader.next()).lines.map(show)).toEqual(['0 ab']);
    expect(reader.peekRest().map(show)).toEqual(['3 cd…']);
    await log.append([
      { offset: 5, stream: 'stdout', at: 9, bytes: new TextEncoder().encode('ef\ng') },
    ]);
    expect((await reader.next()).lines.map(show)).toEqual(['3 cdef']);
    expect(reader.peekRest().map(show)).toEqual(['8 g…']);
  });
});

const piece: fc.Arbitrary<Piece> = fc.record({
  text: fc
    .array(fc.constantFrom('a', 'bc', '\n', '\n', '\r', 'dé', '\r\n'), {
      minLength: 1,
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
  stream: fc.constantFrom<'stdout' | 'stderr'>('stdout', 'stdout', 'stderr'),
  gap: fc.constantFrom(0, 0, 0, 0, 7),
});

const filler: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom(1, tornBytesMax - 2, lineReadBytes, 3 * lineReadBytes), fc.boolean())
  .map(([size, isStderr]) => ({
    text: 'y'.repeat(size),
    stream: isStderr ? 'stderr' : 'stdout',
  }));

test('lines: from any offset, on and back, they are the ones of a reader that began at the start', async () => {
  const pieces = fc.array(
    fc.oneof({ weight: 9, arbitrary: piece }, { weight: 1, arbitrary: filler }),
    {
      maxLength: 30,
    },
  );
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(), async (written, pick) => {
      const log = await writeLog(written);
      const all = await readOn(log, 0);
      const lengths = all.filter(({ stream }) => stream === 'gap').length;
      const offset = pick % (log.end + 2);
      // A gap that begins before the offset reaches over it; from there on it is a shorter one.
      const isInGap = all.some(
        ({ stream, offset: begin, bytes }) =>
          stream === 'gap' && begin < offset && offset < begin + bytes,
      );
      expect(all.map((line) => line.offset)).toEqual(
        all.map((line) => line.offset).toSorted((a, b) => a - b),
      );
      expect(lengths).toBe(written.filter(({ gap }) => gap === 7).length);
      if (isInGap) return;
      const whole = (lines: readonly CutLine[]) =>
        lines.map((line) => ({ ...line, text: Buffer.from(line.text).toString() }));
      const newer = all.filter((line) => line.offset >= offset);
      const older = all.filter((line) => line.offset < offset).toReversed();
      expect(whole(await readOn(log, offset))).toEqual(whole(newer));
      expect(whole(await readBack(log, offset))).toEqual(whole(older));
    }),
    { numRuns: 150 },
  );
}, 60_000);
