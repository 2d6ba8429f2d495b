/*
 * Editing a field of text, of one line or of several. Pure: a field in, a field out.
 *
 * The caret never stands inside an emoji or behind half an accent. What is typed or pasted is made
 * harmless first: control sequences are swallowed. In a field of one line, line ends and tabs become
 * spaces; in one of several they stay what they are. Start, end and clearing mean the caret's line.
 */
import type { Command } from '../keys/keymap.ts';
import { fieldCharsMax } from '../limits.ts';
import { type AnsiToken, ansiStart, readAnsi } from '../views/ansi.ts';
import { measureCells, splitGraphemes } from '../views/width.ts';
import type { TextField } from './model.ts';

/** A field to start with. */
export const emptyField: TextField = { text: '', caret: 0 };

/** The field after one of the editing keys; what is no editing key changes nothing. */
export function editText(field: TextField, command: Command): TextField {
  switch (command) {
    case 'form-left':
      return moveCaret(field, 'left');
    case 'form-right':
      return moveCaret(field, 'right');
    case 'form-start':
      return jumpCaret(field, 'start');
    case 'form-end':
      return jumpCaret(field, 'end');
    case 'form-backspace':
      return deleteCharacter(field, 'left');
    case 'form-delete':
      return deleteCharacter(field, 'right');
    case 'form-clear':
      return deleteToStart(field);
    case 'form-word':
      return deleteWord(field);
    default:
      return field;
  }
}

/** Types or pastes `text` at the caret; what goes beyond the cap is left out. */
export function insertText(field: TextField, text: string): TextField {
  const room = fieldCharsMax - field.text.length;
  return putText(field, cleanLine(text).slice(0, Math.max(0, room)).toWellFormed());
}

/** The text as a field of one line may hold it: harmless, line ends and tabs are spaces. */
export function cleanLine(text: string): string {
  return cleanPiece(dropLineEnds(text), 'line');
}

/** The text as a field of several lines may hold it: harmless, without line ends behind it. */
export function cleanLines(text: string): string {
  return cleanPiece(dropLineEnds(text), 'lines');
}

/** The same of a piece of a longer text, to which line ends behind it belong. */
export function cleanPiece(text: string, as: 'line' | 'lines'): string {
  const marks = { newline: '\n', return: '\n', tab: '\t' } as const;
  return readTokens(text)
    .map((token) => (token.type === 'text' ? token.text : as === 'line' ? ' ' : marks[token.type]))
    .join('')
    .toWellFormed();
}

/** Puts text that is clean at the caret, whole: whoever calls has seen that there is room. */
export function putText(field: TextField, text: string): TextField {
  return {
    text: field.text.slice(0, field.caret) + text + field.text.slice(field.caret),
    caret: field.caret + text.length,
  };
}

/** The caret in the line above or below, as near to its column as can be; undefined where there is none. */
export function moveLine(field: TextField, step: 1 | -1): TextField | undefined {
  const { start, end } = lineOf(field);
  const other = step < 0 ? start - 1 : end + 1;
  if (other < 0 || other > field.text.length) return undefined;
  const target = lineOf({ ...field, caret: other });
  const column = measureCells(field.text.slice(start, field.caret));
  let caret = target.start;
  let cells = 0;
  for (const part of splitGraphemes(field.text.slice(target.start, target.end))) {
    cells += measureCells(part);
    if (cells > column) break;
    caret += part.length;
  }
  return { ...field, caret };
}

/** Where the caret's line begins and ends. */
function lineOf({ text, caret }: TextField): { readonly start: number; readonly end: number } {
  const end = text.indexOf('\n', caret);
  // From -1 on there is nothing to the left; `lastIndexOf` would look at the first character.
  const start = caret === 0 ? 0 : text.lastIndexOf('\n', caret - 1) + 1;
  return { start, end: end < 0 ? text.length : end };
}

/** Moves the caret by one character. */
function moveCaret(field: TextField, direction: 'left' | 'right'): TextField {
  const step = direction === 'left' ? -charsBefore(field) : charsAfter(field);
  return { ...field, caret: field.caret + step };
}

/** Moves the caret to an end of its line. */
function jumpCaret(field: TextField, end: 'start' | 'end'): TextField {
  return { ...field, caret: lineOf(field)[end] };
}

/** Deletes the character beside the caret. */
function deleteCharacter(field: TextField, side: 'left' | 'right'): TextField {
  if (side === 'left') return deleteLeft(field, charsBefore(field));
  const after = field.text.slice(field.caret + charsAfter(field));
  return { ...field, text: field.text.slice(0, field.caret) + after };
}

/** Deletes the word to the left of the caret and the spaces behind it. */
function deleteWord(field: TextField): TextField {
  const word = /\S*\s*$/.exec(field.text.slice(0, field.caret));
  return deleteLeft(field, word?.[0].length ?? 0);
}

/** Deletes what its line has to the left of the caret; at the start of a line, its line end. */
function deleteToStart(field: TextField): TextField {
  const count = field.caret - lineOf(field).start;
  return deleteLeft(field, count > 0 ? count : Math.min(1, field.caret));
}

function deleteLeft(field: TextField, count: number): TextField {
  const caret = field.caret - count;
  return { text: field.text.slice(0, caret) + field.text.slice(field.caret), caret };
}

function charsBefore(field: TextField): number {
  return splitGraphemes(field.text.slice(0, field.caret)).at(-1)?.length ?? 0;
}

function charsAfter(field: TextField): number {
  return splitGraphemes(field.text.slice(field.caret))[0]?.length ?? 0;
}

function readTokens(text: string): readonly AnsiToken[] {
  return readAnsi(ansiStart, text.replace(/\r\n?/g, '\n')).tokens;
}

function dropLineEnds(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}
