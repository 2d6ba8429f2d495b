/*
 * Writes the README's table of keys from the keymap: `npm run -s keys`.
 *
 * A test compares the two, so a forgotten run fails there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { renderKeyTable } from '../../cockpit/tui/keys/keymap.ts';

const file = new URL('../../README.md', import.meta.url);
const [before = '', after = ''] = readFileSync(file, 'utf8').split('a test compares them -->\n');
const [, rest = ''] = after.split('\n<!-- end of keys -->');
writeFileSync(
  file,
  `${before}a test compares them -->\n${renderKeyTable()}\n<!-- end of keys -->${rest}`,
);
