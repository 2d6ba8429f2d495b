/*
 * The inbox: what needs the M2, what costs most by waiting first, with evidence and answers beside it.
 * Pure.
 *
 * What is asked, why the hub does not go on by itself, and what each answer does are the hub's words.
 */
import type { InboxRow } from '../../verbs/shapes.ts';
import { findSelectedDecision, type State, visibleInbox } from '../state/model.ts';
import { fact, wordRows } from './facts.ts';
import { innerWidth, layoutPair, type Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { ageText, clockText, durationText, outcomeRow } from './phrases.ts';
import { type Row, span } from './row.ts';
import type { Column } from './table.ts';
import { wrapCells } from './width.ts';

const columns: readonly Column[] = [
  { title: 'id', keep: 0, cellsMax: 8 },
  { title: 'age', keep: 2, cellsMax: 6 },
  { title: 'what', keep: 1, cellsMax: 10 },
  { title: 'worker', keep: 3, cellsMax: 16 },
  { title: 'meanwhile', keep: 4, cellsMax: 16 },
  { title: 'question', keep: 0, cellsMax: 32, cellsMin: 20 },
];

const labelCells = 10;

/** The inbox and the entry that is selected. */
export function viewInbox(state: State, rect: Rect): readonly PaneView[] {
  const { list, detail } = layoutPair(rect, state.detail.isOpen ? 'detail' : 'list');
  const hasKeys = state.focus === 'inbox' && state.overlay === undefined;
  const views: PaneView[] = [];
  if (list !== undefined) views.push(viewEntries(state, list, hasKeys && !state.detail.isOpen));
  if (detail !== undefined) views.push(viewEntry(state, detail, hasKeys && state.detail.isOpen));
  return views;
}

/** Rows of the selected entry at this width. */
export function countDecisionRows(state: State, width: number): number {
  return decisionRows(state, width).length;
}

function viewEntries(state: State, rect: Rect, isFocused: boolean): PaneView {
  const shown = visibleInbox(state);
  const rows = viewTableRows({
    rect,
    list: state.lists.inbox,
    rows: shown,
    idOf: (row) => row.id,
    columns,
    cellsOf: (row) => entryCells(row, state.wallMs),
    isFocused,
  });
  return frame({
    id: 'inbox',
    rect,
    title: [span('4 ', 'dim'), span('Inbox', 'title'), ...rows.filterNote],
    note: rows.note,
    rows: shown.length === 0 ? [emptyRow(state)] : rows.rows,
    isFocused,
  });
}

function emptyRow(state: State): Row {
  if (!state.hasInbox) return [span(' Asking the hub…', 'dim')];
  const isNarrowed = state.inbox.length > 0;
  return [span(isNarrowed ? ' Nothing matches the filter.' : ' ✓ Nothing needs you.', 'dim')];
}

function entryCells(row: InboxRow, wallMs: number): readonly Row[] {
  return [
    [span(row.id, 'strong')],
    [span(ageText(wallMs - Date.parse(row.openedAt)), 'warn')],
    [span(row.kind)],
    [span(row.worker ?? row.host ?? '-', 'dim')],
    [span(row.cost, 'dim')],
    [span(`${row.question} `), span(row.title, 'dim')],
  ];
}

function viewEntry(state: State, rect: Rect, isFocused: boolean): PaneView {
  const selected = findSelectedDecision(state);
  return frame({
    id: 'inbox-detail',
    rect,
    title: [span(selected?.id ?? 'Decision', 'title')],
    note: isFocused ? [span('esc back', 'dim')] : [],
    rows: decisionRows(state, innerWidth(rect)).slice(state.detail.top),
    isFocused,
  });
}

function decisionRows(state: State, width: number): readonly Row[] {
  const row = findSelectedDecision(state);
  if (row === undefined) return [];
  const inner = Math.max(1, width - 2);
  const { evidence } = row;
  const rows: readonly Row[] = [
    ...wrapCells(row.question, inner).map((line): Row => [span(line, 'strong')]),
    ...wrapCells(row.title, inner).map((line): Row => [span(line, 'dim')]),
    [],
    ...wordRows('why', row.reason, inner),
    ...evidence.facts.flatMap(({ label, text }) => wordRows(label, text, inner)),
    ...wordRows('asked', askedText(row, state), inner),
    ...(row.kind === 'lost'
      ? wordRows('it says', evidence.statementText ?? 'nothing yet: not heard since', inner)
      : []),
    ...(evidence.lateOutcome === null ? [] : [fact('late', lateRow(evidence.lateOutcome))]),
    [],
    ...row.answers.flatMap(({ how, does }) => answerRows(how, does, inner)),
  ];
  return rows.map((line) => padRow(line, width));
}

/** When it was asked, until when it can be answered, and what waiting costs. */
function askedText({ openedAt, endsAt, cost }: InboxRow, { zoneMinutes, wallMs }: State): string {
  const asked = clockText(openedAt, zoneMinutes);
  if (endsAt === null) return `${asked}; meanwhile ${cost}`;
  const left = durationText(Math.max(0, Date.parse(endsAt) - wallMs));
  return `${asked}; its invite is over in ${left}`;
}

function lateRow(outcome: NonNullable<InboxRow['evidence']['lateOutcome']>): Row {
  const end = { outcome, exitCode: null, durationMs: null, reason: null };
  return outcomeRow(end);
}

const answerKeys: Readonly<Record<string, string>> = { approve: 'a', reject: 'x', answer: 'e' };

function answerRows(how: string, does: string, width: number): readonly Row[] {
  const key = answerKeys[how.split(' ')[0] ?? ''] ?? ' ';
  const lead = `${how} `.padEnd(labelCells + 4);
  const room = Math.max(8, width - lead.length - 2);
  return wrapCells(does, room).map((line, index): Row => {
    if (index > 0) return [span(' '.repeat(lead.length + 2)), span(line)];
    return [span(`${key} `, 'accent'), span(lead, 'strong'), span(line)];
  });
}
