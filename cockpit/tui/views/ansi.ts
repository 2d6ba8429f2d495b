/*
 * Output of workers made harmless: text, line ends and colours pass, everything else is swallowed.
 *
 *   text ──ESC──▶ escape ──[──▶ csi ──final byte──▶ text
 *                    └──] P X ^ _──▶ string ──BEL, ESC \, line end──▶ text
 *
 * Cursor moves, clears, titles, links, queries and direction overrides never reach our screen. A
 * sequence may be torn between chunks at any place; a style lasts over lines until the worker ends
 * it. A sequence that never ends is given up at a line end or its cap, so it can't hide the rest.
 */
import { unreachable } from '../../../protocol/errors.ts';
import { sequenceCharsMax } from '../limits.ts';
import { applySgr, plainStyle, type Style, sgrText } from './sgr.ts';

/** What is left of a chunk once it is harmless. */
export type AnsiToken =
  | { readonly type: 'text'; readonly text: string; readonly sgr: string }
  | { readonly type: 'newline' }
  | { readonly type: 'return' }
  | { readonly type: 'tab'; readonly sgr: string };

/** Where in a sequence the last chunk ended, and the style there. */
export interface AnsiState {
  readonly place: 'text' | 'escape' | 'csi' | 'string' | 'string-escape';
  /** What the unfinished sequence holds so far; a lone half of a surrogate pair while in text. */
  readonly held: string;
  readonly style: Style;
}

/** Before any output. */
export const ansiStart: AnsiState = { place: 'text', held: '', style: plainStyle };

// Controls, C1, direction overrides and isolates, line and paragraph separators.
const special = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Reads one chunk on from `state`. */
export function readAnsi(
  state: AnsiState,
  chunk: string,
): { readonly tokens: readonly AnsiToken[]; readonly state: AnsiState } {
  const reader: Reader = { ...state, tokens: [] };
  let text = chunk;
  if (reader.place === 'text') {
    text = reader.held + chunk;
    reader.held = '';
  }
  let index = 0;
  while (index < text.length) {
    index =
      reader.place === 'text' ? readText(reader, text, index) : readSequence(reader, text, index);
  }
  const { tokens, ...rest } = reader;
  return { tokens, state: rest };
}

interface Reader {
  place: AnsiState['place'];
  held: string;
  style: Style;
  tokens: AnsiToken[];
}

function readText(reader: Reader, text: string, from: number): number {
  special.lastIndex = from;
  const found = special.exec(text);
  const end = found?.index ?? text.length;
  const isTorn = found === null && /[\ud800-\udbff]$/.test(text);
  emitText(reader, text.slice(from, isTorn ? end - 1 : end));
  if (isTorn) reader.held = text.slice(-1);
  if (found === null) return text.length;
  takeControl(reader, found[0]);
  return end + 1;
}

function emitText(reader: Reader, text: string): void {
  if (text === '') return;
  reader.tokens.push({ type: 'text', text: text.toWellFormed(), sgr: sgrText(reader.style) });
}

function takeControl(reader: Reader, control: string): void {
  if (control === '\n') reader.tokens.push({ type: 'newline' });
  else if (control === '\r') reader.tokens.push({ type: 'return' });
  else if (control === '\t') reader.tokens.push({ type: 'tab', sgr: sgrText(reader.style) });
  else if (control === '\x1b') reader.place = 'escape';
  else if (control === '\x9b') reader.place = 'csi';
  else if ('\x90\x98\x9d\x9e\x9f'.includes(control)) reader.place = 'string';
}

/** One character of a sequence; a line end, CAN or SUB breaks any sequence off. */
function readSequence(reader: Reader, text: string, index: number): number {
  const character = text.charAt(index);
  if (character === '\n' || character === '\r') {
    leave(reader);
    return index;
  }
  if (character === '\x18' || character === '\x1a') {
    leave(reader);
    return index + 1;
  }
  switch (reader.place) {
    case 'escape':
      return readEscape(reader, character, index);
    case 'csi':
      return readCsi(reader, character, index);
    case 'string':
    case 'string-escape':
      return readString(reader, character, index);
    case 'text':
      return index;
    default:
      return unreachable(reader.place);
  }
}

function readEscape(reader: Reader, character: string, index: number): number {
  if (character === '\x1b') return index + 1;
  if (character === '[') reader.place = 'csi';
  else if (']PX^_'.includes(character)) reader.place = 'string';
  else if (character < ' ' || character > '/') leave(reader);
  return index + 1;
}

function readCsi(reader: Reader, character: string, index: number): number {
  if (character === '\x1b') {
    leave(reader);
    reader.place = 'escape';
    return index + 1;
  }
  if (character >= '@' && character <= '~') {
    if (character === 'm' && /^[\d:;]*$/.test(reader.held)) {
      reader.style = applySgr(reader.style, reader.held);
    }
    leave(reader);
    return index + 1;
  }
  hold(reader, character);
  return index + 1;
}

function readString(reader: Reader, character: string, index: number): number {
  if (reader.place === 'string-escape') {
    leave(reader);
    // ESC begins a sequence of its own unless the backslash of the string terminator follows.
    if (character === '\\') return index + 1;
    reader.place = 'escape';
    return index;
  }
  if (character === '\x1b') reader.place = 'string-escape';
  else if (character === '\x07' || character === '\x9c') leave(reader);
  else hold(reader, character);
  return index + 1;
}

function hold(reader: Reader, character: string): void {
  reader.held += character;
  if (reader.held.length >= sequenceCharsMax) leave(reader);
}

function leave(reader: Reader): void {
  reader.place = 'text';
  reader.held = '';
}
