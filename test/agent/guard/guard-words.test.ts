/*
 * The lines between an agent and its guard: whole ones are read, all else is nothing.
 */
import { describe, expect, test } from 'vitest';
import {
  type GuardTable,
  LineCutter,
  readTable,
  readWord,
  writeLine,
} from '../../../agent/guard/guard-words.ts';
import { guardLineBytesMax } from '../../../agent/guard/limits.ts';

const from = { monotonicMs: 1.5, uptimeMs: 2000 };
const row = { mark: 's/J1.1', pid: 7, start: '9', forMs: -3.5, isEnding: false };
const table: GuardTable = { from, rows: [row, { ...row, pid: 0, start: '0' }] };

describe('guard words', () => {
  test('guard words: what is written is read', () => {
    expect(readTable(writeLine(table))).toEqual(table);
    expect(readWord(writeLine({ t: 'tick', ...from }))).toEqual({ t: 'tick', ...from });
    expect(readWord(writeLine({ t: 'ended', mark: 'm' }))).toEqual({ t: 'ended', mark: 'm' });
  });

  test.each([
    ['half a line', '{"from":{"mono'],
    ['no object', '7'],
    ['no moment', JSON.stringify({ rows: [] })],
    [
      'a moment that is none',
      JSON.stringify({ from: { monotonicMs: null, uptimeMs: 1 }, rows: [] }),
    ],
    ['no mark, which all would carry', JSON.stringify({ from, rows: [{ ...row, mark: '' }] })],
    ['the pid of all there are', JSON.stringify({ from, rows: [{ ...row, pid: -1 }] })],
    ['the pid of init', JSON.stringify({ from, rows: [{ ...row, pid: 1 }] })],
    ['a time without end', JSON.stringify({ from, rows: [{ ...row, forMs: null }] })],
    ['no word of how', JSON.stringify({ from, rows: [{ ...row, isEnding: 1 }] })],
  ])('guard words: a table with %s is nothing', (_what, line) => {
    expect(readTable(line)).toBeUndefined();
  });

  test.each(['{"t":"tick"}', '{"t":"ended"}', '{"t":"other","mark":"m"}', 'x', 'null'])(
    'guard words: %s is no word',
    (line) => {
      expect(readWord(line)).toBeUndefined();
    },
  );

  test('guard words: lines are cut wherever the pieces end', () => {
    const text = 'one\ntwo\n\nthree';
    for (let at = 0; at <= text.length; at += 1) {
      const cutter = new LineCutter();
      const lines = [...cutter.push(text.slice(0, at)), ...cutter.push(text.slice(at))];
      expect(lines).toEqual(['one', 'two', '']);
      expect(cutter.push('\n')).toEqual(['three']);
    }
  });

  test('guard words: a line over the cap is dropped whole, in one piece or in many', () => {
    const cutter = new LineCutter();
    const long = 'x'.repeat(guardLineBytesMax + 1);
    expect(cutter.push(`${long}\nafter\n`)).toEqual(['after']);
    expect(cutter.push(long)).toEqual([]);
    expect(cutter.push('the rest of it')).toEqual([]);
    expect(cutter.push('\nnext\n')).toEqual(['next']);
    expect(cutter.push(`${'x'.repeat(guardLineBytesMax)}\n`)).toHaveLength(1);
  });
});
