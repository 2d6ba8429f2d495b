/*
 * The jobs pane: how far each has provably come, how it ended, and what is late. Pure.
 *
 * Only rows in sight are laid out, and only columns that some of them fill. Where there is width the
 * five dots become the chain of receipts with their times. The same table lists parts of a group and
 * jobs of a worker.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import { type BoardRow, listBoard, type SortKey } from '../state/board.ts';
import type { State } from '../state/model.ts';
import { innerWidth, type Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView } from './pane.ts';
import { dueText, isLate, jobStateRow, minutesText, outcomeRow, receiptTexts } from './phrases.ts';
import { type Row, span } from './row.ts';
import { type Column, planTable, tableHead, tableRow } from './table.ts';

// Below this the duration of what has ended goes; the end of its log and its details have it.
const durationCellsMin = 40;
// What a list has before its columns, and after them.
const markCells = 3;
// From here on there is room for ages, deadlines, needs and labels; from the last for the chain.
const moreCellsMin = 66;
const chainCellsMin = 108;

/** How wide a table of jobs is, and what time it is. */
export interface JobLook {
  readonly width: number;
  readonly wallMs: number;
  readonly zoneMinutes?: number;
  /** What rows are called by; the job where it is not said. */
  readonly names?: 'jobs' | 'attempts';
}

/** Does a box of this inner width show how old jobs are? */
export function hasAges(width: number): boolean {
  return width - markCells >= moreCellsMin;
}

/** The jobs in their box. */
export function viewJobs(state: State, rect: Rect): PaneView {
  const shown = listBoard(state);
  const { wallMs, zoneMinutes } = state;
  const look = { width: innerWidth(rect) - markCells, wallMs, zoneMinutes };
  const fields = chooseFields(look.width);
  const view = viewTableRows({
    rect,
    list: state.lists.jobs,
    rows: shown,
    idOf: ({ job }) => job.id,
    columns: fields.map(({ column }) => column),
    cellsOf: (row) => fields.map(({ cell }) => cell(row, look)),
    isFocused: state.focus === 'jobs',
  });
  return frame({
    id: 'jobs',
    rect,
    title: [
      span('2 ', 'dim'),
      span('Jobs', 'title'),
      span(` ${sortText(state)}`, 'dim'),
      ...view.filterNote,
    ],
    note: view.note,
    rows: shown.length === 0 ? emptyRows(state) : view.rows,
    isFocused: state.focus === 'jobs' && state.overlay === undefined,
  });
}

/** Jobs as rows of a table, without marks; also for lists of parts and of a worker's jobs. */
export function jobTable(
  jobs: readonly JobRow[],
  look: JobLook,
): {
  readonly head: Row;
  readonly rows: readonly Row[];
} {
  const fields = chooseFields(look.width);
  const cells = jobs.map((job) => {
    const row = { job, isPart: false, partCount: 0, isFolded: false };
    return fields.map(({ cell }) => cell(row, look));
  });
  const columns = fields.map(({ column }) => column);
  const plan = planTable(columns, cells, look.width);
  return { head: tableHead(plan), rows: cells.map((row) => tableRow(plan, row)) };
}

const sortWords: Readonly<Record<SortKey, readonly [string, string]>> = {
  age: ['newest first', 'oldest first'],
  state: ['worst first', 'worst last'],
  worker: ['by worker', 'by worker, z first'],
  need: ['by need', 'by need, z first'],
  label: ['by label', 'by label, z first'],
  deadline: ['due first', 'due last'],
};

function sortText({ board }: State): string {
  const [there, back] = sortWords[board.sort];
  return board.isReversed ? back : there;
}

/** One column, and what a row has in it. */
interface Field {
  readonly column: Column;
  readonly cell: (row: BoardRow, look: JobLook) => Row;
}

/** The columns that there may be at this width. */
function chooseFields(width: number): readonly Field[] {
  const isWide = width >= moreCellsMin;
  return [
    idField,
    ...(width >= chainCellsMin ? [outcomeField, ...chainFields] : [stateField(width)]),
    workerField,
    ...(isWide ? [ageField, dueField, needField, labelField] : []),
    titleField,
  ];
}

