/*
 * The dispatch form: opening it, editing it, sending it, and what the hub said. Pure.
 *
 * What was typed is kept when the hub refuses, with the code and the hint beside it. A reply to a
 * form that was closed meanwhile is told by its token and does not touch the next form.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { Command } from '../keys/keymap.ts';
import { ask, requestOf, still, type Update } from './effects.ts';
import type { DispatchForm, FieldId, State, TextField } from './model.ts';
import { editText, emptyField, insertText } from './text-field.ts';

/** The choice that leaves the worker to the hub. With a space: no worker can be called so. */
export const anyWorker = 'any worker';

/** The choice that gives the command to every worker. */
export const allWorkers = 'all workers';

const fields: readonly FieldId[] = ['command', 'worker', 'deadline'];

/** Opens the form; from the team pane it is made out to the selected worker. */
export function openForm(state: State): Update {
  const names = state.team.filter((worker) => worker.state !== 'revoked').map(({ name }) => name);
  const { selected } = state.lists.team;
  const isChosen = state.focus === 'team' && selected !== undefined && names.includes(selected);
  const form: DispatchForm = {
    type: 'form',
    token: state.nextId,
    field: 'command',
    command: emptyField,
    deadline: emptyField,
    workers: [anyWorker, ...names, allWorkers],
    worker: isChosen ? selected : anyWorker,
    isSending: false,
    error: undefined,
  };
  return still({ ...state, overlay: form, nextId: state.nextId + 1 });
}

/** A command of the form's own keys. */
export function applyFormCommand(state: State, form: DispatchForm, command: Command): Update {
  switch (command) {
    case 'form-close':
      return still({ ...state, overlay: undefined });
    case 'form-send':
      return sendForm(state, form);
    case 'form-next':
      return still(withForm(state, { ...form, field: stepField(form.field, 1) }));
    case 'form-previous':
      return still(withForm(state, { ...form, field: stepField(form.field, -1) }));
    default:
      return still(withForm(state, editForm(form, command)));
  }
}

/** Text typed or pasted into the form. */
export function typeIntoForm(state: State, form: DispatchForm, text: string): Update {
  if (form.field === 'worker') return still(state);
  return still(
    withForm(
      state,
      editField(form, (field) => insertText(field, text)),
    ),
  );
}

/** The hub refused: the form stays as it is and says why. */
export function refuseForm(state: State, form: DispatchForm, error: ErrorShape): State {
  return withForm(state, { ...form, isSending: false, error });
}

function sendForm(state: State, form: DispatchForm): Update {
  if (form.isSending) return still(state);
  if (form.command.text.trim() === '') {
    const error = {
      code: 'USAGE_ARGUMENT',
      message: 'There is no command yet.',
      hint: 'Type what to run.',
    };
    return still(withForm(state, { ...form, field: 'command', error }));
  }
  const next = withForm(state, { ...form, isSending: true, error: undefined });
  const purpose = { for: 'form', token: form.token } as const;
  return ask(next, requestOf('dispatch', dispatchArgs(form), purpose));
}

function dispatchArgs(form: DispatchForm): Readonly<Record<string, unknown>> {
  const deadline = form.deadline.text.trim();
  return {
    command: [form.command.text.trim()],
    ...(form.worker === allWorkers ? { all: true } : {}),
    ...(form.worker === allWorkers || form.worker === anyWorker ? {} : { on: [form.worker] }),
    ...(deadline === '' ? {} : { deadline }),
  };
}

function editForm(form: DispatchForm, command: Command): DispatchForm {
  if (form.field === 'worker') return chooseWorker(form, command);
  return editField(form, (field) => editText(field, command));
}

function chooseWorker(form: DispatchForm, command: Command): DispatchForm {
  const step = command === 'form-left' ? -1 : command === 'form-right' ? 1 : 0;
  const count = form.workers.length;
  const index = (form.workers.indexOf(form.worker) + step + count) % count;
  return { ...form, worker: form.workers[index] ?? anyWorker };
}

function editField(form: DispatchForm, edit: (field: TextField) => TextField): DispatchForm {
  if (form.field === 'worker') return form;
  return { ...form, error: undefined, [form.field]: edit(form[form.field]) };
}

function stepField(field: FieldId, step: number): FieldId {
  const index = (fields.indexOf(field) + step + fields.length) % fields.length;
  return fields[index] ?? 'command';
}

function withForm(state: State, form: DispatchForm): State {
  return { ...state, overlay: form };
}
