/*
 * The log pane's keys. Pure.
 *
 * The log is that of the selected job, or those of the marked ones as one. Scrolling up stops
 * following, reaching the end takes it up again. What keys are about is the line that a search or a
 * mark led to, else the first in sight; while lines are chosen, the one that moves.
 */
import type { JobId } from '../../../protocol/model.ts';
import { logsMergedMax } from '../../logs/limits.ts';
import type { Command } from '../keys/keymap.ts';
import { lineCellsMax } from '../limits.ts';
import { visibleJobs } from './board.ts';
import { ask, still, type Update } from './effects.ts';
import { type Move, moveNumber } from './list.ts';
import { goToEnd, goToStart, newCountOf, reopen, wishOf, withLog } from './log-places.ts';
import { goToHit, goToLevel } from './log-search.ts';
import { applyLogTool } from './log-tools.ts';
import { findEndPlace, type LogView, moveRows, openLogView } from './log-view.ts';
import { endOf } from './log-window.ts';
import { findFollowedJob, findSelectedJob, type State } from './model.ts';
import { logRoom, logRoomOf } from './scroll.ts';

/** Opens these logs afresh, for the selected job. */
export function followJob(state: State, job: JobId): Update {
  const token = state.nextId;
  const jobs = chooseLogs(state, job);
  const log: LogView = {
    ...openLogView({ job, jobs, token }, state.log),
    ...(jobs.length === 0 ? {} : { pending: { what: 'open' } }),
  };
  const next = { ...state, log, nextId: token + 1 };
  if (jobs.length === 0) return ask(next, { type: 'log', ask: { do: 'close' } });
  return ask(next, { type: 'log', ask: { do: 'open', wish: wishOf(log), at: 'end' } });
}

/** A selected job that has begun another attempt has a new log, whoever told of it first: the feed or an answer. */
export function followRenewed(before: State, next: State): Update {
  const job = findSelectedJob(next);
  const known = findSelectedJob(before);
  if (job === undefined || known?.id !== job.id) return still(next);
  return job.attemptCount > known.attemptCount ? followJob(next, job.id) : still(next);
}

/** The selected job's log in its pane: nothing else is there, and what ended badly has been seen. */
export function showSelected(state: State): Update {
  const { selected } = state.lists.jobs;
  if (selected === undefined) return still(state);
  const job = selected as JobId;
  if (job === state.log.job) {
    const isSame = chooseLogs(state, job).join() === state.log.jobs.join();
    return isSame ? still(state) : followJob(state, job);
  }
  const unseen = state.unseen.filter((id) => id !== selected);
  return followJob({ ...state, unseen }, job);
}

/** Marked jobs are read as one, and so are the parts of a group; more than fit are not read. */
function chooseLogs(state: State, job: JobId): readonly JobId[] {
  const { jobs } = state.lists;
  const chosen = new Set(jobs.marked);
  const marked =
    chosen.size < 2 ? [] : visibleJobs(state).flatMap(({ id }) => (chosen.has(id) ? [id] : []));
  if (marked.length > 1 && marked.length <= logsMergedMax) return marked.toReversed();
  const row = findSelectedJob(state);
  if (row?.kind !== 'group') return [job];
  const parts = state.jobs.filter(({ parent }) => parent === job);
  return parts.length > 0 && parts.length <= logsMergedMax ? [job] : [];
}

/** A command of the log pane's own keys. */
export function applyLogCommand(state: State, command: Command): Update | undefined {
  switch (command) {
    case 'left':
    case 'right':
      return moveSideways(state, command);
    case 'hit-next':
      return goToHit(state, 'on');
    case 'hit-previous':
      return goToHit(state, 'back');
    case 'error-next':
      return goToLevel(state, 'error', 'on');
    case 'error-previous':
      return goToLevel(state, 'error', 'back');
    case 'warning-next':
      return goToLevel(state, 'warning', 'on');
    case 'log-follow':
      return state.log.isFollowing ? still(pause(state)) : goToEnd(state);
    case 'log-wrap':
      return still(changeLook(state, { isWrapped: !state.log.isWrapped, left: 0, row: 0 }));
    case 'log-times':
      return still(changeLook(state, { hasTimestamps: !state.log.hasTimestamps, row: 0 }));
    case 'log-filter':
      return changeFilter(state);
    default:
      return applyLogTool(state, command);
  }
}

/** One step up: out of what is chosen, the filter, the search. Undefined where there is nothing. */
export function leaveLog(state: State): Update | undefined {
  const { log } = state;
  if (log.range !== undefined) return still(withLog(state, { ...log, range: undefined }));
  if (log.filter !== 'all') return reopen(state, { ...log, filter: 'all' });
  if (log.search === undefined && log.current === undefined) return undefined;
  return still(withLog(state, { ...log, search: undefined, current: undefined }));
}

