/*
 * The short message at the foot of the screen. Pure.
 *
 * An `info` goes by itself, at the next key where it only answered one, and a newer one takes its place. A `bad` one stays until a key is pressed,
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

/** At a key what was seen goes: an error, and the next one comes; what the key before was answered with. */
export function passToast(state: State): State {
  const isSeen = state.toast?.level === 'bad' || state.toast?.isAnswer === true;
  if (!isSeen) return state;
  const [toast, ...toasts] = state.toasts;
  return { ...state, toast, toasts };
}

/** What a key was answered with is marked as that; what comes by itself has its time. */
export function markAnswer(before: State, update: Update): Update {
  const { toast } = update.state;
  if (toast === undefined || toast.level === 'bad' || toast.id === before.toast?.id) return update;
  return { ...update, state: { ...update.state, toast: { ...toast, isAnswer: true } } };
}

/** An error of the hub in one line. */
export function errorText(error: ErrorShape): string {
  return `${error.code}: ${error.message} ${error.hint}`.trim();
}
