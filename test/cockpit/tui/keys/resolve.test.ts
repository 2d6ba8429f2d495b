/*
 * From what the terminal sends to commands and text.
 *
 * Bursts, control characters and reports that are no keys at all.
 */
import { expect, test } from 'vitest';
import { keymap } from '../../../../cockpit/tui/keys/keymap.ts';
import { resolveKey, splitKeys } from '../../../../cockpit/tui/keys/resolve.ts';
import { rawKeys } from '../press.ts';

const names = (input: string) => splitKeys({ input, key: {} }).map((press) => press.name);

test('resolve: a burst is split into single keys and a return in it is enter', () => {
  expect(names('jjj\r')).toEqual(['j', 'j', 'j', 'enter']);
  expect(names('d\n')).toEqual(['d', 'enter']);
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
