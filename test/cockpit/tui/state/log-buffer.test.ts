/*
 * Lines of a log: splitting, overwriting, and the caps.
 *
 * Caps are small here, so that their last line and byte can be reached.
 */
import { expect, test } from 'vitest';
import { LogBuffer } from '../../../../cockpit/tui/state/log-buffer.ts';

const roomy = { lines: 100, bytes: 1_000_000, lineCells: 1000 };

function linesOf(buffer: LogBuffer): readonly string[] {
  const lines: string[] = [];
  for (let number = buffer.first; number < buffer.end; number += 1) {
    const line = buffer.line(number);
    lines.push(`${line?.runs.map((run) => run.text).join('') ?? '?'}${line?.isCut ? '…' : ''}`);
  }
  return lines;
}

test('log buffer: lines torn between chunks are put together', () => {
  const buffer = new LogBuffer(roomy);
  buffer.append('stdout', 'on');
  expect(linesOf(buffer)).toEqual(['on']);
  buffer.append('stdout', 'e\n\ntwo\n');
  expect(linesOf(buffer)).toEqual(['one', '', 'two']);
});

test('log buffer: a line of stderr does not cut an unfinished one of stdout', () => {
  const buffer = new LogBuffer(roomy);
  buffer.append('stdout', 'foo');
  buffer.append('stderr', 'err\n');
  buffer.append('stdout', 'bar\n');
  expect(linesOf(buffer)).toEqual(['foobar', 'err']);
  expect(buffer.line(1)?.kind).toBe('stderr');
});

test('log buffer: a carriage return starts the line again, with a line end it is one line end', () => {
  const buffer = new LogBuffer(roomy);
  buffer.append('stdout', '10%\r20%\r');
  expect(linesOf(buffer)).toEqual(['20%']);
  buffer.append('stdout', '100%\r');
  buffer.append('stdout', '\nnext\r\n');
  expect(linesOf(buffer)).toEqual(['100%', 'next']);
});

test('log buffer: tabs go to the next stop and styles split a line into runs', () => {
  const buffer = new LogBuffer(roomy);
  buffer.append('stdout', 'ab\tc\x1b[31mred\x1b[0m\n');
  expect(linesOf(buffer)).toEqual(['ab      cred']);
  expect(buffer.line(0)?.runs).toEqual([
    { text: 'ab      c', sgr: '' },
    { text: 'red', sgr: '31' },
  ]);
});

test('log buffer: the oldest lines fall out at the cap and the numbers of the others stay', () => {
  const buffer = new LogBuffer({ ...roomy, lines: 3 });
  for (let index = 0; index < 10; index += 1) buffer.append('stdout', `${index}\n`);
  expect([buffer.first, buffer.end]).toEqual([7, 10]);
  expect(linesOf(buffer)).toEqual(['7', '8', '9']);
  expect(buffer.line(6)).toBeUndefined();
  expect(buffer.line(10)).toBeUndefined();
});

test('log buffer: the bytes are capped as well, also where a log is nothing but styles', () => {
  const buffer = new LogBuffer({ ...roomy, bytes: 10_000 });
  for (let index = 0; index < 50; index += 1) buffer.append('stdout', `${'x'.repeat(999)}\n`);
  expect(buffer.end - buffer.first).toBeLessThan(10);
  expect(buffer.end - buffer.first).toBeGreaterThan(5);
  buffer.clear();
  for (let index = 0; index < 50; index += 1)
    buffer.append('stdout', `${'\x1b[31ma\x1b[32mb'.repeat(10)}\n`);
  expect(buffer.end - buffer.first).toBeLessThan(10);
});

test('log buffer: a line over the cap is cut with a mark and the next one is whole', () => {
  const buffer = new LogBuffer({ ...roomy, lineCells: 5 });
  buffer.append('stdout', 'abc');
  buffer.append('stdout', 'defgh');
  buffer.append('stdout', 'never\nnext\n');
  expect(linesOf(buffer)).toEqual(['abcde…', 'next']);
});

test('log buffer: an unfinished line that fell out is begun anew', () => {
  const buffer = new LogBuffer({ ...roomy, lines: 2 });
  buffer.append('stderr', 'old');
  buffer.append('stdout', 'a\nb\nc\n');
  buffer.append('stderr', 'new\n');
  expect(linesOf(buffer)).toEqual(['c', 'new']);
});

test('log buffer: after clear the numbers begin at nought and no style is left', () => {
  const buffer = new LogBuffer(roomy);
  buffer.append('stdout', '\x1b[31mred');
  const { revision } = buffer;
  buffer.clear();
  buffer.append('stdout', 'plain');
  expect([buffer.first, buffer.end]).toEqual([0, 1]);
  expect(buffer.line(0)?.runs).toEqual([{ text: 'plain', sgr: '' }]);
  expect(buffer.revision).toBeGreaterThan(revision);
});
