/*
 * What each pane does with the keys: moving, its own commands, and why one is refused. Pure.
 *
 * The one table from panes to their slices of the state. A pane that is not in it does not exist;
 * everything else about panes asks here instead of asking which pane it is.
 */
import type { Command } from '../keys/keymap.ts';
import { countCardRows } from '../views/card.ts';
import type { PaneId } from '../views/layout.ts';
import { visibleJobs } from './board.ts';
import { applyDoctorCommand, countDoctorRows, explainDoctor } from './doctor-pane.ts';
import { listDoctorRows } from './doctor-rows.ts';
import { still, type Update } from './effects.ts';
import { applyEventsCommand, explainEvents, moveInEvents } from './events-pane.ts';
import { applyInboxCommand, countInboxRows, explainInbox } from './inbox-pane.ts';
import { applyJobsCommand, explainJobs } from './jobs-pane.ts';
import {
  dropUnknownMarks,
  type ListId,
  listIds,
  type Move,
  moveInList,
  moveNumber,
  settleList,
} from './list.ts';
import { applyLogCommand, explainLog, leaveLog, moveInLog } from './log-pane.ts';
import { type State, visibleDoctor, visibleEvents, visibleInbox, withList } from './model.ts';
import { listTeam } from './organisation.ts';
import { detailRoom, listRoom, teamForm } from './scroll.ts';
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
  /** Are its lines searched and marked as the rows of a list are? */
  readonly hasLines?: true;
  /** One step up within the pane; undefined where there is nothing to leave. */
  readonly leave?: (state: State) => Update | undefined;
  /** Why a command can't be done while this pane has the keys. */
  readonly explain?: (state: State, command: Command) => string | undefined;
}

/** The table. */
export const paneModules: Readonly<Record<PaneId, PaneModule>> = {
  team: {
    list: 'team',
    apply: applyTeamCommand,
    explain: explainTeam,
    countDetailRows: countCardRows,
  },
  jobs: {
    list: 'jobs',
    apply: applyJobsCommand,
    explain: explainJobs,
    countDetailRows: countCardRows,
  },
  log: {
    list: undefined,
    hasLines: true,
    move: moveInLog,
    apply: (state, command) => applyLogCommand(state, command) ?? applyJobsCommand(state, command),
    explain: (state, command) => explainLog(state, command) ?? explainJobs(state, command),
    leave: leaveLog,
  },
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
      return idsOf(listTeam(state, teamForm(state)), (item) => item.id);
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

/** Every id that may be marked in a list. */
function knownIds(state: State, list: ListId): readonly string[] {
  switch (list) {
    case 'team':
      return idsOf(state.team, (worker) => worker.name);
    case 'jobs':
      return idsOf(state.jobs, (job) => job.id);
    case 'inbox':
      return idsOf(state.inbox, (row) => row.id);
    case 'doctor':
      return idsOf(listDoctorRows(state), (row) => row.id);
    case 'events':
      return idsOf(state.events.rows, (row) => String(row.seq));
  }
}

/** Moves in the pane that has the keys. */
export function moveInPane(state: State, how: Move): Update {
  const pane = paneModules[state.focus];
  if (state.detail.isOpen && pane.countDetailRows !== undefined) return scrollDetail(state, how);
  if (pane.list === undefined) return pane.move?.(state, how) ?? still(state);
  const beyond = pane.moveBeyond?.(state, how);
  if (beyond !== undefined) return beyond;
  const by = { how, room: listRoom(state, state.focus) ?? 1 };
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
    }, chooseFirstWorker(state)),
  );
}

/** At first a worker is selected, not the M2 above them all. */
function chooseFirstWorker(state: State): State {
  const { team } = state.lists;
  if (team.selected !== undefined) return state;
  const first = listTeam(state, teamForm(state)).find(({ type }) => type === 'worker');
  return first === undefined ? state : withList(state, 'team', { ...team, selected: first.id });
}

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
