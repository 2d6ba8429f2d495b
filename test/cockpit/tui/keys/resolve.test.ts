/*
 * From what the terminal sends to commands and text.
 *
 * Bursts, control characters and reports that are no keys at all.
 */
import { expect, test } from 'vitest';
import { keymap } from '../../../../cockpit/tui/keys/keymap.ts';
import { findPaste, resolveKey, splitKeys } from '../../../../cockpit/tui/keys/resolve.ts';
import { rawKeys } from '../press.ts';

const names = (input: string) => splitKeys({ input, key: {} }).map((press) => press.name);

test('resolve: a burst is split into single keys and a return in it is enter', () => {
  expect(names('jjj\r')).toEqual(['j', 'j', 'j', 'enter']);
});

test('resolve: a line feed is ctrl-j, and enter where ctrl-j means nothing', () => {
  expect(names('d\n')).toEqual(['d', 'ctrl-j']);
  const key = { name: 'ctrl-j', text: '' };
  expect(resolveKey(key, 'form', keymap)).toEqual({ type: 'command', command: 'form-newline' });
  expect(resolveKey(key, 'prompt', keymap)).toEqual({ type: 'command', command: 'prompt-accept' });
});

test('resolve: returns in a burst of lines are told apart, one that ends a line of keys is not', () => {
  const pasted = (input: string) => splitKeys({ input, key: {} }).map((press) => press.isPasted);
  expect(pasted('a\r\tb\r')).toEqual([undefined, true, true, undefined, true]);
  expect(pasted('ab\r\t')).toEqual([undefined, undefined, undefined, undefined]);
});

test('resolve: a burst of more than 512 letters is a paste, one of 512 is keys', () => {
  expect(findPaste({ input: 'j'.repeat(512), key: {} }, 'keys')).toBeUndefined();
  expect(findPaste({ input: 'j'.repeat(513), key: {} }, 'keys')).toBe('j'.repeat(513));
  expect(findPaste({ input: 'j'.repeat(513), key: { meta: true } }, 'keys')).toBeUndefined();
});

test('resolve: what comes behind a piece of a paste is more of it, unless a hand may have typed it', () => {
  expect(findPaste({ input: 'j'.repeat(17), key: {} }, 'piece')).toBe('j'.repeat(17));
  expect(findPaste({ input: 'j'.repeat(16), key: {} }, 'piece')).toBeUndefined();
  expect(findPaste({ input: '', key: { upArrow: true } }, 'piece')).toBeUndefined();
});

test('resolve: return with alt is a key of its own', () => {
  const pressed = splitKeys({ input: '', key: { return: true, meta: true } });
  expect(pressed).toEqual([{ name: 'alt-enter', text: '' }]);
});

test('resolve: control characters in a burst keep their names', () => {
  expect(names('\t\x7f\x15\x03')).toEqual(['tab', 'backspace', 'ctrl-u', 'ctrl-c']);
});

test('resolve: an emoji or an accent is one key', () => {
  expect(names('👩‍👩‍👧é')).toEqual(['👩‍👩‍👧', 'é']);
});

test('resolve: named keys and modifiers come by their names', () => {
  const pressed = Object.values(rawKeys)
    .flatMap(splitKeys)
    .map((press) => press.name);
  expect(pressed).toEqual(['enter', 'down', 'shift-tab', 'ctrl-u', 'alt-x']);
});

test('resolve: the release of a key is no press', () => {
  expect(splitKeys(rawKeys.release ?? { input: 'j', key: {} })).toEqual([]);
});

test('resolve: what is left of a mouse or focus report is no press', () => {
  for (const input of ['[<0;10;12M', '[I', '[O', '[?1;2c', 'OP']) expect(names(input)).toEqual([]);
  expect(names('[')).toEqual(['[']);
});

test('resolve: in a list a letter is a command, in the form it is text', () => {
  expect(resolveKey({ name: 'd', text: 'd' }, 'jobs', keymap)).toEqual({
    type: 'command',
    command: 'dispatch',
  });
  expect(resolveKey({ name: 'd', text: 'd' }, 'form', keymap)).toEqual({ type: 'text', text: 'd' });
  expect(resolveKey({ name: 'x', text: 'x' }, 'jobs', keymap)).toEqual({ type: 'none' });
  expect(resolveKey({ name: 'alt-d', text: '' }, 'form', keymap)).toEqual({ type: 'none' });
});
