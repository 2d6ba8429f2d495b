/*
 * Shell text: what is read as plain is what a shell runs, and nothing else is called plain.
 */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readShellText } from '../../../agent/policy/shell-text.ts';

test('shell text: plain commands, with quotes, are read word for word', () => {
  expect(readShellText(`git  commit -m 'a "b"' && echo "c d"e'f'; ls | wc -l\nmake`)).toEqual({
    is: 'plain',
    commands: [['git', 'commit', '-m', 'a "b"'], ['echo', 'c def'], ['ls'], ['wc', '-l'], ['make']],
  });
});

test.each([
  'a $B',
  'a `b`',
  'a > b',
  'a < b',
  '(a)',
  '{ a; }',
  'A=1 a',
  'a \\b',
  'a *',
  'a ~',
  'a #b',
  "a 'b",
  '! a',
  'if a; then b; fi',
  'a "$(b)"',
  'a\rb',
  'a é',
])('shell text: %j needs a shell to be read', (text) => {
  expect(readShellText(text).is).toBe('opaque');
});

test('shell text: whatever is called plain, a real shell makes the same words of', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'x',
      'a.b',
      '/c',
      '-d',
      '=',
      ':',
      ' ',
      '  ',
      '\t',
      "'",
      '"',
      '$',
      '\\',
      '*',
      '#',
      '~',
      '{',
      '%',
      ',',
      '@',
      '+',
    ),
    fc.string({ minLength: 1, maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      // One command, so that a shell's own `set` can take the words: separators are tried above.
      const text = `w ${pieces.join('').replaceAll(/[\n;&|]/g, ' ')}`;
      const reading = readShellText(text);
      if (reading.is === 'opaque') return;
      const script = `w() { for each in "$@"; do printf '%s\\0' "$each"; done; }; ${text}`;
      const said = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      expect(reading.commands).toEqual([['w', ...said.split('\0').slice(0, -1)]]);
    }),
    { numRuns: 300 },
  );
});
