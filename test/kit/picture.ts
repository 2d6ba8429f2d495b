/*
 * A screen as a picture: a snapshot drawn cell by cell as SVG, and from that as PNG.
 *
 * Text is laid out by cell and never by the font, so columns stay straight with any monospaced
 * font. Lines, corners and blocks are drawn as shapes, because fonts leave gaps between rows.
 * The same snapshot always gives the same bytes.
 */
import { Resvg } from '@resvg/resvg-js';
import type { Cell, CellColour, Snapshot } from './cells.ts';
import { drawGlyph } from './glyphs.ts';

/** Colours of the terminal that is drawn. */
export interface PictureTheme {
  readonly foreground: string;
  readonly background: string;
  readonly frame: string;
  readonly title: string;
  /** The sixteen colours that a person can choose; the other 240 are fixed. */
  readonly palette: readonly string[];
}

/** What goes into a picture. */
export interface Picture {
  readonly snapshot: Snapshot;
  readonly title: string;
  readonly theme: PictureTheme;
}

/** A dark terminal. Source: the palette of VS Code's dark theme. */
export const darkTheme: PictureTheme = {
  foreground: '#d4d4d4',
  background: '#16181d',
  frame: '#2a2e37',
  title: '#9aa3b2',
  palette: [
    ...['#000000', '#cd3131', '#0dbc79', '#e5e510', '#2472c8', '#bc3fbc', '#11a8cd', '#e5e5e5'],
    ...['#666666', '#f14c4c', '#23d18b', '#f5f543', '#3b8eea', '#d670d6', '#29b8db', '#ffffff'],
  ],
};

const cellWidth = 8.4;
const cellHeight = 18;
const fontSize = 14;
const baseline = 13.5;
const padding = 14;
const titleHeight = 34;

/** What a dim cell keeps of its colour. */
const dimOpacity = 0.55;

const fonts =
  "'DejaVu Sans Mono', 'SF Mono', Menlo, Consolas, 'Liberation Mono', 'WenQuanYi Micro Hei', Symbola, monospace";

