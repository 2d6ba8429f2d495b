/*
 * The dispatch form in its box. Pure.
 *
 * The caret is a cell of the row, not the terminal's cursor: Ink 7.1 places that one row off in a
 * frame of full height.
 */
import { allWorkers, anyWorker } from '../state/dispatch-form.ts';
import type { DispatchForm, TextField } from '../state/model.ts';
import { fieldRow } from './field.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { fitRow, type Row, span } from './row.ts';
import { wrapCells } from './width.ts';

const formWidth = 76;
const labelCells = 9;

/** The form, over the panes. */
export function viewForm(form: DispatchForm, body: Rect): PaneView {
  const width = innerWidth(centerRect(body, { width: formWidth, height: 1 }));
  const rows = formRows(form, width - 2).map((row) => padRow(row, width));
  const rect = centerRect(body, { width: formWidth, height: rows.length + 2 });
  const note: Row = form.isSending ? [span('sending', 'accent')] : [];
  return frame({
    id: 'form',
    rect,
    title: [span('Dispatch a command', 'title')],
    note,
    rows,
    isFocused: true,
  });
}

function formRows(form: DispatchForm, width: number): readonly Row[] {
  const room = width - labelCells;
  return [
    [],
    [
      ...label(form, 'command'),
      ...formField(form.command, { room, isActive: form.field === 'command' }),
    ],
    [...label(form, 'worker'), ...workerRow(form)],
    [...label(form, 'deadline'), ...deadlineRow(form, room)],
    [],
    ...messageRows(form, width),
  ];
}

function label(form: DispatchForm, field: DispatchForm['field']): Row {
  const isActive = form.field === field;
  return [
    span(
      (isActive ? `▸${field}` : ` ${field}`).padEnd(labelCells + 1),
      isActive ? 'strong' : 'dim',
    ),
  ];
}

function workerRow(form: DispatchForm): Row {
  const isActive = form.field === 'worker';
  const index = form.workers.indexOf(form.worker);
  const hint =
    form.worker === anyWorker
      ? 'the hub chooses'
      : form.worker === allWorkers
        ? 'one job each'
        : '';
  return [
    span(isActive ? '‹ ' : '  ', 'accent'),
    span(form.worker, isActive ? 'selected' : 'plain'),
    span(isActive ? ` › ${index + 1} of ${form.workers.length}` : '', 'accent'),
    span(hint === '' ? '' : `  ${hint}`, 'dim'),
  ];
}

function deadlineRow(form: DispatchForm, room: number): Row {
  const isActive = form.field === 'deadline';
  if (form.deadline.text === '' && !isActive) return [span('  none', 'dim')];
  const row = formField(form.deadline, { room, isActive });
  return form.deadline.text === '' ? [...row.slice(0, 2), span(' such as 30m', 'dim')] : row;
}

function messageRows(form: DispatchForm, width: number): readonly Row[] {
  if (form.error === undefined) {
    return [[span('Runs by /bin/sh -c on the worker.', 'dim')], []];
  }
  const { code, message, hint } = form.error;
  const text = wrapCells(message, Math.max(8, width - code.length - 3));
  return [
    ...text.map(
      (line, index): Row =>
        index === 0
          ? [span(`✗ ${code} `, 'bad'), span(line)]
          : [span(' '.repeat(code.length + 3)), span(line)],
    ),
    ...wrapCells(hint, width).map((line): Row => [span(line, 'dim')]),
  ];
}

/** The text; the caret in it where the field has the keys. */
function formField(
  field: TextField,
  look: { readonly room: number; readonly isActive: boolean },
): Row {
  const room = Math.max(2, look.room - 3);
  if (!look.isActive) return [span('  '), ...fitRow([span(field.text)], room)];
  return [span('  '), ...fieldRow(field, room)];
}
