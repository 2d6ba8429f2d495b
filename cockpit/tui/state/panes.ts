/*
 * What each pane does with the keys: moving, its own commands, and why one is refused. Pure.
 *
 * The one table from panes to their slices of the state. A pane that is not in it does not exist;
 * everything else about panes asks here instead of asking which pane it is.
 */
import type { Command } from '../keys/keymap.ts';
import type { PaneId } from '../views/layout.ts';
import { applyDoctorCommand, countDoctorRows, explainDoctor } from './doctor-pane.ts';
import { still, type Update } from './effects.ts';
import { applyEventsCommand, explainEvents, moveInEvents } from './events-pane.ts';
import { applyInboxCommand, countInboxRows, explainInbox } from './inbox-pane.ts';
import { applyJobsCommand, explainJobs } from './jobs-pane.ts';
import {
  dropUnknownMarks,
  type ListId,
  type Move,
  moveInList,
  moveNumber,
  settleList,
} from './list.ts';
import { applyLogCommand, moveInLog } from './log-pane.ts';
import {
  type State,
  visibleDoctor,
  visibleEvents,
  visibleInbox,
  visibleJobs,
  visibleTeam,
  withList,
} from './model.ts';
import { detailRoom, listRoom } from './scroll.ts';
import { applyTeamCommand, explainTeam } from './team-pane.ts';

/** One pane's part in what keys do. */
export interface PaneModule {
  /** The list that `/`, the marks and moving are about; undefined where the pane moves by itself. */
  readonly list: ListId | undefined;
  /** How many rows its details have at this width; absent where a pane has none beside its list. */
  readonly countDetailRows?: (state: State, width: number) => number;
  /** Moving that goes beyond what its list holds; undefined where the list itself moves. */
  readonly moveBeyond?: (state: State, how: Move) => Update | undefined;
  /** Moving where the pane has no list. */
  readonly move?: (state: State, how: Move) => Update;
  /** A command that is this pane's to perform; undefined where it is not. */
  readonly apply?: (state: State, command: Command) => Update | undefined;
  /** Why a command can't be done while this pane has the keys. */
  readonly explain?: (state: State, command: Command) => string | undefined;
}

/** The table. */
export const paneModules: Readonly<Record<PaneId, PaneModule>> = {
  team: { list: 'team', apply: applyTeamCommand, explain: explainTeam },
  jobs: { list: 'jobs', apply: applyJobsCommand, explain: explainJobs },
  log: { list: undefined, move: moveInLog, apply: applyLogCommand, explain: explainJobs },
  inbox: {
    list: 'inbox',
    apply: applyInboxCommand,
    explain: explainInbox,
    countDetailRows: countInboxRows,
  },
  doctor: {
    list: 'doctor',
    apply: applyDoctorCommand,
    explain: explainDoctor,
    countDetailRows: countDoctorRows,
  },
  events: {
    list: 'events',
    apply: applyEventsCommand,
    explain: explainEvents,
    moveBeyond: moveInEvents,
  },
};

/** The ids that a list shows, in order. */
export function visibleIds(state: State, list: ListId): readonly string[] {
  switch (list) {
    case 'team':
      return idsOf(visibleTeam(state), (worker) => worker.name);
    case 'jobs':
      return idsOf(visibleJobs(state), (job) => job.id);
    case 'inbox':
      return idsOf(visibleInbox(state), (row) => row.id);
    case 'doctor':
      return idsOf(visibleDoctor(state), (row) => row.id);
    case 'events':
      return idsOf(visibleEvents(state), (row) => String(row.seq));
  }
}

/** Every id that a list could show. */
function knownIds(state: State, list: ListId): readonly string[] {
  const bare = withList(state, list, { ...state.lists[list], filter: '' });
  return visibleIds(bare, list);
}

/** Moves in the pane that has the keys. */
export function moveInPane(state: State, how: Move): Update {
  const pane = paneModules[state.focus];
  if (state.detail.isOpen && pane.countDetailRows !== undefined) return scrollDetail(state, how);
  if (pane.list === undefined) return pane.move?.(state, how) ?? still(state);
  const beyond = pane.moveBeyond?.(state, how);
  if (beyond !== undefined) return beyond;
  const by = { how, room: listRoom(state, state.focus) };
  const list = moveInList(state.lists[pane.list], visibleIds(state, pane.list), by);
  return still(withList(state, pane.list, list));
}

function scrollDetail(state: State, how: Move): Update {
  const { room } = detailRoom(state);
  // `settleLists` knows how many rows there are and pulls the end back to the last page.
  const top = moveNumber(state.detail.top, how, { room, last: Number.MAX_SAFE_INTEGER });
  return still({ ...state, detail: { ...state.detail, top } });
}

/** Every list, and the open details, made legal for what there is. */
export function settleLists(state: State): State {
  return settleDetail(
    listIds.reduce((settled, id) => {
      const list = settleList(settled.lists[id], visibleIds(settled, id), listRoom(settled, id));
      return withList(settled, id, dropUnknownMarks(list, knownIds(settled, id)));
    }, state),
  );
}

const listIds = ['team', 'jobs', 'inbox', 'doctor', 'events'] as const satisfies readonly ListId[];

function settleDetail(state: State): State {
  const { detail } = state;
  const count = paneModules[state.focus].countDetailRows;
  if (detail.top === 0) return state;
  const { room, width } = detailRoom(state);
  const top = Math.min(detail.top, Math.max(0, (count?.(state, width) ?? 0) - room));
  return top === detail.top ? state : { ...state, detail: { ...detail, top } };
}

/** The ids of rows; the same rows give the same array, for lists are asked after every key. */
function idsOf<T extends object>(rows: readonly T[], idOf: (row: T) => string): readonly string[] {
  const known = idLists.get(rows);
  if (known !== undefined) return known;
  const ids = rows.map(idOf);
  idLists.set(rows, ids);
  return ids;
}

const idLists = new WeakMap<object, readonly string[]>();
