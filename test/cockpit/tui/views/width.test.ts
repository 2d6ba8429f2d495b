/*
 * Cells of text, and cutting by cells.
 *
 * Widths are exact in every case: a row one cell off breaks the borders of the whole screen.
 */
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { fitRow, measureRow, readRow, sliceRow, span } from '../../../../cockpit/tui/views/row.ts';
import {
  fitCells,
  measureCells,
  sliceCells,
  splitGraphemes,
  wrapCells,
} from '../../../../cockpit/tui/views/width.ts';

test('width: Chinese and emoji take two cells, accents none', () => {
  expect(measureCells('日本')).toBe(4);
  expect(measureCells('👩‍👩‍👧')).toBe(2);
  expect(measureCells('e\u0301')).toBe(1);
  expect(measureCells('●●○')).toBe(3);
});

test('width: what is taken for one cell without a look is one cell for Ink too', () => {
  const known = [
    ['\x20', '\x7e'],
    ['\xa1', '\xac'],
    ['\xae', '\xff'],
    ['\u2010', '\u2027'],
    ['\u2039', '\u203a'],
    ['\u2500', '\u25fc'],
    ['\u2713', '\u2713'],
    ['\u2717', '\u2717'],
  ] as const;
  for (const [from, to] of known) {
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code += 1) {
      const character = String.fromCharCode(code);
      expect(`${character} ${stringWidth(character)}`).toBe(`${character} 1`);
      // Two in a row stay two: none of them joins with another.
      expect(splitGraphemes(`${character}x\u0301`)).toHaveLength(2);
      expect(measureCells(character + character)).toBe(2);
    }
  }
});

test('width: fitting gives exactly the cells asked for', () => {
  expect(fitCells('ab', 4)).toBe('ab  ');
  expect(fitCells('abcdef', 4)).toBe('abc…');
  expect(fitCells('日本語', 4)).toBe('日 …');
  expect(fitCells('日本語', 6)).toBe('日本語');
  expect(fitCells('ab', 0)).toBe('');
  for (const text of ['日本語 🚀 x', 'e\u0301e\u0301', 'plain', '']) {
    for (let width = 0; width < 12; width += 1)
      expect(measureCells(fitCells(text, width))).toBe(width);
  }
});

test('width: a wide character cut in half becomes a space', () => {
  expect(sliceCells('日本語', 1, 5)).toEqual({ text: ' 本 ', cells: 4, walked: 5 });
});

test('width: what takes no cell by itself is dropped, so that Ink gives it none', () => {
  expect(fitCells('a\u200bb\u00adc', 4)).toBe('abc ');
});

test('width: wrapping breaks at spaces and cuts a word that is too long', () => {
  expect(wrapCells('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapCells('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
});

test('row: fitting keeps the roles and the exact width', () => {
  const row = fitRow([span('good', 'good'), span(' 日本', 'bad')], 7);
  expect(row.map((part) => [part.text, part.role])).toEqual([
    ['good', 'good'],
    ['  ', 'bad'],
    ['…', 'dim'],
  ]);
  expect(measureRow(row)).toBe(7);
});

test('row: a slice takes the columns asked for, over the spans', () => {
  expect(readRow(sliceRow([span('abc'), span('def')], 2, 5))).toBe('cde');
});

test('row: an escape in what the hub says takes no room and does nothing', () => {
  const row = fitRow([span('a\x1b[2Jb\nc\x9bd\u202ee')], 12);
  expect(readRow(row)).toBe('a[2Jbcde    ');
});
