/*
 * The jobs as a board: narrowed, sorted, and parts below their groups. Pure.
 *
 * The same jobs under the same choices give the same array, because lists are asked after every key.
 * Parts stand under their group where it is shown too; a filter looks into folded groups.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import { isBadOutcome } from '../views/phrases.ts';
import { compileFilter, readsClock } from './job-filter.ts';
import { compareNewest } from './job-order.ts';
import type { State } from './model.ts';

/** By what jobs are sorted. */
export type SortKey = 'age' | 'state' | 'worker' | 'need' | 'label' | 'deadline';

/** How the M2 wants the jobs. */
export interface Board {
  readonly sort: SortKey;
  readonly isReversed: boolean;
}

/** One row of the board. */
export interface BoardRow {
  readonly job: JobRow;
  readonly isPart: boolean;
  /** Parts below it that are held here; 0 for what is no group. */
  readonly partCount: number;
  readonly isFolded: boolean;
}

/** Newest first. */
export const boardAtStart: Board = { sort: 'age', isReversed: false };

/** Sorts by this; a second time turns it round. */
export function sortBy(board: Board, sort: SortKey): Board {
  return { sort, isReversed: board.sort === sort && !board.isReversed };
}

/** The board as it is shown. */
export function listBoard(state: State): readonly BoardRow[] {
  return readBoard(state).rows;
}

/** The jobs of the board, in its order. */
export function visibleJobs(state: State): readonly JobRow[] {
  return readBoard(state).jobs;
}

interface BoardView {
  readonly key: string;
  readonly rows: readonly BoardRow[];
  readonly jobs: readonly JobRow[];
}

const views = new WeakMap<object, BoardView>();

function readBoard(state: State): BoardView {
  const { filter } = state.lists.jobs;
  const { sort, isReversed } = state.board;
  const clock = readsClock(filter) ? state.wallMs : 0;
  const key = [filter, sort, isReversed, clock, ...state.folded].join('\n');
  const known = views.get(state.jobs);
  if (known?.key === key) return known;
  const rows = makeBoard(state);
  const view = { key, rows, jobs: rows.map(({ job }) => job) };
  views.set(state.jobs, view);
  return view;
}

function makeBoard(state: State): readonly BoardRow[] {
  const { filter } = state.lists.jobs;
  const isNarrowed = filter.trim() !== '';
  const test = compileFilter(filter, { wallMs: state.wallMs, textOf: jobText });
  const kept = isNarrowed ? state.jobs.filter(test) : state.jobs;
  const groups = new Set(kept.filter(({ kind }) => kind === 'group').map(({ id }) => id));
  const folded = new Set(isNarrowed ? [] : state.folded);
  const parts = new Map<string, JobRow[]>();
  const tops: JobRow[] = [];
  for (const job of kept) {
    if (job.parent === null || !groups.has(job.parent)) tops.push(job);
    else listOf(parts, job.parent).push(job);
  }
  const order = orderOf(state.board);
  return tops.sort(order).flatMap((job) => {
    const own = (parts.get(job.id) ?? []).sort(order);
    const isFolded = own.length > 0 && folded.has(job.id);
    const top = { job, isPart: false, partCount: own.length, isFolded };
    if (isFolded) return [top];
    return [
      top,
      ...own.map((part) => ({ job: part, isPart: true, partCount: 0, isFolded: false })),
    ];
  });
}

function listOf(lists: Map<string, JobRow[]>, id: string): JobRow[] {
  const known = lists.get(id);
  if (known !== undefined) return known;
  const list: JobRow[] = [];
  lists.set(id, list);
  return list;
}

type Order = (a: JobRow, b: JobRow) => number;

function orderOf({ sort, isReversed }: Board): Order {
  const by = orders[sort];
  const sign = isReversed ? -1 : 1;
  return (a, b) => sign * by(a, b) || compareNewest(a, b);
}

const orders: Readonly<Record<SortKey, Order>> = {
  age: compareNewest,
  state: (a, b) => urgency(a) - urgency(b),
  worker: byText((job) => job.worker ?? ''),
  need: byText((job) => (job.needs ?? []).join(' ')),
  label: byText((job) => (job.labels ?? []).join(' ')),
  deadline: (a, b) => dueAt(a) - dueAt(b),
};

/** In the order of the alphabet, what has no such text at the end. */
function byText(textOf: (job: JobRow) => string): Order {
  return (a, b) => {
    const [one, other] = [textOf(a), textOf(b)];
    if (one === '' || other === '') return Number(one === '') - Number(other === '');
    return one < other ? -1 : Number(one > other);
  };
}

/** What somebody should look at first, then what goes on, then what is done. */
function urgency(job: JobRow): number {
  if (isBadOutcome(job.outcome)) return 0;
  if (job.outcome !== null) return job.outcome === 'cancelled' ? 6 : 7;
  return { started: 1, accepted: 2, sent: 3, queued: 4, finished: 5 }[job.state];
}

/** Only what has not ended is due; everything else comes after it. */
function dueAt(job: JobRow): number {
  if (job.outcome !== null || job.deadlineAt == null) return Number.MAX_SAFE_INTEGER;
  return Date.parse(job.deadlineAt);
}

function jobText(job: JobRow): string {
  const { id, title, state, outcome, worker, host, kind, parent, labels = [], needs = [] } = job;
  const names = [worker ?? '', host ?? '', kind, parent ?? ''];
  return [id, title, outcome ?? state, ...names, ...labels, ...needs].join(' ');
}
