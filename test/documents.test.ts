/*
 * The documents against the program: what is generated or claimed there must be what is true here.
 *
 * The README's key table is made from the keymap, and every verb of the grammar is named in it.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { localVerbs } from '../cockpit/cli/local.ts';
import { renderKeyTable } from '../cockpit/tui/keys/keymap.ts';
import { verbs } from '../cockpit/verbs/registry.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('README: the key table is the one that the keymap makes', () => {
  const [, after = ''] = readme.split('a test compares them -->\n');
  const [table = ''] = after.split('\n<!-- end of keys -->');
  expect(table.trim()).toBe(renderKeyTable().trim());
});

test('README: every verb is in the table of verbs', () => {
  const [, after = ''] = readme.split('## Verbs');
  const [section = ''] = after.split('## Keys');
  const missing = [...verbs, ...localVerbs]
    .map(({ name }) => name)
    .filter((name) => !new RegExp(`\`(wally )?${name}\\b`).test(section));
  expect(missing).toEqual([]);
});
