/*
 * What is folded: groups of jobs and headings of the team, by id. Pure.
 *
 * An id that is gone stays in the list and folds nothing: ids are never given twice.
 */
import type { State } from './model.ts';

/** The rows below this one go. */
export function fold(state: State, id: string): State {
  return state.folded.includes(id) ? state : { ...state, folded: [...state.folded, id] };
}

/** They come back. */
export function unfold(state: State, id: string): State {
  if (!state.folded.includes(id)) return state;
  return { ...state, folded: state.folded.filter((known) => known !== id) };
}
