/*
 * The fields of the dispatch form, each as a few rows: label, what was typed or chosen, what it means,
 * and what is wrong with it. Pure.
 */

import { impliedTargets } from '../state/form-args.ts';
import type { FormError } from '../state/form-fields.ts';
import {
  type ChoiceId,
  choices,
  type DispatchForm,
  type FieldId,
  isChoice,
  listFields,
  type TextId,
} from '../state/form-fields.ts';
import type { State } from '../state/model.ts';
import { policyFlags, policyTitle, policyWords } from '../state/policies.ts';
import {
  listHarnesses,
  matchTargets,
  namesOf,
  readTargets,
  type Target,
  wordAt,
} from '../state/targets.ts';
import { fieldRow, fieldRows } from './field.ts';
import { fitRow, type Row, type Span, span } from './row.ts';
import { candidateRow, matchRows, targetChips } from './targets.ts';
import { wrapCells } from './width.ts';

/** One field and its rows. */
export interface Section {
  readonly field: FieldId;
  readonly rows: readonly Row[];
}

/** Cells and rows that there are for fields. */
export interface FieldSpace {
  readonly width: number;
  /** A longer command is scrolled within its field. */
  readonly commandRowsMax: number;
}

const labelCells = 12;

const labels: Readonly<Record<FieldId, string>> = {
  ask: 'ask',
  command: 'command',
  harness: 'harness',
  to: 'to',
  cwd: 'directory',
  repo: 'repo',
  base: 'base',
  deadline: 'deadline',
  idempotent: 'run twice',
  policy: 'if lost',
  'stop-after': 'stop after',
  'lost-after': 'lost after',
  replace: 'elsewhere',
  reconcile: 'if back',
  more: 'more',
  env: 'variables',
  secret: 'secrets',
  artifact: 'artifacts',
  label: 'labels',
  title: 'title',
};

/** What an empty field means, and what could be typed there. */
const hints: Readonly<Record<TextId, readonly [string, string]>> = {
  command: ['none yet', 'runs by /bin/sh -c on the box'],
  harness: ['the first that somebody has', 'who is asked'],
  to: ['any worker', 'names, needs such as +git, or all; none: any worker'],
  cwd: ['a temporary one', 'such as ~/src/app, on the box'],
  repo: ['none', 'a git work tree on the box, in place of a directory'],
  base: ['as it lies there', 'such as main or v1.2; then the work has a checkout of its own'],
  deadline: ['none', 'such as 30m, from now; then it is ended'],
  'stop-after': ['never', 'such as 30s; never, if empty'],
  'lost-after': ['the usual time', 'such as 2h'],
  env: ['none', "such as CI=1 NAME='two words'"],
  secret: ['none', 'such as TOKEN=…, hidden in the log'],
  artifact: ['none', 'such as dist/**/*.tar'],
  label: ['none', 'such as nightly team=web'],
  title: ['the command', 'what lists call it'],
};

/** All fields that are shown, in order. */
export function fieldSections(
  state: State,
  form: DispatchForm,
  space: FieldSpace,
): readonly Section[] {
  return listFields(form.values).map((field) => {
    const room = Math.max(4, space.width - labelCells);
    const own = isChoice(field)
      ? choiceRows(state, form, { field, room })
      : textRows(state, form, { ...space, field, room });
    const { error } = form;
    const errors = error?.field === field ? errorRows(error, room) : [];
    const rows = [...own, ...errors].map((row, index) => [labelSpan(form, field, index), ...row]);
    return { field, rows };
  });
}

/** What is wrong: the code for whoever looks it up, the sentence, and what to do. */
export function errorRows(error: FormError, width: number): readonly Row[] {
  const { code, message, hint } = error;
  const isOwn = code.startsWith('USAGE_');
  const text = isOwn ? `✗ ${message}` : `✗ ${code} ${message}`;
  return [
    ...wrapCells(text, width).map((line): Row => [span(line, 'bad')]),
    ...(hint === '' ? [] : wrapCells(hint, width).map((line): Row => [span(line, 'dim')])),
  ];
}

function labelSpan(form: DispatchForm, field: FieldId, index: number): Span {
  const isActive = form.field === field;
  const isPrompt = field === 'command' && form.values.chosen.ask === 'prompt';
  const label = isPrompt ? 'prompt' : labels[field];
  const text = index > 0 ? '' : `${isActive ? '▸' : ' '}${label}`;
  return span(text.padEnd(labelCells), isActive ? 'strong' : 'dim');
}

function textRows(
  state: State,
  form: DispatchForm,
  at: FieldSpace & { readonly field: TextId; readonly room: number },
): readonly Row[] {
  const { field, room } = at;
  const isActive = form.field === field;
  const text = form.values.texts[field];
  const [absent, hint] = hintsOf(state, form, field);
  if (field === 'to') return targetRows(state, form, room);
  if (text.text === '') {
    const caret: Row = isActive
      ? [span(' ', 'caret'), span(` ${hint}`, 'dim')]
      : [span(absent, 'dim')];
    return [caret];
  }
  if (field === 'command') return commandRows(form, at);
  return [isActive ? fieldRow(text, room) : [span(field === 'secret' ? '•'.repeat(8) : text.text)]];
}

