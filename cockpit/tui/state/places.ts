/*
 * Going places: to a pane, a worker, a job, and back and forth along the way one came. Pure.
 *
 * A place is a pane and what its details are about; moving in a list is no step. What is gone
 * meanwhile (a filter, a forgotten job) does not keep one from going back.
 */
import type { JobId } from '../../../protocol/model.ts';
import { placesMax } from '../limits.ts';
import type { PaneId } from '../views/layout.ts';
import { selectJob } from './board-choice.ts';
import { findOpenCard, openCard, openWorker } from './card.ts';
import { still, type Update } from './effects.ts';
import { closedDetail, type Place, type State } from './model.ts';
import { selectWorker } from './organisation.ts';

/** Where to go. */
export type Target =
  | { readonly pane: PaneId }
  | { readonly worker: string }
  | { readonly job: JobId; readonly shows: 'row' | 'details' | 'log' };

/** Goes there; a filter that would hide it goes. */
export function goTo(state: State, target: Target): Update {
  if ('pane' in target) return still({ ...state, focus: target.pane, detail: closedDetail });
  if ('worker' in target) {
    return openWorker(selectWorker(state, target.worker), target.worker);
  }
  const { job, shows } = target;
  const chosen = { ...selectJob(state, job), detail: closedDetail };
  if (shows === 'row') return still({ ...chosen, focus: 'jobs' });
  if (shows === 'log') return still({ ...chosen, focus: 'log' });
  return openCard(chosen, 'jobs', { type: 'job', job, detail: undefined, file: 0 });
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
  const { focus, card, job, worker } = place;
  const jobs = job === undefined ? state : selectJob(state, job);
  const chosen = worker === undefined ? jobs : selectWorker(jobs, worker);
  const next: State = { ...chosen, trail, focus, detail: closedDetail };
  return card === undefined ? still(next) : openCard(next, focus, card);
}

function placeOf(state: State): Place {
  const { focus, lists } = state;
  const card = findOpenCard(state);
  return { focus, card, job: lists.jobs.selected as JobId, worker: lists.team.selected };
}

function isSamePlace(a: State, b: State): boolean {
  return a.focus === b.focus && subjectOf(a) === subjectOf(b);
}

function subjectOf(state: State): string {
  const card = findOpenCard(state);
  if (card?.type === 'worker') return card.name;
  return card?.type === 'job' ? card.job : (card?.type ?? '');
}
