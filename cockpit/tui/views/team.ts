/*
 * The team pane: who there is, what each is doing, and how long ago that was heard. Pure.
 *
 * Silence is shown as silence: an age grows until the worker or the hub is heard again.
 */
import type { TeamRow } from '../../verbs/shapes.ts';
import type { State } from '../state/model.ts';
import { innerWidth, type Rect } from './layout.ts';
import { frame, listRow, type PaneView } from './pane.ts';
import { workerAge, workerStateSpan } from './phrases.ts';
import { type Row, span } from './row.ts';
import { type Column, planTable, tableHead, tableRow } from './table.ts';

const columns: readonly Column[] = [
  { title: 'worker', keep: 0, cellsMax: 20 },
  { title: 'state', keep: 0, cellsMax: 12 },
  { title: 'heard', keep: 0, cellsMax: 6 },
  { title: 'kind', keep: 4, cellsMax: 8 },
  { title: 'link', keep: 3, cellsMax: 8 },
  { title: 'host', keep: 5, cellsMax: 24 },
  { title: 'jobs', keep: 2, cellsMax: 24, cellsMin: 7 },
];

/** The team in its box. */
export function viewTeam(state: State, rect: Rect): PaneView {
  const isFocused = state.focus === 'team' && state.overlay === undefined;
  const index = state.team.findIndex((worker) => worker.name === state.worker);
  return frame({
    id: 'team',
    rect,
    title: [span('1 ', 'dim'), span('Team', 'title')],
    note: state.team.length === 0 ? [] : [span(positionText(index, state.team.length), 'dim')],
    rows: state.team.length === 0 ? emptyRows(state) : teamRows(state, rect),
    isFocused,
  });
}

/** `3 of 12`, or how many there are when none is selected. */
export function positionText(index: number, count: number): string {
  return index < 0 ? String(count) : `${index + 1} of ${count}`;
}

function teamRows(state: State, rect: Rect): readonly Row[] {
  const width = innerWidth(rect);
  const cells = state.team.map((worker) => workerCells(worker, state));
  const plan = planTable(columns, cells, width - 3);
  const shown = state.team.slice(state.workersTop, state.workersTop + Math.max(0, rect.height - 3));
  const rows = shown.map((worker, offset) => {
    const isChosen = worker.name === state.worker;
    const mark = !isChosen ? 'none' : state.focus === 'team' ? 'selected' : 'chosen';
    return listRow(tableRow(plan, cells[state.workersTop + offset] ?? []), { width, mark });
  });
  return [[span('  '), ...tableHead(plan)], ...rows];
}

function workerCells(worker: TeamRow, state: State): readonly Row[] {
  const age = workerAge(worker, { agoMs: state.nowMs - state.teamAt, link: state.link.type });
  return [
    [span(worker.name, 'strong')],
    [workerStateSpan(worker.state)],
    [span(age, age === 'now' ? 'dim' : 'warn')],
    [span(worker.kind, 'dim')],
    [span(worker.link === 'none' ? 'no link' : worker.link, 'dim')],
    [span(worker.host, 'dim')],
    [span(worker.jobs.join(' '))],
  ];
}

function emptyRows(state: State): readonly Row[] {
  if (!state.hasTeam) return [[span(' Asking the hub…', 'dim')]];
  return [
    [span(' No worker is paired yet.', 'dim')],
    [span(' Pair one: '), span('wally invite', 'accent')],
  ];
}
