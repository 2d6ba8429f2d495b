/*
 * The short message at the foot of the screen. Pure.
 *
 * One at a time: a newer one takes the place of the older. An `info` goes by itself, a `bad` one
 * stays until a key is pressed, so that nobody misses it by looking away.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import { ask, still, type Update } from './effects.ts';
import type { State } from './model.ts';

/** Says something that goes by itself. */
export function tell(state: State, text: string): Update {
  const id = state.nextId;
  const toast = { id, level: 'info', text } as const;
  return ask({ ...state, toast, nextId: id + 1 }, { type: 'expire-toast', id });
}

/** Says something that stays until a key is pressed. */
export function warn(state: State, text: string): Update {
  const id = state.nextId;
  return still({ ...state, toast: { id, level: 'bad', text }, nextId: id + 1 });
}

/** An error of the hub in one line. */
export function errorText(error: ErrorShape): string {
  return `${error.code}: ${error.message} ${error.hint}`.trim();
}
