/*
 * Standing somewhere in a log: going to a line, to an instant, to an end, and what that asks for. Pure.
 *
 * A line that the window holds is only scrolled to; for all else the hub is asked for another window,
 * and what is in sight stays until it is there.
 */
import { filterContextLines } from '../limits.ts';
import { ask, type Effect, still, type Update } from './effects.ts';
import type { LogWish } from './log-asks.ts';
import {
  findSightEnd,
  type LinePlace,
  type LogPending,
  type LogView,
  moveRows,
  settleView,
} from './log-view.ts';
import { endOf, findLine } from './log-window.ts';
import type { State } from './model.ts';
import { logRoomOf } from './scroll.ts';

/** The state with its log pane changed. */
export function withLog(state: State, log: LogView): State {
  return log === state.log ? state : { ...state, log };
}

/** Puts a line in sight, a third down; where the window lacks it the hub is asked for it. */
export function goToLine(state: State, place: LinePlace): Update {
  const { log } = state;
  const here: LogView = { ...log, current: place, isFollowing: false, newCount: newCountOf(log) };
  const number = findLine(log.window, place);
  if (number !== undefined) return still(withLog(state, showLine(state, here, number)));
  const pending: LogPending = { what: 'jump', goal: place };
  const at = `#${place.log}:${place.offset}`;
  const wish = wishOf(log);
  return ask(withLog(state, { ...here, pending }), {
    type: 'log',
    ask: { do: 'window', wish, at, what: 'jump' },
  });
}

/** Whose lines the pane shows, and which. */
export function wishOf({ token, jobs, filter, search, skipBytes }: LogView): LogWish {
  const isFiltered = filter !== 'all' && search !== undefined;
  const context = filter === 'near' ? filterContextLines : 0;
  return { token, jobs, skipBytes, context, ...(isFiltered ? { grep: search.pattern } : {}) };
}

/** Leaves the line where it is when it is in sight, else scrolls so that it is. */
export function showLine(state: State, log: LogView, number: number): LogView {
  const room = logRoomOf(state);
  const isInSight = number >= log.top + (log.row > 0 ? 1 : 0) && number < log.top + room.rows - 1;
  if (isInSight && !log.isWrapped) return log;
  // In rows, not in lines: one that is wrapped may have more of them than the pane.
  const place = moveRows({ ...log, top: number, row: 0 }, room, -Math.floor(room.rows / 3));
  return settleView({ ...log, ...place }, room);
}

/** Opens the log anew, where one stands or at its end: after a change of what is shown of it. */
export function reopen(state: State, log: LogView): Update {
  const current = state.log.window.lines[state.log.top - state.log.window.first];
  const stays = !log.isFollowing && current !== undefined;
  const goal = stays ? (log.current ?? { log: current.log, offset: current.offset }) : undefined;
  const token = state.nextId;
  const next = { ...log, token, pending: { what: 'open', goal } as const };
  const at = goal === undefined ? 'end' : `#${goal.log}:${goal.offset}`;
  return ask(
    { ...withLog(state, next), nextId: token + 1 },
    { type: 'log', ask: { do: 'open', wish: wishOf(next), at } },
  );
}

/** Goes to the first line. */
export function goToStart(state: State): Update {
  const { log } = state;
  const here: LogView = {
    ...log,
    top: log.window.first,
    row: 0,
    isFollowing: false,
    newCount: newCountOf(log),
    current: undefined,
  };
  if (log.window.isStart) return still(withLog(state, here));
  return jump(state, { ...here, pending: { what: 'jump', goalAt: 0 } }, 'start');
}

/** Goes to the end, and follows it. */
export function goToEnd(state: State): Update {
  const log: LogView = { ...state.log, isFollowing: true, newCount: 0, current: undefined };
  return log.window.isEnd ? still(withLog(state, log)) : reopen(state, log);
}

/** Goes to the first line of an instant or later. */
export function goToInstant(state: State, at: number): Update {
  const { log } = state;
  const pending: LogPending = { what: 'jump', goalAt: at };
  const here: LogView = { ...log, pending, isFollowing: false, newCount: newCountOf(log) };
  return jump(state, here, new Date(at).toISOString());
}

/** Asks for lines that scrolling is about to need. */
export function loadAhead(state: State): Update {
  const { log } = state;
  if (log.pending !== undefined || log.jobs.length === 0 || log.sources.length === 0) {
    return still(state);
  }
  const room = logRoomOf(state);
  const { window } = log;
  if (!window.isStart && log.top - window.first < room.rows) return load(state, 'back');
  const isNearEnd = endOf(window) - findSightEnd(log, room) < room.rows;
  return !window.isEnd && !log.isFollowing && isNearEnd ? load(state, 'on') : still(state);
}

function load(state: State, what: 'back' | 'on'): Update {
  const { log } = state;
  const at = (what === 'back' ? log.window.begin : log.window.end).join(',');
  const effect: Effect = { type: 'log', ask: { do: 'window', wish: wishOf(log), at, what } };
  return ask(withLog(state, { ...log, pending: { what } }), effect);
}

function jump(state: State, log: LogView, at: string): Update {
  const effect: Effect = {
    type: 'log',
    ask: { do: 'window', wish: wishOf(log), at, what: 'jump' },
  };
  return ask(withLog(state, log), effect);
}

/** Following stops here, so counting of what is new begins, unless it has. */
export function newCountOf(log: LogView): number {
  return log.isFollowing ? 0 : log.newCount;
}
