/*
 * The documents against the program: what is generated or claimed there must be what is true here.
 *
 * The README's key table is made from the keymap, every verb of the grammar is named in it, it stays
 * short, and what the documents point to is there.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
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

test('README: it can be read in a few minutes; what is long stands in the folders', () => {
  expect(readme.split('\n').length).toBeLessThan(350);
});

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = ['*.md', '{agent,cockpit,protocol,store,test}/**/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: root }),
);

test.each(documents)('documents: what %s points to is there', (path) => {
  const text = readFileSync(join(root, path), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? join(root, path) : resolve(root, dirname(path), file);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !listAnchors(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

/** The headings of a document as links name them. */
function listAnchors(file: string): readonly string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm);
  return Array.from(headings, ([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
