/*
 * The table of keys: that it is unambiguous, and what is made from it.
 *
 * What is generated must name every binding exactly once.
 */
import { expect, test } from 'vitest';
import {
  contextTitles,
  keymap,
  listBindings,
  listRenamed,
  renderKeyTable,
} from '../../../../cockpit/tui/keys/keymap.ts';
import { resolveKey } from '../../../../cockpit/tui/keys/resolve.ts';

const panes = ['team', 'jobs', 'log', 'inbox', 'doctor', 'events'] as const;
const overlays = ['form', 'prompt', 'command', 'palette', 'words', 'confirm', 'help'] as const;
const modes = [...panes, ...overlays] as const;

test('keymap: no key means two things in one place', () => {
  for (const mode of modes) {
    const keys = keymap
      .filter(
        ({ contexts }) =>
          contexts.includes(mode) ||
          (contexts.includes('global') && panes.some((pane) => pane === mode)),
      )
      .flatMap((binding) => binding.keys);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  }
});

test('keymap: every binding can be pressed somewhere', () => {
  for (const binding of keymap) {
    for (const name of binding.keys) {
      const commands = modes.map((mode) => resolveKey({ name, text: name }, mode, keymap));
      expect(commands).toContainEqual({ type: 'command', command: binding.command });
    }
  }
});

test('keymap: every binding is in exactly one part of the help', () => {
  const titles = new Set(listRenamed('log', keymap).map(({ title }) => title));
  const listed = contextTitles
    .flatMap(([context]) => listBindings(context, keymap))
    .filter(({ title }) => !titles.has(title));
  expect(listed).toHaveLength(keymap.length);
  expect(new Set(listed)).toEqual(new Set(keymap));
});

test('keymap: only q and ctrl-c quit, esc never does', () => {
  const quitting = keymap.filter(({ command }) => command === 'quit' || command === 'leave');
  expect(quitting.flatMap((binding) => binding.keys)).toEqual(['q', 'ctrl-c']);
});

test('keymap: the table for the README has a row a binding', () => {
  const lines = renderKeyTable().trimEnd().split('\n');
  expect(lines).toHaveLength(keymap.length + listRenamed('log', keymap).length + 2);
  expect(lines).toContain('| `/` | search | In the log |');
  expect(lines[0]).toBe('| keys | what they do | where |');
  expect(lines).toContain('| `j` `down` | down | Everywhere |');
});
