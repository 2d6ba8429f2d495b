/*
 * Quoting for a shell, held against a real one.
 */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteWord, splitShellWords } from '../../../cockpit/verbs/shell-words.ts';

/** The words that /bin/sh makes of a line. */
function wordsOfShell(line: string): readonly string[] {
  const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

const awkward = [
  'plain',
  '',
  '~/src',
  '*',
  "it's",
  '"two"',
  '$HOME `id`',
  'a\nb\n',
  '\\',
  '-n',
  '日本',
  '!x',
  '=y',
  "'\\''",
];

test('shell words: what is quoted is one word to a shell, letter by letter', () => {
  expect(wordsOfShell(awkward.map(quoteWord).join(' '))).toEqual(awkward);
  expect(quoteWord('npm')).toBe('npm');
});

test('shell words: any text survives quoting and splitting', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (words) => {
      expect(splitShellWords(words.map(quoteWord).join(' '))).toEqual(words);
    }),
  );
});

test.each([`a  'b c'"d e"\\ f`, `"say \\"hi\\" \\\\ \\x" 'it'\\''s'`, `'' "" x`])(
  'shell words: %s is split as a shell would',
  (line) => {
    expect(splitShellWords(line)).toEqual(wordsOfShell(line));
  },
);

test('shell words: a quote that is not closed makes no words', () => {
  for (const line of ["it's", 'a "b', 'a\\']) expect(splitShellWords(line)).toBeUndefined();
  expect(splitShellWords('  ')).toEqual([]);
});
