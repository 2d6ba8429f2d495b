/*
 * The team as the organisation that it is: the M2, Wally, then staff and odallies, each below theirs. Pure.
 *
 * Where there is little room, or a filter narrows it, only workers are listed. A heading's id can be
 * no worker's name. The same team under the same choices gives the same array.
 */
import type { TeamRow } from '../../verbs/shapes.ts';
import { tallyTeam } from '../views/tally.ts';
import { unfold } from './fold.ts';
import { findPlace } from './list.ts';
import { type State, visibleTeam, withList } from './model.ts';

/** One row of the team. */
export type TeamItem =
  | { readonly type: 'm2'; readonly id: string }
  | { readonly type: 'hub'; readonly id: string }
  | {
      readonly type: 'heading';
      readonly id: string;
      readonly kind: TeamRow['kind'];
      readonly count: number;
      readonly isFolded: boolean;
    }
  | {
      readonly type: 'worker';
      readonly id: string;
      readonly worker: TeamRow;
      /** Cells before its name. */
      readonly depth: number;
    };

/** Rows that the whole team takes as a tree: the M2, Wally, two headings, the workers. */
export function countTeamRows(team: readonly TeamRow[]): number {
  return team.length === 0 ? 0 : 2 + tallyTeam(team).kindCount + team.length;
}

/** The team as it is shown: a tree, or only the workers. */
export function listTeam(state: State, form: 'tree' | 'flat'): readonly TeamItem[] {
  const { filter } = state.lists.team;
  const key = [form, filter, ...state.folded].join('\n');
  const known = views.get(state.team);
  if (known?.key === key) return known.items;
  const items = makeItems(state, filter.trim() === '' ? form : 'flat');
  views.set(state.team, { key, items });
  return items;
}

const views = new WeakMap<object, { readonly key: string; readonly items: readonly TeamItem[] }>();

function makeItems(state: State, form: 'tree' | 'flat'): readonly TeamItem[] {
  const shown = visibleTeam(state);
  const groups = kinds.map((kind) => shown.filter((worker) => worker.kind === kind));
  if (form === 'flat' || shown.length === 0) {
    return groups.flat().map((worker) => workerItem(worker, 0));
  }
  const folded = new Set(state.folded);
  const below = kinds.flatMap((kind, index): readonly TeamItem[] => {
    const own = groups[index] ?? [];
    if (own.length === 0) return [];
    const id = headingIds[kind];
    const isFolded = folded.has(id);
    const heading: TeamItem = { type: 'heading', id, kind, count: own.length, isFolded };
    return [heading, ...(isFolded ? [] : own.map((worker) => workerItem(worker, 4)))];
  });
  return [{ type: 'm2', id: m2Id }, { type: 'hub', id: hubId }, ...below];
}

function workerItem(worker: TeamRow, depth: number): TeamItem {
  return { type: 'worker', id: worker.name, worker, depth };
}

// No worker's name begins so.
const m2Id = '@m2';
const hubId = '@wally';
const kinds = ['staff', 'odally'] as const satisfies readonly TeamRow['kind'][];
const headingIds = { staff: '@staff', odally: '@odallies' } as const;

/** Selects a row wherever it is: a filter that would hide it goes, and its heading opens. */
export function selectWorker(state: State, id: string): State {
  const worker = state.team.find(({ name }) => name === id);
  const open = worker === undefined ? state : unfold(state, headingIds[worker.kind]);
  const { team } = open.lists;
  if (team.selected === id && team.filter === '') return open;
  return withList(open, 'team', { ...team, selected: id, filter: '' });
}

/** The row that is selected in the team, whatever it is. */
export function findTeamItem(state: State, form: 'tree' | 'flat'): TeamItem | undefined {
  const items = listTeam(state, form);
  return items[findPlace(items, ({ id }) => id, state.lists.team.selected)];
}
