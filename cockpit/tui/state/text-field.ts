/*
 * Editing one line of text. Pure: a field in, a field out.
 *
 * The caret never stands inside an emoji or behind half an accent. What is typed or pasted is made
 * harmless first: control sequences are swallowed, line ends and tabs become spaces.
 */
import type { Command } from '../keys/keymap.ts';
import { fieldCharsMax } from '../limits.ts';
import { ansiStart, readAnsi } from '../views/ansi.ts';
import { splitGraphemes } from '../views/width.ts';
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
  const kept = cleanText(text).slice(0, Math.max(0, room)).toWellFormed();
  return {
    text: field.text.slice(0, field.caret) + kept + field.text.slice(field.caret),
    caret: field.caret + kept.length,
  };
}

/** Moves the caret by one character. */
function moveCaret(field: TextField, direction: 'left' | 'right'): TextField {
  const step = direction === 'left' ? -charsBefore(field) : charsAfter(field);
  return { ...field, caret: field.caret + step };
}

/** Moves the caret to an end of the field. */
function jumpCaret(field: TextField, end: 'start' | 'end'): TextField {
  return { ...field, caret: end === 'start' ? 0 : field.text.length };
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

/** Deletes everything to the left of the caret. */
function deleteToStart(field: TextField): TextField {
  return deleteLeft(field, field.caret);
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

function cleanText(text: string): string {
  const { tokens } = readAnsi(ansiStart, text.replace(/[\r\n]+$/, '').replace(/\r\n?/g, '\n'));
  return tokens.map((token) => (token.type === 'text' ? token.text : ' ')).join('');
}
