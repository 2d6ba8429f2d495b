/*
 * The dispatch form: opening it, editing it, sending it, and what the hub said. Pure.
 *
 * What was typed is kept when the hub refuses, with the code and the hint at the field. A reply to a
 * form that was closed meanwhile is told by its token and does not touch the next form. A paste is
 * taken whole or not at all, and never sends anything.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { Command } from '../keys/keymap.ts';
import { formCharsMax, previewStepRows } from '../limits.ts';
import { ask, requestOf, still, type Update } from './effects.ts';
import { makeArgs } from './form-args.ts';
import { findFault, placeError } from './form-faults.ts';
import {
  type DispatchForm,
  emptyValues,
  isChoice,
  listFields,
  stepChoice,
  type TextId,
  withChoice,
  withText,
} from './form-fields.ts';
import { recallDispatch } from './form-history.ts';
import { chosenWords } from './grammar.ts';
import type { State, TextField } from './model.ts';
import { completeTarget, takeTarget, wordAt } from './targets.ts';
import { cleanLine, cleanLines, cleanPiece, editText, moveLine, putText } from './text-field.ts';
import { tell } from './toast.ts';

/** Opens the form; made out to what is marked or selected, where that is workers. */
export function openForm(state: State): Update {
  const to = chosenWorkers(state)
    .map((name) => `${name} `)
    .join('');
  const form: DispatchForm = {
    type: 'form',
    token: state.nextId,
    field: 'command',
    values: withText(emptyValues, 'to', { text: to, caret: to.length }),
    past: undefined,
    previewTop: 0,
    isSending: false,
    error: undefined,
  };
  return still({ ...state, overlay: form, nextId: state.nextId + 1 });
}

/** A command of the form's own keys. */
export function applyFormCommand(state: State, form: DispatchForm, command: Command): Update {
  switch (command) {
    case 'form-close':
      return closeForm(state, form);
    case 'form-send':
      return sendForm(state, form);
    case 'form-editor':
      return openEditor(state, form);
    case 'form-older':
      return still(withForm(state, recallDispatch(state, form, 1)));
    case 'form-newer':
      return still(withForm(state, recallDispatch(state, form, -1)));
    case 'form-preview-down':
    case 'form-preview-up': {
      const step = command === 'form-preview-down' ? previewStepRows : -previewStepRows;
      return still(withForm(state, { ...form, previewTop: Math.max(0, form.previewTop + step) }));
    }
    default:
      return still(withForm(state, moveOrEdit(state, form, command)));
  }
}

/** Text typed into the form: letters, or the yes and no of a choice. */
export function typeIntoForm(state: State, form: DispatchForm, text: string): Update {
  const { field, values } = form;
  if (!isChoice(field)) return still(withForm(state, enterText(form, field, text)));
  if (text === ' ') return still(withForm(state, edited(form, stepChoice(values, field, 1))));
  const answer = { y: 'yes', n: 'no' }[text] ?? '';
  return still(withForm(state, edited(form, withChoice(values, field, answer))));
}

/** Text pasted into the form. */
export function pasteIntoForm(
  state: State,
  form: DispatchForm,
  { text, isPiece }: { readonly text: string; readonly isPiece?: true },
): Update {
  const { field } = form;
  if (!isChoice(field)) {
    const next = isPiece === true ? enterPiece(form, field, text) : enterText(form, field, text);
    return still(withForm(state, next));
  }
  return tell(state, 'nothing can be pasted into a choice; tab goes on to a text');
}

/** What the editor gave back in the place of the command. */
export function takeEdited(state: State, edit: { token: number; text: string }): Update {
  const form = state.overlay;
  if (form?.type !== 'form' || form.token !== edit.token || form.isSending) return still(state);
  const text = cleanLines(edit.text);
  if (text.length > formCharsMax) return still(withForm(state, tooLong(form, 'command')));
  const command = { text, caret: text.length };
  const values = withText(form.values, 'command', command);
  return still(withForm(state, { ...edited(form, values), field: 'command' }));
}

/** The hub refused: the form stays as it is and says why, at the field that it is about. */
export function refuseForm(state: State, form: DispatchForm, refusal: ErrorShape): State {
  const error = placeError(form, refusal);
  const field = error.field ?? form.field;
  return withForm(state, { ...form, isSending: false, error, field });
}

function chosenWorkers(state: State): readonly string[] {
  if (state.focus !== 'team') return [];
  const chosen = new Set(chosenWords(state, 'worker'));
  const workers = state.team.filter(({ name, state: is }) => chosen.has(name) && is !== 'revoked');
  return workers.map(({ name }) => name);
}

/** Would what was typed be lost with the form? */
export function holdsUnsent({ values, past, isSending }: DispatchForm): boolean {
  return values.texts.command.text.trim() !== '' && past === undefined && !isSending;
}

/** What was not sent yet is not thrown away: it is the first that going back brings. */
function closeForm(state: State, form: DispatchForm): Update {
  const closed: State = { ...state, overlay: undefined };
  if (!holdsUnsent(form)) return still(closed);
  return tell(
    { ...closed, keptForm: form.values },
    'not sent, but kept: d, then up, brings it back',
  );
}