/** Moves in the log pane. */
export function moveInLog(state: State, how: Move): Update {
  if (state.log.range !== undefined) return moveRange(state, how);
  if (how.type === 'start') return goToStart(state);
  if (how.type === 'end') return goToEnd(state);
  const { log } = state;
  const room = logRoomOf(state);
  const step = how.type === 'rows' ? how.count : Math.trunc(how.count * room.rows) || how.count;
  const place = moveRows(log, room, step);
  const last = findEndPlace(log, room);
  const isAtEnd = log.window.isEnd && place.top === last.top && place.row === last.row;
  const isFollowing = isAtEnd && (step > 0 || log.isFollowing);
  const newCount = isFollowing ? 0 : newCountOf(log);
  const current = log.current;
  return still(withLog(state, { ...log, ...place, isFollowing, newCount, current }));
}

function pause(state: State): State {
  return withLog(state, { ...state.log, isFollowing: false, newCount: 0 });
}

/** A look that makes lines taller or wider leaves the first line in sight where it is. */
function changeLook(
  state: State,
  look: Partial<Pick<LogView, 'isWrapped' | 'hasTimestamps' | 'left' | 'row'>>,
): State {
  return withLog(state, { ...state.log, ...look });
}

function changeFilter(state: State): Update {
  const { log } = state;
  const next = ({ all: 'near', near: 'hits', hits: 'all' } as const)[log.filter];
  return reopen(state, { ...log, filter: next });
}

/** Sideways over the text that is held, and beyond it to what lies further on in long lines. */
function moveSideways(state: State, command: 'left' | 'right'): Update {
  const { log } = state;
  const step = command === 'left' ? -sidewaysCells : sidewaysCells;
  const left = Math.min(lineCellsMax, Math.max(0, log.left + step));
  const visible = log.window.lines.slice(log.top - log.window.first).slice(0, logRoom(state));
  const widest = Math.max(0, ...visible.map(({ cells }) => cells));
  const isBeyond = command === 'right' && left + sidewaysCells > widest;
  if (isBeyond && visible.some(({ isCut }) => isCut)) {
    return reopen(state, { ...log, left: 0, skipBytes: log.skipBytes + skipStepBytes });
  }
  if (command === 'left' && log.left === 0 && log.skipBytes > 0) {
    const skipBytes = Math.max(0, log.skipBytes - skipStepBytes);
    return reopen(state, { ...log, skipBytes });
  }
  return still(withLog(state, { ...log, left: isBeyond ? log.left : left }));
}

const sidewaysCells = 20;
/** Less than the text of a line that the hub gives, so that nothing in it is passed over. */
const skipStepBytes = 3 * 1024;

/** While lines are chosen, moving moves their end, and the pane goes with it. */
function moveRange(state: State, how: Move): Update {
  const { log } = state;
  if (log.range === undefined) return still(state);
  const room = logRoomOf(state);
  const { first } = log.window;
  const last = endOf(log.window) - 1;
  const bounds = { room: room.rows, last: last - first };
  const to = first + moveNumber(log.range.to - first, how, bounds);
  const top = Math.min(to, Math.max(log.top, to - room.rows + 1));
  const range = { ...log.range, to };
  return still(withLog(state, { ...log, range, top, row: 0, isFollowing: false }));
}

/** Why a command of the log can't be done. */
export function explainLog(state: State, command: Command): string | undefined {
  if (!logCommands.has(command)) return undefined;
  const { log } = state;
  if (log.jobs.length === 0) {
    const isGroup = findFollowedJob(state)?.kind === 'group';
    return isGroup ? 'too many parts to be read as one; choose a part' : 'no job is selected';
  }
  const needsSearch =
    command === 'hit-next' || command === 'hit-previous' || command === 'log-filter';
  if (needsSearch && log.search === undefined) return 'nothing is searched; / does';
  const isSideways = command === 'left' || command === 'right';
  if (isSideways && log.isWrapped) return 'lines are wrapped; w unwraps them';
  if (command === 'mark-next' && log.marks.length === 0) return 'no line is marked; space does';
  return undefined;
}

const logCommands: ReadonlySet<Command> = new Set([
  'left',
  'right',
  'hit-next',
  'hit-previous',
  'error-next',
  'error-previous',
  'warning-next',
  'log-follow',
  'log-wrap',
  'log-times',
  'log-filter',
  'log-at',
  'log-save',
  'copy',
  'mark-next',
  'filter',
  'mark',
  'mark-range',
]);
