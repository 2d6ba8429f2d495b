/*
 * The doctor pane: what is wrong anywhere, the worst first, with its evidence and what a fix would do. Pure.
 *
 * Every word about a finding is the checker's own. Who is being asked is shown with the age of the question.
 */
import { type DoctorRow, findSelectedRow, listDoctorRows, nameOf } from '../state/doctor-rows.ts';
import type { State } from '../state/model.ts';
import { visibleDoctor } from '../state/model.ts';
import { knownRows } from './facts.ts';
import { innerWidth, layoutParts, type Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { ageText } from './phrases.ts';
import { type Role, type Row, span } from './row.ts';
import type { Column } from './table.ts';
import { wrapCells } from './width.ts';

const columns: readonly Column[] = [
  { title: 'state', keep: 0, cellsMax: 10 },
  { title: 'where', keep: 0, cellsMax: 16 },
  { title: 'check', keep: 1, cellsMax: 22 },
  { title: 'fix', keep: 2, cellsMax: 4 },
  { title: 'what was seen', keep: 0, cellsMax: 40, cellsMin: 12 },
];

const looks: Readonly<Record<DoctorRow['level'], { readonly text: string; readonly role: Role }>> =
  {
    error: { text: '✗ error', role: 'bad' },
    warning: { text: '△ warning', role: 'warn' },
    unheard: { text: '? unheard', role: 'warn' },
    asking: { text: '◌ asking', role: 'accent' },
    well: { text: '✓ well', role: 'good' },
  };

/** The doctor and the finding that is selected. */
export function viewDoctor(state: State, rect: Rect): readonly PaneView[] {
  const { list, detail } = layoutParts('doctor', rect, state.detail.isOpen ? 'detail' : 'list');
  const hasKeys = state.focus === 'doctor' && state.overlay === undefined;
  const views: PaneView[] = [];
  if (list !== undefined) views.push(viewRows(state, list, hasKeys && !state.detail.isOpen));
  if (detail !== undefined) views.push(viewRow(state, detail, hasKeys && state.detail.isOpen));
  return views;
}

/** Rows of the selected finding at this width. */
export function countFindingRows(state: State, width: number): number {
  return findingRows(state, width).length;
}

/** What is wrong, by how bad it is: for the tab. */
export function countFindings(state: State): number {
  return listDoctorRows(state).filter(({ finding }) => finding !== undefined).length;
}

function viewRows(state: State, rect: Rect, isFocused: boolean): PaneView {
  const shown = visibleDoctor(state);
  const rows = viewTableRows({
    rect,
    list: state.lists.doctor,
    rows: shown,
    idOf: ({ id }) => id,
    columns,
    cellsOf: (row) => cellsOf(row, state),
    isFocused,
  });
  const empty = state.doctor.hasRun ? ' Nothing matches the filter.' : ' Nobody was asked yet.';
  return frame({
    id: 'doctor',
    rect,
    title: [span('5 ', 'dim'), span('Doctor', 'title'), ...rows.filterNote],
    note: rows.note,
    rows: shown.length === 0 ? [[span(empty, 'dim')]] : rows.rows,
    isFocused,
  });
}

function cellsOf(row: DoctorRow, state: State): readonly Row[] {
  const { text, role } = looks[row.level];
  const { finding } = row;
  return [
    [span(text, role)],
    [span(nameOf(row.place), 'strong')],
    [span(finding?.id ?? '-', 'dim')],
    [span(finding?.plan === undefined ? '' : finding.fixable === 'anywhere' ? 'safe' : 'here')],
    [span(row.level === 'asking' ? askingText(row, state) : row.text)],
  ];
}

/** How long somebody has been asked; the age counts on by itself. */
export function askingText({ place, text }: DoctorRow, { doctor, nowMs }: State): string {
  if (!doctor.asked.has(place)) return 'waits for its turn';
  const since = doctor.asked.get(place) ?? nowMs;
  const age = ageText(nowMs - since);
  return age === 'now' ? text : `asked ${age} ago, no answer yet`;
}

function viewRow(state: State, rect: Rect, isFocused: boolean): PaneView {
  const selected = findSelectedRow(state);
  const title =
    selected?.finding?.id ?? (selected === undefined ? 'Doctor' : nameOf(selected.place));
  return frame({
    id: 'doctor-detail',
    rect,
    title: [span(title, 'title')],
    note: isFocused ? [span('esc back', 'dim')] : [],
    rows: findingRows(state, innerWidth(rect)).slice(state.detail.top),
    isFocused,
  });
}

function findingRows(state: State, width: number): readonly Row[] {
  const row = findSelectedRow(state);
  if (row === undefined) return [];
  const inner = Math.max(1, width - 2);
  const { finding } = row;
  const rows = finding === undefined ? placeRows(row, state, inner) : evidenceRows(row, inner);
  return rows.map((line) => padRow(line, width));
}

function placeRows(row: DoctorRow, state: State, inner: number): readonly Row[] {
  const text = row.level === 'asking' ? askingText(row, state) : row.text;
  return wrapCells(`${nameOf(row.place)}: ${text}`, inner).map((line): Row => [span(line)]);
}

function evidenceRows({ finding, place, level }: DoctorRow, inner: number): readonly Row[] {
  if (finding === undefined) return [];
  const { seen, wanted, advice, title, why, area, plan, fixable, failure } = finding;
  const { text, role } = looks[level];
  // The plan is shown by itself; the advice of a checker ends in it for those who read one line.
  const [bare = ''] = advice.split(' --fix: ');
  return [
    [
      span(text, role),
      span(` on ${nameOf(place)}${area === undefined ? '' : ` · ${area}`}`, 'dim'),
    ],
    [],
    ...knownRows('seen', seen, inner),
    ...knownRows('wanted', wanted, inner),
    ...knownRows('check', title ?? '', inner),
    ...knownRows('why', why ?? '', inner),
    ...knownRows('advice', bare, inner),
    ...knownRows('fix', plan === undefined ? 'none; it takes a person' : `${plan}`, inner),
    ...knownRows('by', plan === undefined ? '' : reachText(place, fixable), inner),
    ...knownRows('failed', failure ?? '', inner),
  ];
}

function reachText(place: string, fixable: 'anywhere' | 'here' | undefined): string {
  if (fixable === 'anywhere') return 'f here, or F with all that are safe';
  return place.startsWith('@') ? '`odally doctor --fix` on its box' : 'f here, one at a time';
}