const idField: Field = {
  column: { title: 'job', keep: 0, cellsMax: 12 },
  cell: ({ job, isPart, partCount, isFolded }, { names }) => {
    if (names === 'attempts') return [span(`${job.id}.${job.attemptCount}`, 'strong')];
    const fold = partCount === 0 ? [] : [span(isFolded ? '▸' : '▾', 'dim')];
    return [...(isPart ? [span('└ ', 'dim')] : []), span(job.id, 'strong'), ...fold];
  },
};

function stateField(width: number): Field {
  const cellsMax = width < durationCellsMin ? 16 : 24;
  return {
    column: { title: 'state', keep: 0, cellsMax },
    cell: ({ job }, look) => [...lateMark(job, look), ...stateCell(job, look)],
  };
}

/** Where there is no room for deadlines, what is late is marked at least. */
function lateMark(job: JobRow, { width, wallMs }: JobLook): Row {
  const isMarked = width < moreCellsMin && job.outcome === null && isLate(job, wallMs);
  return isMarked ? [span('late ', 'bad')] : [];
}

/** What has ended has no dots: its outcome says how far it came. */
function stateCell(job: JobRow, look: JobLook): Row {
  if (job.outcome === null) return jobStateRow(job, look.wallMs);
  const { durationMs } = job;
  // Why it ended so is with its log and in its details: here it would cost the room of what it is.
  const isShort = look.width < durationCellsMin;
  return outcomeRow({ ...job, reason: null, durationMs: isShort ? null : durationMs });
}

/** The state without its dots: the chain beside it has them. */
const outcomeField: Field = {
  column: { title: 'state', keep: 0, cellsMax: 26 },
  cell: ({ job }, { wallMs }) => {
    const ended = outcomeRow({ ...job, reason: null });
    if (ended.length > 0) return ended;
    return jobStateRow(job, wallMs)
      .slice(1)
      .map((part) => ({ ...part, text: part.text.trimStart() }));
  },
};

const chainFields: readonly Field[] = (
  ['queued', 'sent', 'accepted', 'started', 'finished'] as const
).map((title, place) => ({
  column: { title, keep: 6, cellsMax: 9 },
  cell: ({ job }, { zoneMinutes = 0 }) => {
    const text = receiptTexts(job, zoneMinutes)[place];
    return [text === undefined ? span('○', 'dim') : span(text)];
  },
}));

const workerField: Field = {
  column: { title: 'worker', keep: 1, cellsMax: 16 },
  cell: ({ job, partCount }) => {
    const parts = partCount === 0 ? 'group' : `${partCount} parts`;
    return [span(job.kind === 'group' ? parts : (job.worker ?? '-'), 'dim')];
  },
};

const ageField: Field = {
  column: { title: 'age', keep: 4, cellsMax: 5 },
  cell: ({ job }, { wallMs }) => [span(minutesText(wallMs - Date.parse(job.createdAt)), 'dim')],
};

const dueField: Field = {
  column: { title: 'due', keep: 2, cellsMax: 9 },
  cell: ({ job }, { wallMs }) => [
    span(dueText(job, wallMs), isLate(job, wallMs) ? 'bad' : 'plain'),
  ],
};

const needField: Field = {
  column: { title: 'needs', keep: 5, cellsMax: 16 },
  cell: ({ job }) => [span((job.needs ?? []).join(' '), 'dim')],
};

const labelField: Field = {
  column: { title: 'labels', keep: 3, cellsMax: 20 },
  cell: ({ job }) => [span((job.labels ?? []).join(' '), 'accent')],
};

const titleField: Field = {
  column: { title: 'what', keep: 0, cellsMax: 32, cellsMin: 10 },
  cell: ({ job }) => [span(job.title)],
};

function emptyRows(state: State): readonly Row[] {
  if (!state.hasJobs) return [[span(' Asking the hub…', 'dim')]];
  if (state.jobs.length > 0) return [[span(' No job matches the filter.', 'dim')]];
  return [[span(' No job yet.', 'dim')], [span(' d', 'accent'), span(' dispatches one.')]];
}
