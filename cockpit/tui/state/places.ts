/*
 * Going places: to a pane, a worker, a job, and back and forth along the way one came. Pure.
 *
 * A place is a pane and what its details are about; moving in a list is no step. What is gone
 * meanwhile (a filter, a forgotten job) does not keep one from going back.
 */
import type { JobId } from '../../../protocol/model.ts';
import { placesMax } from '../limits.ts';
import type { PaneId } from '../views/layout.ts';
import { ask, still, type Update } from './effects.ts';
import { askForDetail } from './jobs-pane.ts';
import { closedDetail, type Place, type State, withList } from './model.ts';

/** Where to go. */
export type Target =
  | { readonly pane: PaneId }
  | { readonly worker: string }
  | { readonly job: JobId; readonly shows: 'row' | 'details' | 'log' };

/** Goes there; a filter that would hide it goes. */
export function goTo(state: State, target: Target): Update {
  if ('pane' in target) return still({ ...state, focus: target.pane, detail: closedDetail });
  if ('worker' in target) {
    const drill = { type: 'worker', name: target.worker, from: 'team', top: 0 } as const;
    const chosen = choose(state, 'team', target.worker);
    return still({ ...chosen, focus: 'log', drill, detail: closedDetail });
  }
  const { job, shows } = target;
  const chosen = { ...choose(state, 'jobs', job), detail: closedDetail };
  if (shows === 'row') return still({ ...chosen, focus: 'jobs' });
  if (shows === 'log') return still({ ...chosen, focus: 'log', drill: { type: 'log' } });
  const drill = { type: 'job', job, detail: undefined, from: 'jobs', top: 0 } as const;
  return ask({ ...chosen, focus: 'log', drill }, askForDetail(job));
}

/** The state with the step that was made remembered, where one was made. */
export function rememberPlace(before: State, after: State): State {
  if (isSamePlace(before, after) || before.trail !== after.trail) return after;
  const back = [placeOf(before), ...after.trail.back].slice(0, placesMax);
  return { ...after, trail: { back, forth: [] } };
}

/** One step back, or forth again. */
export function stepInTrail(state: State, direction: 'back' | 'forth'): Update {
  const other = direction === 'back' ? 'forth' : 'back';
  const [place, ...rest] = state.trail[direction];
  if (place === undefined) return still(state);
  const trail = {
    ...state.trail,
    [direction]: rest,
    [other]: [placeOf(state), ...state.trail[other]].slice(0, placesMax),
  };
  const { focus, drill, job, worker } = place;
  const jobs = job === undefined ? state : choose(state, 'jobs', job);
  const chosen = worker === undefined ? jobs : choose(jobs, 'team', worker);
  const next: State = { ...chosen, trail, focus, drill, detail: closedDetail };
  return drill.type === 'job' ? ask(next, askForDetail(drill.job)) : still(next);
}

function choose(state: State, id: 'jobs' | 'team', selected: string): State {
  const list = state.lists[id];
  if (list.selected === selected && list.filter === '') return state;
  return withList(state, id, { ...list, selected, filter: '' });
}

function placeOf(state: State): Place {
  const { focus, drill, lists } = state;
  return { focus, drill, job: lists.jobs.selected as JobId, worker: lists.team.selected };
}

function isSamePlace(a: State, b: State): boolean {
  return a.focus === b.focus && subjectOf(a) === subjectOf(b);
}

function subjectOf({ drill }: State): string {
  if (drill.type === 'job') return drill.job;
  return drill.type === 'worker' ? drill.name : '';
}
