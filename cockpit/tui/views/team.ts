/*
 * The team pane: who there is, what each is doing, and how long ago that was heard. Pure.
 *
 * Silence is shown as silence: an age grows until the worker or the hub is heard again.
 */
import type { TeamRow } from '../../verbs/shapes.ts';
import { type State, visibleTeam } from '../state/model.ts';
import type { Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView } from './pane.ts';
import { workerAge, workerStateSpan } from './phrases.ts';
import { type Row, span } from './row.ts';
import type { Column } from './table.ts';

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
  const shown = visibleTeam(state);
  const view = viewTableRows({
    rect,
    list: state.lists.team,
    rows: shown,
    idOf: (worker) => worker.name,
    columns,
    cellsOf: (worker) => workerCells(worker, state),
    isFocused: state.focus === 'team',
  });
  return frame({
    id: 'team',
    rect,
    title: [span('1 ', 'dim'), span('Team', 'title'), ...view.filterNote],
    note: view.note,
    rows: shown.length === 0 ? emptyRows(state) : view.rows,
    isFocused,
  });
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
  if (state.team.length > 0) return [[span(' Nobody matches the filter.', 'dim')]];
  return [
    [span(' No worker is paired yet.', 'dim')],
    [span(' Pair one: '), span('wally invite', 'accent')],
  ];
}
