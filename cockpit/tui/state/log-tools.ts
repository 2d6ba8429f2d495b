/*
 * What one does with lines of a log: mark, choose, copy, save, go to an instant. Pure.
 *
 * All of it is about the lines that the window holds; saving is about the whole log, which the hub
 * has.
 */
import { AppError } from '../../../protocol/errors.ts';
import { parseMoment } from '../../logs/moment.ts';
import type { Command } from '../keys/keymap.ts';
import { logMarksMax } from '../limits.ts';
import { plainText } from '../views/log-text.ts';
import { ask, still, type Update } from './effects.ts';
import { goToInstant, goToLine, wishOf, withLog } from './log-places.ts';
import { findCurrent, type LinePlace, type LogView } from './log-view.ts';
import { lineAt } from './log-window.ts';
import type { PromptUse, State } from './model.ts';
import { logRoomOf } from './scroll.ts';
import { tell, warn } from './toast.ts';

/** A command of these; undefined where it is none. */
export function applyLogTool(state: State, command: Command): Update | undefined {
  switch (command) {
    case 'filter':
      return openPrompt(state, { for: 'search' }, state.log.search?.pattern ?? '');
    case 'log-at':
      return openPrompt(state, { for: 'log-at' }, '');
    case 'log-save':
      return openPrompt(state, { for: 'log-save' }, `${state.log.jobs.join('-')}.log`);
    case 'mark':
      return still(toggleMark(state));
    case 'mark-range':
      return still(toggleRange(state));
    case 'mark-next':
      return goToMark(state);
    case 'copy':
      return copyLines(state);
    default:
      return undefined;
  }
}

/** Goes to what was typed as an instant. */
export function acceptInstant(state: State, text: string): Update {
  try {
    return goToInstant(state, parseMoment(text, state.wallMs));
  } catch (thrown) {
    return warn(state, thrown instanceof AppError ? thrown.message : String(thrown));
  }
}

/** Writes the log, as far as the filter leaves it, to a file of this name. */
export function acceptSave(state: State, name: string): Update {
  const { jobs, grep, context } = wishOf(state.log);
  const filter = grep === undefined ? {} : { grep };
  return ask(state, { type: 'save-log', save: { jobs, context, name, ...filter } });
}

function openPrompt(state: State, use: PromptUse, text: string): Update {
  return still({ ...state, overlay: { type: 'prompt', use, field: { text, caret: text.length } } });
}

function currentPlace(state: State): { readonly number: number; readonly place?: LinePlace } {
  const number = findCurrent(state.log, logRoomOf(state));
  const line = lineAt(state.log.window, number);
  return line === undefined
    ? { number }
    : { number, place: { log: line.log, offset: line.offset } };
}

/** Marks the line, or unmarks it. It becomes the one that keys are about. */
function toggleMark(state: State): State {
  const { log } = state;
  const { place } = currentPlace(state);
  if (place === undefined) return state;
  const isSame = (mark: LinePlace) => mark.log === place.log && mark.offset === place.offset;
  const isMarked = log.marks.some(isSame);
  if (!isMarked && log.marks.length >= logMarksMax) return state;
  const marks = isMarked ? log.marks.filter((mark) => !isSame(mark)) : [...log.marks, place];
  return withLog(state, { ...log, marks, current: place });
}

/** The next mark in the order in which they were made, and around. */
function goToMark(state: State): Update {
  const { marks, current } = state.log;
  const index = marks.findIndex(
    ({ log, offset }) => log === current?.log && offset === current.offset,
  );
  const next = marks[(index + 1) % Math.max(1, marks.length)];
  return next === undefined ? still(state) : goToLine(state, next);
}

/** Begins to choose lines at the one that keys are about, or leaves it. */
function toggleRange(state: State): State {
  const { log } = state;
  if (log.range !== undefined) return withLog(state, { ...log, range: undefined });
  const { number, place } = currentPlace(state);
  if (place === undefined) return state;
  const range = { from: number, to: number };
  return withLog(state, { ...log, range, isFollowing: false, newCount: 0 });
}

function copyLines(state: State): Update {
  const { log } = state;
  const { number } = currentPlace(state);
  const { from, to } = log.range ?? { from: number, to: number };
  const lines = [];
  for (let each = Math.min(from, to); each <= Math.max(from, to); each += 1) {
    const line = lineAt(log.window, each);
    if (line !== undefined && line.stream !== 'gap') lines.push(plainText(line));
  }
  if (lines.length === 0) return tell(state, 'there is no line to copy');
  const what = lines.length === 1 ? '1 line' : `${lines.length} lines`;
  const left: LogView = { ...log, range: undefined };
  return ask(withLog(state, left), { type: 'copy', text: `${lines.join('\n')}\n`, what });
}
