/*
 * How many terminal cells a text takes, and cutting a text by cells.
 *
 * The only file that knows character widths. It must agree with Ink to the cell, or borders shift
 * and frames wrap; so it asks the very library that Ink asks. Characters that take no room by
 * themselves are dropped when cutting, because Ink gives each at least one cell.
 */
import stringWidth from 'string-width';
import { measuredCharsMax, measuredTextsMax } from '../limits.ts';

// ASCII, Latin-1, and the dashes, dots, lines and marks that our own rows are made of: each is a
// character by itself, one UTF-16 unit and one cell. Most texts are nothing else.
const plainCells =
  /^[\x20-\x7e\xa1-\xac\xae-\xff\u2010-\u2027\u2039\u203a\u2500-\u25fc\u2713\u2717]*$/;
const segmenter = new Intl.Segmenter();

/** Cells that `text` takes; control characters take none. */
export function measureCells(text: string): number {
  return plainCells.test(text) ? text.length : measureOnce(text);
}

/**
 * Measuring anything but ASCII asks five Unicode tables about each character, and a screen says the
 * same things again and again. When the memory is full it begins anew.
 */
function measureOnce(text: string): number {
  const known = measured.get(text);
  if (known !== undefined) return known;
  // What comes from a hub may hold an escape: it takes no cell, what follows it is plain text.
  const cells = stringWidth(text, { countAnsiEscapeCodes: true });
  if (measured.size >= measuredTextsMax) measured.clear();
  if (text.length <= measuredCharsMax) measured.set(text, cells);
  return cells;
}

const measured = new Map<string, number>();

/** What a person would call the characters of `text`: never half an emoji, never a bare accent. */
export function splitGraphemes(text: string): readonly string[] {
  if (plainCells.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

/** A part of a text, the cells it takes, and how far the text was looked at to find it. */
export interface CellSlice {
  readonly text: string;
  readonly cells: number;
  readonly walked: number;
}

/**
 * The part of `text` between two columns. A wide character that only half fits becomes a space, so
 * that what follows keeps its column. Looks no further than `to`: lines of logs are long.
 */
export function sliceCells(text: string, from: number, to: number): CellSlice {
  if (to <= 0) return { text: '', cells: 0, walked: 0 };
  if (plainCells.test(text)) {
    const part = text.slice(from, Math.max(from, to));
    return { text: part, cells: part.length, walked: Math.min(text.length, to) };
  }
  let out = '';
  let column = 0;
  for (const { segment } of segmenter.segment(text)) {
    if (column >= to) break;
    const width = measureCells(segment);
    const end = column + width;
    if (width > 0 && end > from) {
      const isWhole = column >= from && end <= to;
      out += isWhole ? segment : ' '.repeat(Math.min(end, to) - Math.max(column, from));
    }
    column = end;
  }
  const walked = Math.min(column, to);
  return { text: out, cells: Math.max(0, walked - from), walked };
}

/** A part of a text that was broken; `isNext` where it begins another line. */
export interface BrokenPart {
  readonly text: string;
  readonly cells: number;
  readonly isNext: boolean;
}

/** The text broken after every `width` cells, where `cells` of the first line are taken already. */
export function breakText(
  text: string,
  { width, cells }: { readonly width: number; readonly cells: number },
): readonly BrokenPart[] {
  const parts: BrokenPart[] = [];
  let taken = cells;
  let line = '';
  let lineCells = 0;
  let isNext = false;
  const end = () => parts.push({ text: line, cells: lineCells, isNext });
  // Texts of plain cells are cut by length: almost all of a log is that.
  for (const piece of plainCells.test(text)
    ? chunkPlain(text, width - cells, width)
    : splitGraphemes(text)) {
    const size = measureCells(piece);
    if (size === 0) continue;
    if (taken + size > width && taken > 0) {
      end();
      line = '';
      lineCells = 0;
      taken = 0;
      isNext = true;
    }
    line += piece;
    lineCells += size;
    taken += size;
  }
  end();
  return parts;
}

function* chunkPlain(text: string, first: number, width: number): Generator<string> {
  let at = 0;
  for (let room = Math.max(0, first); at < text.length; room = Math.max(1, width)) {
    if (room > 0) yield text.slice(at, at + room);
    at += room;
  }
}

/** `text` in exactly `width` cells: padded on the right, or cut with an ellipsis. */
export function fitCells(text: string, width: number): string {
  if (width <= 0) return '';
  const whole = sliceCells(text, 0, width + 1);
  if (whole.cells <= width) return whole.text + ' '.repeat(width - whole.cells);
  const cut = sliceCells(text, 0, width - 1);
  return `${cut.text}…${' '.repeat(width - 1 - cut.cells)}`;
}

/** `text` broken at spaces into lines of at most `width` cells; a word that is too long is cut. */
export function wrapCells(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (measureCells(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = pushWhole(lines, word, width);
  }
  return [...lines, line];
}

function pushWhole(lines: string[], word: string, width: number): string {
  const cells = measureCells(word);
  const wholeCount = width <= 0 ? 0 : Math.max(0, Math.ceil(cells / width) - 1);
  for (let part = 0; part < wholeCount; part += 1) {
    lines.push(sliceCells(word, part * width, (part + 1) * width).text);
  }
  return sliceCells(word, wholeCount * width, cells).text;
}
