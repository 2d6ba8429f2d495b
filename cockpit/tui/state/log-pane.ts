/*
 * The log pane's keys: scrolling the log. Pure.
 *
 * The log is always that of the selected job. Scrolling up stops following, reaching the end takes
 * it up again.
 */
import type { JobId } from '../../../protocol/model.ts';
import type { Command } from '../keys/keymap.ts';
import { lineCellsMax } from '../limits.ts';
import { ask, still, type Update } from './effects.ts';
import { type Move, moveNumber } from './list.ts';
import { findFollowedJob, openLogView, type State } from './model.ts';
import { logRoom, logRowsEnd } from './scroll.ts';

/** Opens the job's log afresh. A group has none: its parts are shown. */
export function followJob(state: State, job: JobId): Update {
  const next = { ...state, log: openLogView(job) };
  const isGroup = findFollowedJob(next)?.kind === 'group';
  return ask(next, { type: 'follow', job: isGroup ? undefined : job });
}

/** The selected job's log in its pane: nothing else is there, and what ended badly has been seen. */
export function showSelected(state: State): Update {
  const { selected } = state.lists.jobs;
  if (selected === undefined || selected === state.log.job) return still(state);
  const unseen = state.unseen.filter((id) => id !== selected);
  return followJob({ ...state, unseen }, selected as JobId);
}

/** A command of the log pane's own keys. */
export function applyLogCommand(state: State, command: Command): Update | undefined {
  if (command !== 'left' && command !== 'right') return undefined;
  const step = command === 'left' ? -sidewaysCells : sidewaysCells;
  const left = Math.min(lineCellsMax, Math.max(0, state.log.left + step));
  return still({ ...state, log: { ...state.log, left } });
}

const sidewaysCells = 20;

/** Moves in the log pane. */
export function moveInLog(state: State, how: Move): Update {
  const { log } = state;
  const room = logRoom(state);
  const last = Math.max(log.first, logRowsEnd(state) - room);
  const top = Math.max(log.first, moveNumber(log.top, how, { room, last }));
  const isFollowing = top >= last;
  const seenEnd = log.isFollowing ? log.end : log.seenEnd;
  return still({ ...state, log: { ...log, top, isFollowing, seenEnd } });
}
