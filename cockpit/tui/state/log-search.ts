/*
 * Searching in the log pane: a pattern and its hits, errors and warnings. Pure.
 *
 * The hub searches; here is from where, which way, and what to do when nothing is found: it goes on
 * from the other end once, and says so. One who follows the end wants the newest hit, so a search
 * that begins there goes back first.
 */
import { AppError } from '../../../protocol/errors.ts';
import { parsePattern } from '../../logs/pattern.ts';
import { ask, type Effect, still, type Update } from './effects.ts';
import type { LogFind, LogQuest } from './log-asks.ts';
import { goToLine, wishOf } from './log-places.ts';
import { findCurrent, findHitNumber, type LinePlace, type LogView } from './log-view.ts';
import { lineAt } from './log-window.ts';
import type { State } from './model.ts';
import { logRoomOf } from './scroll.ts';
import { tell, warn } from './toast.ts';

/** Searches for what was typed. */
export function startSearch(state: State, pattern: string): Update {
  try {
    parsePattern(pattern);
  } catch (thrown) {
    return warn(state, thrown instanceof AppError ? thrown.message : String(thrown));
  }
  const search = { pattern, count: 0, hits: [], isDone: false };
  const log: LogView = { ...state.log, search, current: undefined };
  const found = findFrom({ ...state, log }, { grep: pattern }, state.log.isFollowing);
  const count: Effect = {
    type: 'log',
    ask: { do: 'count', wish: wishOf(log), grep: pattern },
  };
  return ask(found.state, count, ...found.effects);
}

/** The next hit of the search, or the one before. */
export function goToHit(state: State, way: 'on' | 'back'): Update {
  const { search } = state.log;
  if (search === undefined) return still(state);
  const known = findKnownHit(state.log, way);
  if (known !== undefined) return goToLine(state, known);
  return findFrom(state, { grep: search.pattern }, way === 'back');
}

/** The next line that tells of an error, or worse than a warning; or the one before. */
export function goToLevel(state: State, level: 'error' | 'warning', way: 'on' | 'back'): Update {
  return findFrom(state, { level }, way === 'back');
}

/** Nothing was found this way: once more from the other end, then it is said. */
export function searchAgain(state: State, find: LogFind): Update {
  const { quest, back } = find;
  const what = 'grep' in quest ? 'hit' : quest.level;
  if (find.isAgain) return tell(state, `no ${what} in this log`);
  const again: LogFind = { ...find, at: back ? 'end' : 'start', past: undefined, isAgain: true };
  const told = tell(state, `no further ${what}; on from the ${back ? 'end' : 'start'}`);
  return ask(told.state, ...told.effects, { type: 'log', ask: { do: 'find', find: again } });
}

function findFrom(state: State, quest: LogQuest, back: boolean): Update {
  const { log } = state;
  const number = findCurrent(log, logRoomOf(state));
  const line = lineAt(log.window, number);
  if (line === undefined) return tell(state, 'there is no line yet');
  // A search that begins takes also the line one stands on, and going back the end itself.
  const isNew = 'grep' in quest && log.current === undefined;
  const past = isNew ? undefined : { log: line.log, offset: line.offset };
  const at = isNew && back ? 'end' : `#${line.log}:${line.offset}`;
  // From the end back is everything already.
  const find: LogFind = { wish: wishOf(log), quest, at, back, past, isAgain: at === 'end' };
  return ask(state, { type: 'log', ask: { do: 'find', find } });
}

/** From the list of hits, where the one that one stands on is in it, and the list is whole. */
function findKnownHit(log: LogView, way: 'on' | 'back'): LinePlace | undefined {
  const number = findHitNumber(log);
  if (number === undefined) return undefined;
  return log.search?.hits[number - 1 + (way === 'on' ? 1 : -1)];
}
