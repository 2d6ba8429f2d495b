/*
 * The keys of the board: by what it is sorted, what it is narrowed to, and what is folded. Pure.
 *
 * A key that narrows writes its term into the filter, so that what is typed and what is pressed are
 * one thing. They narrow to what is selected, or go through the states and ages there are.
 */
import type { JobId } from '../../../protocol/model.ts';
import type { JobRow } from '../../verbs/shapes.ts';
import type { Command } from '../keys/keymap.ts';
import { listBoard, type SortKey, sortBy } from './board.ts';
import { fold, unfold } from './fold.ts';
import { type FilterKey, findTerm, putTerm } from './job-filter.ts';
import { findSelectedJob, type State, withList } from './model.ts';
import { setFilter } from './prompt.ts';

const sorts: Readonly<Partial<Record<Command, SortKey>>> = {
  'sort-age': 'age',
  'sort-state': 'state',
  'sort-worker': 'worker',
  'sort-need': 'need',
  'sort-label': 'label',
  'sort-deadline': 'deadline',
};

const filters: Readonly<Partial<Record<Command, FilterKey>>> = {
  'filter-state': 'state',
  'filter-worker': 'worker',
  'filter-need': 'need',
  'filter-label': 'label',
  'filter-age': 'age',
};

/** States and ages are gone through one after the other; after the last there is no term. */
const rounds: Readonly<Partial<Record<FilterKey, readonly string[]>>> = {
  state: ['running', 'waiting', 'bad', 'late', 'ended'],
  age: ['<1h', '<1d', '>1d'],
};

/** A command of the board's own keys; undefined where it is none. */
export function applyBoardCommand(state: State, command: Command): State | undefined {
  const sort = sorts[command];
  if (sort !== undefined) return { ...state, board: sortBy(state.board, sort) };
  const key = filters[command];
  if (key !== undefined) return narrow(state, key);
  if (command === 'fold') return foldSelected(state);
  if (command !== 'unfold') return undefined;
  const job = findSelectedJob(state);
  return job === undefined ? state : unfold(state, job.id);
}

/** Why a key of the board can't do anything. */
export function explainBoard(state: State, command: Command): string | undefined {
  const job = findSelectedJob(state);
  if (command === 'fold' || command === 'unfold') {
    const isGroup = job !== undefined && (job.kind === 'group' || job.parent !== null);
    return isGroup ? undefined : 'only groups fold';
  }
  const key = filters[command];
  if (key === undefined || rounds[key] !== undefined) return undefined;
  if (findTerm(state.lists.jobs.filter, key) !== undefined) return undefined;
  if (job === undefined) return 'no job is selected';
  return pickWord(job, key) === undefined ? `${job.id} has no ${key}` : undefined;
}

/** Selects a job wherever it is: a filter that hides it goes, and its group opens. */
export function selectJob(state: State, id: JobId): State {
  const parent = state.jobs.find((job) => job.id === id)?.parent;
  const open = parent == null ? state : unfold(state, parent);
  const chosen = withList(open, 'jobs', { ...open.lists.jobs, selected: id });
  const isShown = listBoard(chosen).some(({ job }) => job.id === id);
  return isShown ? chosen : setFilter(chosen, 'jobs', '');
}

function narrow(state: State, key: FilterKey): State {
  const { filter } = state.lists.jobs;
  const known = findTerm(filter, key);
  const round = rounds[key];
  const next = round === undefined ? pickValue(state, key, known) : nextOf(round, known);
  return setFilter(state, 'jobs', putTerm(filter, key, next));
}

function nextOf(round: readonly string[], known: string | undefined): string | undefined {
  return known === undefined ? round[0] : round[round.indexOf(known) + 1];
}

function pickValue(state: State, key: FilterKey, known: string | undefined): string | undefined {
  const job = findSelectedJob(state);
  return known === undefined && job !== undefined ? pickWord(job, key) : undefined;
}

function pickWord(job: JobRow, key: FilterKey): string | undefined {
  if (key === 'worker') return job.worker ?? undefined;
  if (key === 'need') return job.needs?.[0];
  return key === 'label' ? job.labels?.[0] : undefined;
}

/** A part folds its group, which is selected then. */
function foldSelected(state: State): State {
  const job = findSelectedJob(state);
  if (job === undefined) return state;
  if (job.kind === 'group') return fold(state, job.id);
  const isBelow = listBoard(state).some((row) => row.job.id === job.id && row.isPart);
  if (job.parent === null || !isBelow) return state;
  const chosen = withList(state, 'jobs', { ...state.lists.jobs, selected: job.parent });
  return fold(chosen, job.parent);
}
