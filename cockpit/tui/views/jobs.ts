/*
 * The jobs pane: newest first, how far each has provably come, and how it ended. Pure.
 *
 * Only rows in sight are laid out. The same table lists parts of a group and jobs of a worker.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import { type State, visibleJobs } from '../state/model.ts';
import { innerWidth, type Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView } from './pane.ts';
import { jobStateRow, outcomeRow } from './phrases.ts';
import { type Row, span } from './row.ts';
import { type Column, planTable, tableHead, tableRow } from './table.ts';

// Below the first width the dots of an ended job go: its outcome says that it went all the way.
// Below the second its duration goes too; the end of its log and its details have it.
const dotsCellsMin = 60;
const durationCellsMin = 40;

/** The jobs in their box. */
export function viewJobs(state: State, rect: Rect): PaneView {
  const shown = visibleJobs(state);
  const look = { width: innerWidth(rect) - 3, wallMs: state.wallMs };
  const view = viewTableRows({
    rect,
    list: state.lists.jobs,
    rows: shown,
    idOf: (job) => job.id,
    columns: chooseColumns(look.width),
    cellsOf: (job) => jobCells(job, look),
    isFocused: state.focus === 'jobs',
  });
  return frame({
    id: 'jobs',
    rect,
    title: [span('2 ', 'dim'), span('Jobs', 'title'), ...view.filterNote],
    note: view.note,
    rows: shown.length === 0 ? emptyRows(state) : view.rows,
    isFocused: state.focus === 'jobs' && state.overlay === undefined,
  });
}

/** Jobs as rows of a table, without marks; also for lists of parts and of a worker's jobs. */
export function jobTable(
  jobs: readonly JobRow[],
  look: { readonly width: number; readonly wallMs: number },
): {
  readonly head: Row;
  readonly rows: readonly Row[];
} {
  const cells = jobs.map((job) => jobCells(job, look));
  const plan = planTable(chooseColumns(look.width), cells, look.width);
  return { head: tableHead(plan), rows: cells.map((row) => tableRow(plan, row)) };
}

function chooseColumns(width: number): readonly Column[] {
  const stateCells = width < durationCellsMin ? 16 : width < dotsCellsMin ? 22 : 30;
  return [
    { title: 'job', keep: 0, cellsMax: 8 },
    { title: 'state', keep: 0, cellsMax: stateCells },
    { title: 'worker', keep: 1, cellsMax: 16 },
    { title: 'what', keep: 0, cellsMax: 32, cellsMin: 10 },
  ];
}

function jobCells(
  job: JobRow,
  look: { readonly width: number; readonly wallMs: number },
): readonly Row[] {
  return [
    [span(job.id, 'strong')],
    stateCell(job, look),
    [span(job.kind === 'group' ? 'group' : (job.worker ?? '-'), 'dim')],
    [span(job.title)],
  ];
}

function stateCell(job: JobRow, look: { readonly width: number; readonly wallMs: number }): Row {
  if (job.outcome === null || look.width >= dotsCellsMin) return jobStateRow(job, look.wallMs);
  return outcomeRow(look.width < durationCellsMin ? { ...job, durationMs: null } : job);
}

function emptyRows(state: State): readonly Row[] {
  if (!state.hasJobs) return [[span(' Asking the hub…', 'dim')]];
  if (state.jobs.length > 0) return [[span(' No job matches the filter.', 'dim')]];
  return [[span(' No job yet.', 'dim')], [span(' d', 'accent'), span(' dispatches one.')]];
}
