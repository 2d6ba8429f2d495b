/*
 * Pictures of screens: what is drawn where, and that a PNG comes of it.
 *
 * Places are checked as numbers: a cell is 8.4 by 18, the first one at (14, 34).
 */
import xterm from '@xterm/headless';
import { expect, test } from 'vitest';
import { takeSnapshot } from './cells.ts';
import { darkTheme, drawPicture, renderPng } from './picture.ts';

async function draw(output: string): Promise<string> {
  const terminal = new xterm.Terminal({ cols: 12, rows: 2, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  return drawPicture({ snapshot: takeSnapshot(terminal), title: 'a <b>', theme: darkTheme });
}

test('picture: a word is held to its cells, at its column', async () => {
  const svg = await draw('\x1b[1;3Hhello');
  expect(svg).toContain('<text x="30.8" y="47.5" textLength="42" fill="#d4d4d4">hello</text>');
});

test('picture: colours come from the palette, the cube, the greys, or exactly', async () => {
  expect(await draw('\x1b[31mred')).toContain('fill="#cd3131"');
  expect(await draw('\x1b[38;5;208mcube')).toContain('fill="#ff8700"');
  expect(await draw('\x1b[38;5;244mgrey')).toContain('fill="#808080"');
  expect(await draw('\x1b[38;2;1;2;3mexact')).toContain('fill="#010203"');
});

test('picture: an inverse cell swaps its colours', async () => {
  const svg = await draw('\x1b[7mx');
  expect(svg).toContain('<rect x="14" y="34" width="8.4" height="18" fill="#d4d4d4"/>');
  expect(svg).toContain('fill="#16181d">x</text>');
});

test('picture: text that means something to XML is text', async () => {
  const svg = await draw('<&>');
  expect(svg).toContain('>&lt;&amp;&gt;</text>');
  expect(svg).toContain('<title>a &lt;b&gt;</title>');
});

test('picture: lines of neighbouring cells meet at the edge', async () => {
  const svg = await draw('──');
  expect(svg).toContain('M18.2 43L22.4 43');
  expect(svg).toContain('M26.6 43L22.4 43');
});

test('picture: the SVG becomes a PNG, and an empty screen has no text', async () => {
  const svg = await draw('');
  expect(svg.match(/<text/g)).toHaveLength(1);
  expect([...renderPng(svg).slice(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
});
