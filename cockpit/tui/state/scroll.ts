/*
 * What is visible: sizes of lists, and the one rule that keeps every scroll position legal.
 *
 * `settle` runs after every event, so no other code has to think of bounds: the selection stays in
 * sight, a followed log stays at its end, nothing scrolls past what there is. Pure.
 */
import { viewDrill } from '../views/detail.ts';
import { countHelpRows, helpRect } from '../views/help.ts';
import { innerWidth, type Layout, layoutScreen, type PaneId } from '../views/layout.ts';
import { findFollowedJob, type State } from './model.ts';

/** The layout of this state. */
export function layoutOf(state: State): Layout {
  const { columns, rows, focus } = state;
  return layoutScreen({ columns, rows, workerCount: state.team.length }, focus);
}

/** Rows of content that a pane has room for; lists have a row of titles. */
export function roomOf(state: State, pane: PaneId): number {
  const rect = layoutOf(state).panes[pane];
  if (rect === undefined) return 1;
  return Math.max(1, rect.height - (pane === 'log' ? 2 : 3));
}

/** One past the last row of the log: its lines, and how the job ended. */
export function logRowsEnd(state: State): number {
  const hasEnding = findFollowedJob(state)?.outcome != null;
  return state.log.end + (hasEnding ? 1 : 0);
}

/** Rows of the help overlay that are visible at once. */
export function helpRoom(state: State): number {
  return Math.max(1, helpRect(layoutOf(state).body).height - 2);
}

/** The state with every scroll position legal. */
export function settle(state: State): State {
  return settleOverlay(settleDrill(settleLog(settleLists(state))));
}

function settleLists(state: State): State {
  const workerIndex = state.team.findIndex((worker) => worker.name === state.worker);
  const jobIndex = state.jobs.findIndex((job) => job.id === state.job);
  const workersTop = keepInSight(workerIndex, {
    top: state.workersTop,
    room: roomOf(state, 'team'),
    count: state.team.length,
  });
  const jobsTop = keepInSight(jobIndex, {
    top: state.jobsTop,
    room: roomOf(state, 'jobs'),
    count: state.jobs.length,
  });
  if (workersTop === state.workersTop && jobsTop === state.jobsTop) return state;
  return { ...state, workersTop, jobsTop };
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

function settleLog(state: State): State {
  const { log } = state;
  const topMax = Math.max(log.first, logRowsEnd(state) - roomOf(state, 'log'));
  const top = log.isFollowing ? topMax : Math.min(topMax, Math.max(log.first, log.top));
  return top === log.top ? state : { ...state, log: { ...log, top } };
}

function settleDrill(state: State): State {
  const { drill } = state;
  if (drill.type === 'log') return state;
  const rect = layoutOf(state).panes.log;
  if (rect === undefined) return state;
  const topMax = Math.max(0, viewDrill(state, innerWidth(rect)).length - roomOf(state, 'log'));
  const top = Math.min(topMax, Math.max(0, drill.top));
  return top === drill.top ? state : { ...state, drill: { ...drill, top } };
}

function settleOverlay(state: State): State {
  const { overlay } = state;
  if (overlay?.type !== 'help') return state;
  const topMax = Math.max(0, countHelpRows() - helpRoom(state));
  const top = Math.min(topMax, Math.max(0, overlay.top));
  return top === overlay.top ? state : { ...state, overlay: { ...overlay, top } };
}
