/*
 * Choosing workers and jobs, moving and scrolling. Pure.
 *
 * A selected job's log is shown and followed at once; choosing another one lets go of the first.
 * Scrolling up stops following, reaching the end takes it up again.
 */
import type { JobId } from '../../../protocol/model.ts';
import { lineCellsMax } from '../limits.ts';
import { ask, still, type Update } from './effects.ts';
import { findFollowedJob, openLogView, type State } from './model.ts';
import { helpRoom, logRowsEnd, roomOf } from './scroll.ts';

/** A way to move: by rows, by parts of a page, or to an end. */
export type Move =
  | { readonly type: 'rows'; readonly count: number }
  | { readonly type: 'pages'; readonly count: number }
  | { readonly type: 'start' }
  | { readonly type: 'end' };

/** Shows and follows this job. */
export function selectJob(state: State, job: JobId): Update {
  const unseen = state.unseen.filter((id) => id !== job);
  if (state.job === job && state.log.job === job && state.drill.type === 'log') {
    return still({ ...state, unseen });
  }
  const next: State = { ...state, unseen, job, drill: { type: 'log' } };
  return state.log.job === job ? still(next) : followJob(next, job);
}

/** Opens the job's log afresh. A group has none: its parts are shown. */
export function followJob(state: State, job: JobId): Update {
  const next = { ...state, log: openLogView(job) };
  const isGroup = findFollowedJob(next)?.kind === 'group';
  return ask(next, { type: 'follow', job: isGroup ? undefined : job });
}

/** Moves in whatever has the keys. */
export function move(state: State, how: Move): Update {
  if (state.overlay?.type === 'help') {
    const top = moveNumber(state.overlay.top, how, { room: helpRoom(state), last: state.rows * 4 });
    return still({ ...state, overlay: { ...state.overlay, top } });
  }
  if (state.focus === 'team') return moveWorker(state, how);
  if (state.focus === 'jobs') return moveJob(state, how);
  return state.drill.type === 'log' ? scrollLog(state, how) : scrollDrill(state, how);
}

/** Scrolls the log sideways. */
export function scrollSideways(state: State, direction: 'left' | 'right'): Update {
  if (state.drill.type !== 'log') return still(state);
  const step = direction === 'left' ? -sidewaysCells : sidewaysCells;
  return still({
    ...state,
    log: { ...state.log, left: Math.min(lineCellsMax, Math.max(0, state.log.left + step)) },
  });
}

const sidewaysCells = 20;

function moveWorker(state: State, how: Move): Update {
  const index = state.team.findIndex((worker) => worker.name === state.worker);
  const next = moveNumber(index, how, { room: roomOf(state, 'team'), last: state.team.length - 1 });
  return still({ ...state, worker: state.team[next]?.name ?? state.worker });
}

function moveJob(state: State, how: Move): Update {
  const index = state.jobs.findIndex((job) => job.id === state.job);
  const next = moveNumber(index, how, { room: roomOf(state, 'jobs'), last: state.jobs.length - 1 });
  const job = state.jobs[next];
  return job === undefined ? still(state) : selectJob(state, job.id);
}

function scrollLog(state: State, how: Move): Update {
  const { log } = state;
  const room = roomOf(state, 'log');
  const last = Math.max(log.first, logRowsEnd(state) - room);
  const top = Math.max(log.first, moveNumber(log.top, how, { room, last }));
  const isFollowing = top >= last;
  const seenEnd = log.isFollowing ? log.end : log.seenEnd;
  return still({ ...state, log: { ...log, top, isFollowing, seenEnd } });
}

function scrollDrill(state: State, how: Move): Update {
  if (state.drill.type === 'log') return still(state);
  // `settle` knows how many rows there are and pulls the end back to the last page.
  const last = Number.MAX_SAFE_INTEGER;
  const top = moveNumber(state.drill.top, how, { room: roomOf(state, 'log'), last });
  return still({ ...state, drill: { ...state.drill, top } });
}

function moveNumber(
  from: number,
  how: Move,
  bounds: { readonly room: number; readonly last: number },
): number {
  const step = how.type === 'rows' ? how.count : Math.max(1, Math.floor(bounds.room * pages(how)));
  if (how.type === 'start') return 0;
  if (how.type === 'end') return bounds.last;
  const signed = how.type === 'pages' && how.count < 0 ? -step : step;
  return Math.min(bounds.last, Math.max(0, from + signed));
}

function pages(how: Move): number {
  return how.type === 'pages' ? Math.abs(how.count) : 1;
}
