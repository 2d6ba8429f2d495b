/*
 * The dispatch form as rows: its fields above, what will be sent below. Pure.
 *
 * The fields are scrolled so that the one with the keys is in sight; what will be sent keeps its place
 * at the foot. The box keeps its size while somebody types a few lines.
 */
import { previewRowsMax } from '../limits.ts';
import { makeArgs, writeLine } from '../state/form-args.ts';
import type { DispatchForm } from '../state/form-fields.ts';
import type { State } from '../state/model.ts';
import { showTabs, splitCells } from './field.ts';
import { errorRows, fieldSections, type Section } from './form-rows.ts';
import { centerRect, innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { type Row, span, spreadRow } from './row.ts';

const narrowWidth = 76;
const wideWidth = 104;
// From here on a wide form still leaves some of the screen beside it.
const wideFrom = 116;
// A form of three lines of command and one error has so many rows.
const usualRows = 22;
// Fewer rows are all for the fields.
const footFrom = 9;

/** The form, over the panes. */
export function viewForm(state: State, form: DispatchForm, body: Rect): PaneView {
  const plan = planForm(state, form, body);
  const { width, rows, note } = plan;
  return frame({
    id: 'form',
    rect: plan.rect,
    title: [span(`Dispatch a ${form.values.chosen.ask}`, 'title')],
    note,
    rows: rows.map((row) => padRow(row, width)),
    isFocused: true,
  });
}

/** How far the preview can be scrolled. */
export function findPreviewTopMax(state: State, form: DispatchForm, body: Rect): number {
  const width = innerWidth(formRect(body, usualRows));
  const count = previewRows(state, form, width - 2).length;
  return Math.max(0, count - previewRoom(body, count));
}

function planForm(state: State, form: DispatchForm, body: Rect) {
  const width = innerWidth(formRect(body, usualRows));
  const roomMax = Math.max(1, body.height - 2);
  const foot = footRows(state, form, { width: width - 2, body });
  const fieldsMax = Math.max(1, roomMax - foot.length);
  const commandRowsMax = Math.max(3, Math.floor(fieldsMax / 2));
  const sections = fieldSections(state, form, { width: width - 2, commandRowsMax });
  const all = sections.flatMap(({ rows }) => rows);
  const fieldsRoom = Math.min(fieldsMax, Math.max(all.length, usualRows - foot.length));
  const top = findTop(sections, form, fieldsRoom);
  const shown = all.slice(top, top + fieldsRoom);
  const blank = Array.from({ length: fieldsRoom - shown.length }, (): Row => []);
  return {
    width,
    rect: formRect(body, fieldsRoom + foot.length + 2),
    rows: [...shown, ...blank, ...foot],
    note: noteRow(form, { end: top + shown.length, count: all.length }),
  };
}

function formRect(body: Rect, height: number): Rect {
  const width = body.width >= wideFrom ? wideWidth : narrowWidth;
  return centerRect(body, { width, height });
}

function noteRow(form: DispatchForm, rows: { readonly end: number; readonly count: number }): Row {
  if (form.isSending) return [span('sending', 'accent')];
  if (form.past !== undefined) return [span(`earlier ${form.past.at + 1}`, 'accent')];
  return rows.end < rows.count ? [span('more below', 'dim')] : [];
}

/** The first row that is shown, so that the field with the keys is in sight, its caret too. */
function findTop(sections: readonly Section[], form: DispatchForm, room: number): number {
  const index = sections.findIndex(({ field }) => field === form.field);
  const before = sections.slice(0, Math.max(0, index)).flatMap(({ rows }) => rows).length;
  const size = sections[index]?.rows.length ?? 0;
  const count = sections.flatMap(({ rows }) => rows).length;
  if (count <= room) return 0;
  // One row of the next field shows that there is one.
  const top = Math.min(before, Math.max(0, before + size + 1 - room));
  return Math.min(top, count - room);
}

function footRows(
  state: State,
  form: DispatchForm,
  space: { readonly width: number; readonly body: Rect },
): readonly Row[] {
  const { width, body } = space;
  const { error } = form;
  const errors = error !== undefined && error.field === undefined ? errorRows(error, width) : [];
  if (body.height < footFrom) return errors.slice(0, 1);
  const preview = previewRows(state, form, width);
  const room = previewRoom(body, preview.length);
  const top = Math.min(form.previewTop, Math.max(0, preview.length - room));
  const end = top + room;
  const place: Row =
    preview.length > room
      ? [span(`${Math.min(end, preview.length)} of ${preview.length} rows`, 'dim')]
      : [];
  const head = spreadRow([span('── this will be sent', 'dim')], place, width);
  return [...errors, head, ...preview.slice(top, end)];
}

function previewRoom(body: Rect, count: number): number {
  return Math.max(1, Math.min(count, previewRowsMax, Math.floor((body.height - 2) / 4)));
}

/** The whole line, cut into rows. */
function previewRows(state: State, form: DispatchForm, width: number): readonly Row[] {
  const { values } = form;
  if (values.texts.command.text.trim() === '') {
    return [[span(`nothing yet: there is no ${values.chosen.ask}`, 'dim')]];
  }
  return writeLine(makeArgs(values, state.team))
    .split('\n')
    .flatMap((line) => splitCells(line, Math.max(2, width)))
    .map((part): Row => [span(showTabs(part))]);
}
