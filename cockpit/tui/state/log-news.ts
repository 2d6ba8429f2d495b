/*
 * What the hub says about logs, and what becomes of the log pane by it. Pure.
 *
 * Lines that are written while somebody reads further up are kept as long as there is room, then
 * only counted; nothing that is in sight ever moves.
 */
import { readLine } from '../views/log-text.ts';
import { still, type Update } from './effects.ts';
import type { LogEvent } from './log-asks.ts';
import { goToLine, showLine, withLog } from './log-places.ts';
import { searchAgain } from './log-search.ts';
import type { LogPending, LogView } from './log-view.ts';
import {
  append,
  endOf,
  findLine,
  grow,
  isFull,
  type LogWindowState,
  openWindow,
  prepend,
} from './log-window.ts';
import type { State } from './model.ts';
import { errorText, warn } from './toast.ts';

/** Takes one piece of news. */
export function applyLogEvent(state: State, event: LogEvent): Update {
  const token = event.type === 'log-hit' ? event.find.wish.token : event.token;
  if (token !== state.log.token) return still(state);
  switch (event.type) {
    case 'log-window':
      return takeWindow(state, event);
    case 'log-grown':
      return still(withLog(state, takeGrowth(state.log, event)));
    case 'log-count':
      return still(withLog(state, takeCount(state.log, event)));
    case 'log-hit':
      return event.hit === undefined ? searchAgain(state, event.find) : goToLine(state, event.hit);
    case 'log-ended': {
      const { error } = event;
      return still(withLog(state, { ...state.log, isEnded: true, error }));
    }
    case 'log-refused': {
      const log = { ...state.log, pending: undefined };
      const isEmpty = log.window.lines.length === 0;
      const next = withLog(state, isEmpty ? { ...log, error: event.error } : log);
      return isEmpty ? still(next) : warn(next, errorText(event.error));
    }
  }
}

function takeWindow(
  state: State,
  { what, window }: Extract<LogEvent, { type: 'log-window' }>,
): Update {
  const { log } = state;
  const page = { ...window, lines: window.lines.map(readLine) };
  const taken = { ...log, sources: window.logs, pending: undefined };
  if (what === 'back') {
    return still(withLog(state, { ...taken, window: prepend(log.window, page) }));
  }
  if (what === 'on') return still(withLog(state, { ...taken, window: append(log.window, page) }));
  const opened: LogView = { ...taken, window: openWindow(page), top: 0, row: 0 };
  const number = findGoal(opened.window, log.pending);
  if (number === undefined) return still(withLog(state, opened));
  const shown = showLine(state, { ...opened, top: number + 1 }, number);
  const goal = log.pending?.goal ?? opened.window.lines[number];
  const current = goal === undefined ? undefined : { log: goal.log, offset: goal.offset };
  return still(withLog(state, { ...shown, current }));
}

/** The line that was asked for: that very one, or the first of an instant. */
function findGoal(window: LogWindowState, pending: LogPending | undefined): number | undefined {
  if (pending?.goal !== undefined) return findLine(window, pending.goal);
  const { goalAt } = pending ?? {};
  if (goalAt === undefined) return undefined;
  const index = window.lines.findIndex(({ at, stream }) => at >= goalAt && stream !== 'gap');
  return index < 0 ? endOf(window) - 1 : index;
}

function takeGrowth(
  log: LogView,
  { sources, lines, count, isSkipped }: Extract<LogEvent, { type: 'log-grown' }>,
): LogView {
  const next = { ...log, sources };
  if (log.isFollowing) {
    const window = isSkipped ? skipTo(log.window, lines) : grow(log.window, lines, { drops: true });
    return { ...next, window };
  }
  const newCount = log.newCount + count;
  const isJoined = log.window.isEnd && !isSkipped && !isFull(log.window, lines.length);
  if (isJoined) return { ...next, newCount, window: grow(log.window, lines, { drops: false }) };
  return { ...next, newCount, window: { ...log.window, isEnd: false } };
}

/** Lines after a part that was left out: they are the window now. */
function skipTo(window: LogWindowState, lines: readonly LogWindowState['lines'][number][]) {
  const begin = [...window.end];
  for (const line of lines.toReversed()) begin[line.log] = line.offset;
  const empty = { first: endOf(window), lines: [], bytes: 0, begin, end: begin };
  return grow({ ...empty, isStart: false, isEnd: true }, lines, { drops: true });
}

function takeCount(
  log: LogView,
  { hits, count, isDone }: Extract<LogEvent, { type: 'log-count' }>,
): LogView {
  const { search } = log;
  if (search === undefined) return log;
  const held = [...search.hits, ...hits];
  return { ...log, search: { ...search, hits: held, count: count ?? search.count, isDone } };
}
