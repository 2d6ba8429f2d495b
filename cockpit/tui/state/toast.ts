/*
 * The short message at the foot of the screen. Pure.
 *
 * An `info` goes by itself, and a newer one takes its place. A `bad` one stays until a key is pressed,
 * so that nobody misses it by looking away; others wait behind it, and nothing covers it.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import { toastsMax } from '../limits.ts';
import { ask, still, type Update } from './effects.ts';
import type { State } from './model.ts';

/** Says something that goes by itself; not over an error that nobody has seen. */
export function tell(state: State, text: string): Update {
  if (state.toast?.level === 'bad') return still(state);
  const id = state.nextId;
  const toast = { id, level: 'info', text } as const;
  return ask({ ...state, toast, nextId: id + 1 }, { type: 'expire-toast', id });
}

/** Says something that stays until a key is pressed. */
export function warn(state: State, text: string): Update {
  const id = state.nextId;
  const toast = { id, level: 'bad', text } as const;
  const next = { ...state, nextId: id + 1 };
  if (state.toast?.level !== 'bad') return still({ ...next, toast });
  return still({ ...next, toasts: [...state.toasts, toast].slice(0, toastsMax) });
}

/** The error that was seen goes, the next one comes. */
export function nextToast(state: State): State {
  const [toast, ...toasts] = state.toasts;
  return { ...state, toast, toasts };
}

/** An error of the hub in one line. */
export function errorText(error: ErrorShape): string {
  return `${error.code}: ${error.message} ${error.hint}`.trim();
}
