/*
 * The jobs pane: newest first, how far each has provably come, and how it ended. Pure.
 *
 * Only rows in sight are laid out. The same table lists parts of a group and jobs of a worker.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import type { State } from '../state/model.ts';
import { innerWidth, type Rect } from './layout.ts';
import { frame, listRow, type PaneView } from './pane.ts';
import { jobStateRow, outcomeRow } from './phrases.ts';
import { type Row, span } from './row.ts';
import { type Column, planTable, tableHead, tableRow } from './table.ts';
import { positionText } from './team.ts';

// Below the first width the dots of an ended job go: its outcome says that it went all the way.
// Below the second its duration goes too; the end of its log and its details have it.
const dotsCellsMin = 60;
const durationCellsMin = 40;

/** The jobs in their box. */
export function viewJobs(state: State, rect: Rect): PaneView {
  const index = state.jobs.findIndex((job) => job.id === state.job);
  return frame({
    id: 'jobs',
    rect,
    title: [span('2 ', 'dim'), span('Jobs', 'title')],
    note: state.jobs.length === 0 ? [] : [span(positionText(index, state.jobs.length), 'dim')],
    rows: state.jobs.length === 0 ? emptyRows(state) : jobRows(state, rect),
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

function jobRows(state: State, rect: Rect): readonly Row[] {
  const width = innerWidth(rect);
  const shown = state.jobs.slice(state.jobsTop, state.jobsTop + Math.max(0, rect.height - 3));
  const table = jobTable(shown, { width: width - 3, wallMs: state.wallMs });
  const rows = table.rows.map((row, index) => {
    const isChosen = shown[index]?.id === state.job;
    const mark = !isChosen ? 'none' : state.focus === 'jobs' ? 'selected' : 'chosen';
    return listRow(row, { width, mark });
  });
  return [[span('  '), ...table.head], ...rows];
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
  return [[span(' No job yet.', 'dim')], [span(' d', 'accent'), span(' dispatches one.')]];
}