/** What is asked of an agent, and who would be, is not what is asked of a shell. */
function hintsOf(state: State, { values }: DispatchForm, field: TextId): readonly [string, string] {
  if (field === 'command' && values.chosen.ask === 'prompt')
    return ['none yet', 'as you would say it'];
  if (field !== 'harness') return hints[field];
  const [first, ...others] = listHarnesses(state.team);
  if (first === undefined) return ['nobody has one', 'nobody has one'];
  return [first, [`${first}, if empty`, ...others].join('; or ')];
}

/** The rows around the caret; that there are more is said in place of the first or the last. */
function commandRows(
  form: DispatchForm,
  at: FieldSpace & { readonly room: number },
): readonly Row[] {
  const { command } = form.values.texts;
  const look = form.field === 'command' ? 'active' : 'still';
  const { rows, caretRow } = fieldRows(command, at.room - 1, look);
  const room = at.commandRowsMax;
  if (rows.length <= room) return rows;
  const top = Math.min(rows.length - room, Math.max(0, caretRow - Math.floor(room / 2)));
  const end = top + room;
  return rows.slice(top, end).map((row, index): Row => {
    const mark = index === 0 && top > 0 ? '↑' : index === room - 1 && end < rows.length ? '↓' : ' ';
    return [...fitRow(row, at.room - 1), span(mark, 'accent')];
  });
}

function targetRows(state: State, form: DispatchForm, room: number): readonly Row[] {
  const { to } = form.values.texts;
  const isActive = form.field === 'to';
  const targets = readTargets(to.text, state.team);
  const [absent, hint] = hints.to;
  const typed: Row =
    to.text === '' ? [span(' ', 'caret'), span(` ${hint}`, 'dim')] : fieldRow(to, room);
  const chips: Row =
    targets.length === 0 ? [span(absent, 'dim')] : targetChips(targets, state.team);
  const stranger = findStranger(form, targets);
  const asked = [...targets, ...impliedTargets(form.values, state.team)];
  const matches =
    stranger === undefined
      ? matchRows(asked, matchTargets(asked, state.team), room)
      : [fitRow([span(`✗ no worker is called "${stranger}", and none has it`, 'bad')], room)];
  return [isActive ? typed : chips, ...matches, ...(isActive ? candidateRow(state, to, room) : [])];
}

/** A word that nobody answers to; one that is still being typed may yet become another. */
function findStranger(form: DispatchForm, targets: readonly Target[]): string | undefined {
  const begun = form.field === 'to' ? wordAt(form.values.texts.to) : '';
  return namesOf(targets, 'unknown').find((word) => word !== begun);
}

function choiceRows(
  state: State,
  form: DispatchForm,
  at: { readonly field: ChoiceId; readonly room: number },
): readonly Row[] {
  const { field, room } = at;
  const isActive = form.field === field;
  const chosen = form.values.chosen[field];
  const options: readonly string[] = choices[field];
  const { title, hint } = choiceWords(form, field);
  const place = ` › ${options.indexOf(chosen) + 1} of ${options.length}`;
  const first: Row = [
    span(isActive ? '‹ ' : '', 'accent'),
    span(title, isActive ? 'selected' : 'plain'),
    span(isActive ? place : '', 'accent'),
    span(hint === '' ? '' : `  ${hint}`, 'dim'),
  ];
  if (field !== 'policy') return [first];
  const words = policyWords(policyFlags(form.values), whoText(state, form));
  return [first, ...wrapCells(words, room).map((line): Row => [span(line, 'dim')])];
}

function choiceWords(
  { values }: DispatchForm,
  field: ChoiceId,
): { readonly title: string; readonly hint: string } {
  const { chosen } = values;
  switch (field) {
    case 'ask':
      return {
        title: `a ${chosen.ask}`,
        hint: chosen.ask === 'prompt' ? 'an AI agent on the box is asked' : 'a shell runs it',
      };
    case 'idempotent':
      return {
        title: chosen.idempotent,
        hint:
          chosen.idempotent === 'yes'
            ? 'it may safely run twice'
            : 'ask me before it could run twice',
      };
    case 'policy':
      return { title: policyTitle(chosen.policy), hint: '' };
    case 'replace':
      return {
        title: chosen.replace,
        hint: chosen.replace === 'yes' ? 'started there by itself' : 'ask me first',
      };
    case 'reconcile':
      return {
        title: chosen.reconcile.replaceAll('-', ' '),
        hint: 'when one that was replaced comes back',
      };
    case 'more':
      return {
        title: chosen.more === 'open' ? 'shown' : 'hidden',
        hint: 'variables, artifacts, labels, title, secrets',
      };
  }
}

/** Whom it is made out to, in a word. */
function whoText(state: State, { values }: DispatchForm): string {
  const targets = readTargets(values.texts.to.text, state.team);
  if (matchTargets(targets, state.team).scope === 'each') return 'one of them';
  return namesOf(targets, 'worker')[0] ?? 'its worker';
}