function sendForm(state: State, form: DispatchForm): Update {
  if (form.isSending) return still(state);
  const args = makeArgs(form.values, state.team);
  const error = findFault(state, form, args);
  if (error !== undefined) {
    return still(withForm(state, { ...form, error, field: error.field ?? form.field }));
  }
  const next = withForm(state, { ...form, isSending: true, error: undefined });
  const purpose = { for: 'form', token: form.token, args } as const;
  return ask(next, requestOf('dispatch', args, purpose));
}

function openEditor(state: State, form: DispatchForm): Update {
  if (form.isSending) return still(state);
  const { texts, chosen } = form.values;
  const { text } = texts.command;
  return ask(state, { type: 'edit-text', token: form.token, text, ask: chosen.ask });
}

function moveOrEdit(state: State, form: DispatchForm, command: Command): DispatchForm {
  switch (command) {
    case 'form-next':
      return completeHere(state, form) ?? stepField(form, 1);
    case 'form-previous':
      return stepField(form, -1);
    case 'form-down':
      return stepDown(state, form);
    case 'form-up':
      return stepUp(state, form);
    case 'form-newline':
      return form.field === 'command' ? enterText(form, 'command', '\n') : form;
    default:
      return editForm(state, form, command);
  }
}

/** A word that was begun is completed before tab goes on. */
function completeHere(state: State, form: DispatchForm): DispatchForm | undefined {
  if (form.field !== 'to' || wordAt(form.values.texts.to) === '') return undefined;
  return takeCandidate(state, form);
}

function takeCandidate(state: State, form: DispatchForm): DispatchForm | undefined {
  const { to } = form.values.texts;
  const [candidate] = completeTarget(to, state.team);
  if (candidate === undefined) return undefined;
  return edited(form, withText(form.values, 'to', takeTarget(to, candidate)));
}

/** In the command: its next line; below the last one, and elsewhere, the next field. */
function stepDown(state: State, form: DispatchForm): DispatchForm {
  if (form.field !== 'command') return stepField(form, 1);
  if (form.past !== undefined) return recallDispatch(state, form, -1);
  return moveInCommand(form, 1) ?? stepField(form, 1);
}

/** In the command: its line above; above the first one, as a shell has it, what ran before. */
function stepUp(state: State, form: DispatchForm): DispatchForm {
  if (form.field !== 'command') return stepField(form, -1);
  const moved = form.past === undefined ? moveInCommand(form, -1) : undefined;
  return moved ?? recallDispatch(state, form, 1);
}

function moveInCommand(form: DispatchForm, step: 1 | -1): DispatchForm | undefined {
  const command = moveLine(form.values.texts.command, step);
  if (command === undefined) return undefined;
  return { ...form, values: withText(form.values, 'command', command) };
}

function editForm(state: State, form: DispatchForm, command: Command): DispatchForm {
  const { field, values } = form;
  if (isChoice(field)) {
    if (command !== 'form-left' && command !== 'form-right') return form;
    return edited(form, stepChoice(values, field, command === 'form-left' ? -1 : 1));
  }
  const before = values.texts[field];
  const isAtEnd = before.caret === before.text.length;
  if (field === 'to' && command === 'form-right' && isAtEnd) {
    return completeHere(state, form) ?? form;
  }
  const after = editText(before, command);
  const next = withText(values, field, after);
  return after.text === before.text ? { ...form, values: next } : edited(form, next);
}

function enterText(form: DispatchForm, field: TextId, text: string): DispatchForm {
  const before = form.values.texts[field];
  const after = insertIn(field, before, text);
  if (after === undefined) return tooLong(form, field);
  return edited(form, withText(form.values, field, after));
}

/** Where a piece had no room, none of the rest is taken: without its middle it would be another script. */
function enterPiece(form: DispatchForm, field: TextId, text: string): DispatchForm {
  const before = form.values.texts[field];
  const clean = cleanPiece(text, field === 'command' ? 'lines' : 'line');
  const isOver = before.text.length + clean.length > formCharsMax;
  if (isOver || form.error?.message === overLong) {
    return tooLong(form, field, 'The paste was cut off there; put it into a file on the box.');
  }
  return edited(form, withText(form.values, field, putText(before, clean)));
}

/** Undefined where there is no room for all of it: half a script is another script. */
function insertIn(field: TextId, before: TextField, text: string): TextField | undefined {
  // A line end by its key is text; those behind a paste are not, for the paste is not a key.
  const isKey = text === '\n';
  const clean = field !== 'command' ? cleanLine(text) : isKey ? text : cleanLines(text);
  return before.text.length + clean.length > formCharsMax ? undefined : putText(before, clean);
}

const overLong = `That would be over ${formCharsMax} letters.`;

function tooLong(
  form: DispatchForm,
  field: TextId,
  hint = 'Nothing of it was taken; put it into a file on the box.',
): DispatchForm {
  const error = { code: 'USAGE_ARGUMENT', message: overLong, hint, field };
  return { ...form, error, field };
}

/** The form with other values: what was wrong with the old ones is gone, and they are no past ones. */
function edited(form: DispatchForm, values: DispatchForm['values']): DispatchForm {
  if (values === form.values) return form;
  return { ...form, values, error: undefined, past: undefined, previewTop: 0 };
}

function stepField(form: DispatchForm, step: 1 | -1): DispatchForm {
  const fields = listFields(form.values);
  const index = (fields.indexOf(form.field) + step + fields.length) % fields.length;
  return { ...form, field: fields[index] ?? 'command' };
}

function withForm(state: State, form: DispatchForm): State {
  return form === state.overlay ? state : { ...state, overlay: form };
}