/** Draws the screen in a window frame. */
export function drawPicture({ snapshot, title, theme }: Picture): string {
  const width = round(snapshot.columns * cellWidth + 2 * padding);
  const height = snapshot.rows.length * cellHeight + titleHeight + padding;
  const rows = snapshot.rows.map((row, y) => drawRow(row, titleHeight + y * cellHeight, theme));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="9" fill="${theme.background}"/>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8.5" fill="none" stroke="${theme.frame}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (colour, index) => `<circle cx="${20 + index * 18}" cy="17" r="5.5" fill="${colour}"/>`,
    ),
    `<text x="${width / 2}" y="21.5" text-anchor="middle" font-family="sans-serif" font-size="12.5" fill="${theme.title}">${escapeText(title)}</text>`,
    `<g font-family="${fonts}" font-size="${fontSize}" xml:space="preserve">`,
    ...rows.filter((row) => row !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The picture as PNG, at twice the size for sharp text. Fonts are those of this machine. */
export function renderPng(svg: string): Uint8Array {
  const options = { font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono' } };
  return new Resvg(svg, { ...options, fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}

function drawRow(row: readonly Cell[], top: number, theme: PictureTheme): string {
  const runs = listRuns(row, theme);
  return [
    ...runs.map((run) => drawGround(run, top, theme)),
    ...runs.map((run) => drawText(run, top)),
  ]
    .filter((part) => part !== '')
    .join('');
}

/** Neighbouring cells that look the same. */
interface Run {
  readonly x: number;
  readonly cells: readonly Cell[];
  readonly columns: number;
  readonly ink: string;
  readonly ground: string;
  readonly look: Cell;
}

function listRuns(row: readonly Cell[], theme: PictureTheme): readonly Run[] {
  const runs: {
    x: number;
    cells: Cell[];
    columns: number;
    ink: string;
    ground: string;
    look: Cell;
  }[] = [];
  row.forEach((cell, x) => {
    const last = runs.at(-1);
    if (last !== undefined && (cell.width === 0 || isAlike(last.look, cell))) {
      last.columns += 1;
      if (cell.width > 0) last.cells.push(cell);
      return;
    }
    runs.push({ x, cells: [cell], columns: 1, ...chooseColours(cell, theme), look: cell });
  });
  return runs;
}

function drawGround({ x, columns, ground }: Run, top: number, theme: PictureTheme): string {
  if (ground === theme.background) return '';
  const size = `width="${round(columns * cellWidth)}" height="${cellHeight}"`;
  return `<rect x="${placeColumn(x)}" y="${top}" ${size} fill="${ground}"/>`;
}

function drawText(run: Run, top: number): string {
  const style = describeStyle(run);
  const parts: string[] = [];
  let column = run.x;
  let word = { text: '', x: column };
  const flush = () => {
    if (word.text !== '') parts.push(drawWord(word, top, style));
    word = { text: '', x: column };
  };
  for (const cell of run.cells) {
    const box = { x: placeColumn(column), y: top, width: cellWidth, height: cellHeight };
    const shape = drawGlyph(cell.text, box, style.fill);
    // What is not one plain character stands alone, so that it can't shift its neighbours.
    const isPlain = shape === undefined && cell.width === 1 && /^[!-~]$/.test(cell.text);
    if (!isPlain) flush();
    if (shape !== undefined) parts.push(shape);
    else if (isPlain) word.text += cell.text;
    else if (cell.text !== ' ') parts.push(drawWord({ text: cell.text, x: column }, top, style));
    column += Math.max(cell.width, 1);
    if (!isPlain) word.x = column;
  }
  flush();
  return parts.join('');
}

interface Style {
  readonly fill: string;
  readonly attributes: string;
}

function drawWord(
  word: { readonly text: string; readonly x: number },
  top: number,
  style: Style,
): string {
  // The font's own advance may differ from the cell's; the length holds a word to its cells.
  const length =
    word.text.length > 1 && /^[!-~]+$/.test(word.text)
      ? ` textLength="${round(word.text.length * cellWidth)}"`
      : '';
  const place = `x="${placeColumn(word.x)}" y="${top + baseline}"${length}`;
  return `<text ${place} fill="${style.fill}"${style.attributes}>${escapeText(word.text)}</text>`;
}

function describeStyle({ look, ink }: Run): Style {
  const lines = [look.isUnderlined && 'underline', look.isStruck && 'line-through'].filter(Boolean);
  const attributes = [
    look.isBold ? ' font-weight="bold"' : '',
    look.isItalic ? ' font-style="italic"' : '',
    lines.length > 0 ? ` text-decoration="${lines.join(' ')}"` : '',
  ];
  return { fill: ink, attributes: attributes.join('') };
}

function chooseColours(cell: Cell, theme: PictureTheme): { ink: string; ground: string } {
  const front = chooseHex(cell.foreground, theme, theme.foreground);
  const back = chooseHex(cell.background, theme, theme.background);
  const [ink, ground] = cell.isInverse ? [back, front] : [front, back];
  return { ink: cell.isDim ? mix(ink, ground) : ink, ground };
}

function chooseHex(colour: CellColour, theme: PictureTheme, own: string): string {
  if (colour.kind === 'default') return own;
  if (colour.kind === 'exact') return writeHex(colour.rgb);
  return theme.palette[colour.index] ?? writeHex(chooseIndexed(colour.index));
}

/** The 6×6×6 cube from 16 and the 24 greys from 232. Source: xterm's 256colres.h. */
function chooseIndexed(index: number): number {
  if (index >= 232) return (8 + (index - 232) * 10) * 0x010101;
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  const [red, green, blue] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  return (level(red) << 16) | (level(green) << 8) | level(blue);
}

function mix(ink: string, ground: string): string {
  const channel = (hex: string, shift: number) =>
    (Number.parseInt(hex.slice(1), 16) >> shift) & 255;
  const blend = (shift: number) =>
    Math.round(channel(ink, shift) * dimOpacity + channel(ground, shift) * (1 - dimOpacity)) <<
    shift;
  return writeHex(blend(16) | blend(8) | blend(0));
}

function isAlike(one: Cell, other: Cell): boolean {
  return describeLook(one) === describeLook(other);
}

function describeLook({ text: _, width: __, ...look }: Cell): string {
  return JSON.stringify(look);
}

function placeColumn(x: number): number {
  return round(padding + x * cellWidth);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function writeHex(rgb: number): string {
  return `#${rgb.toString(16).padStart(6, '0')}`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
