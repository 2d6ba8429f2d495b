/*
 * One list: what is selected, marked and narrowed in it, and how far it is scrolled. Pure.
 *
 * Everything is kept by id, so that it survives every update of what is listed; a selection that
 * is gone falls to its place's neighbour when the list is settled. A filter is words that must all
 * be there, in any order; `!` before one wants it absent. Lower case matches either.
 */
import { markedMax } from '../limits.ts';

/** The lists that there are. */
export const listIds = ['team', 'jobs', 'inbox', 'doctor', 'events'] as const;

/** One list. */
export type ListId = (typeof listIds)[number];

/** What the M2 has chosen in one list. `top` is the first row shown. */
export interface ListState {
  readonly selected: string | undefined;
  readonly top: number;
  readonly filter: string;
  readonly marked: readonly string[];
  /** Where a range of marks began, while one is being made. */
  readonly rangeFrom: string | undefined;
}

/** A way to move: by rows, by parts of a page, or to an end. */
export type Move =
  | { readonly type: 'rows'; readonly count: number }
  | { readonly type: 'pages'; readonly count: number }
  | { readonly type: 'start' }
  | { readonly type: 'end' };

/** Nothing chosen yet. */
export const emptyList: ListState = {
  selected: undefined,
  top: 0,
  filter: '',
  marked: [],
  rangeFrom: undefined,
};

/**
 * Where the row of this id stands in these rows; -1 where it doesn't. The same rows are looked through
 * once: this is asked after every key.
 */
export function findPlace<T extends object>(
  rows: readonly T[],
  idOf: (row: T) => string,
  id: string | undefined,
): number {
  if (id === undefined) return -1;
  const known = places.get(rows) ?? new Map(rows.map((row, index) => [idOf(row), index]));
  places.set(rows, known);
  return known.get(id) ?? -1;
}

const places = new WeakMap<object, ReadonlyMap<string, number>>();

/** The rows that a filter leaves; the same rows and filter give the same array. */
export function visibleIn<T extends object>(
  rows: readonly T[],
  filter: string,
  textOf: (row: T) => string,
): readonly T[] {
  if (filter.trim() === '') return rows;
  const known = filtered.get(rows);
  if (known?.filter === filter) return known.rows as readonly T[];
  const kept = rows.filter((row) => matchesFilter(filter, textOf(row)));
  filtered.set(rows, { filter, rows: kept });
  return kept;
}

const filtered = new WeakMap<
  object,
  { readonly filter: string; readonly rows: readonly object[] }
>();

/** Does the text have every word of the filter? */
export function matchesFilter(filter: string, text: string): boolean {
  const lower = text.toLowerCase();
  return filter
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '!')
    .every((word) => {
      const isUnwanted = word.startsWith('!');
      const wanted = isUnwanted ? word.slice(1) : word;
      const isThere = (wanted === wanted.toLowerCase() ? lower : text).includes(wanted);
      return isThere !== isUnwanted;
    });
}

/** Moves the selection among `ids`; a range that is being marked grows with it. */
export function moveInList(
  list: ListState,
  ids: readonly string[],
  by: { readonly how: Move; readonly room: number },
): ListState {
  const index = list.selected === undefined ? -1 : ids.indexOf(list.selected);
  const selected = ids[moveNumber(index, by.how, { room: by.room, last: ids.length - 1 })];
  if (selected === undefined || selected === list.selected) return list;
  return markRange({ ...list, selected }, ids);
}

/** Marks or unmarks what is selected. */
export function toggleMark(list: ListState): ListState {
  const { selected, marked } = list;
  if (selected === undefined) return list;
  const isMarked = marked.includes(selected);
  if (!isMarked && marked.length >= markedMax) return list;
  return {
    ...list,
    marked: isMarked ? marked.filter((id) => id !== selected) : [...marked, selected],
  };
}

/** Begins a range of marks at the selection, or ends the one that is being made. */
export function toggleRange(list: ListState, ids: readonly string[]): ListState {
  if (list.rangeFrom !== undefined) return { ...list, rangeFrom: undefined };
  return markRange({ ...list, rangeFrom: list.selected }, ids);
}

/** What a verb acts on: what is marked and in sight of the filter, else what is selected. */
export function targetsOf(list: ListState, ids: readonly string[]): readonly string[] {
  const marked = new Set(list.marked);
  const targets = marked.size === 0 ? [] : ids.filter((id) => marked.has(id));
  if (targets.length > 0) return targets;
  return list.selected === undefined || !ids.includes(list.selected) ? [] : [list.selected];
}

/**
 * Makes the list legal for `ids`: the selection is one of them and in sight. One that isn't shown has
 * no room, and stays scrolled as it is.
 */
export function settleList(
  list: ListState,
  ids: readonly string[],
  room: number | undefined,
): ListState {
  const index = list.selected === undefined ? -1 : ids.indexOf(list.selected);
  const selected = index >= 0 ? list.selected : (ids[Math.min(list.top, ids.length - 1)] ?? ids[0]);
  const top = keepInSight(index >= 0 ? index : ids.indexOf(selected ?? ''), {
    top: list.top,
    room: room ?? Math.max(1, ids.length - list.top),
    count: ids.length,
  });
  if (top === list.top && selected === list.selected) return list;
  return { ...list, top, selected };
}

/** Where the selected row is gone, the next one that stood below it is selected, else the one above. */
export function selectNeighbour(
  list: ListState,
  before: readonly string[],
  ids: readonly string[],
): ListState {
  const known = new Set(ids);
  const from = list.selected === undefined ? -1 : before.indexOf(list.selected);
  if (from < 0 || known.has(list.selected ?? '')) return list;
  const isLeft = (id: string) => known.has(id);
  const selected = before.slice(from).find(isLeft) ?? before.slice(0, from).findLast(isLeft);
  return selected === undefined ? list : { ...list, selected };
}

/** The list without marks on what is not there any more. */
export function dropUnknownMarks(list: ListState, known: readonly string[]): ListState {
  if (list.marked.length === 0) return list;
  const ids = new Set(known);
  const marked = list.marked.filter((id) => ids.has(id));
  return marked.length === list.marked.length ? list : { ...list, marked };
}

/** A number moved within its bounds. */
export function moveNumber(
  from: number,
  how: Move,
  bounds: { readonly room: number; readonly last: number },
): number {
  const step = how.type === 'rows' ? how.count : Math.max(1, Math.floor(bounds.room * pages(how)));
  if (how.type === 'start') return 0;
  if (how.type === 'end') return bounds.last;
  const signed = how.type === 'pages' && how.count < 0 ? -step : step;
  return Math.min(bounds.last, Math.max(0, from + signed));
}

function pages(how: Move): number {
  return how.type === 'pages' ? Math.abs(how.count) : 1;
}

function markRange(list: ListState, ids: readonly string[]): ListState {
  const { rangeFrom, selected } = list;
  if (rangeFrom === undefined || selected === undefined) return list;
  const ends = [ids.indexOf(rangeFrom), ids.indexOf(selected)];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  if (from < 0) return list;
  return { ...list, marked: ids.slice(from, to + 1).slice(0, markedMax) };
}

function keepInSight(
  index: number,
  list: { readonly top: number; readonly room: number; readonly count: number },
): number {
  const topMax = Math.max(0, list.count - list.room);
  const top = Math.min(topMax, Math.max(0, list.top));
  if (index < 0) return top;
  return Math.min(index, Math.max(top, index - list.room + 1));
}
