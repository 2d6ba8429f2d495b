/*
 * What was asked of the hub and is not answered yet, where that takes long enough to be wondered about. Pure.
 *
 * It is timed from the first tick after it was asked, so what is answered at once is never shown.
 */
import { ageText } from '../views/phrases.ts';
import { type Effect, type Request, subjectOf } from './effects.ts';
import type { State } from './model.ts';

/** One question. */
export interface WaitingAsk {
  readonly request: Request;
  /** Monotonic; undefined until the next tick. */
  readonly sinceMs: number | undefined;
}

/** Questions for which somebody waits: those that a person put. What a pane asks shows there. */
const shown: ReadonlySet<Request['purpose']['for']> = new Set(['line', 'act', 'fetch']);

/** The state with what these effects ask. */
export function noteAsked(state: State, effects: readonly Effect[]): State {
  const asked = effects.flatMap((effect): readonly WaitingAsk[] =>
    effect.type === 'request' && shown.has(effect.request.purpose.for)
      ? [{ request: effect.request, sinceMs: undefined }]
      : [],
  );
  return asked.length === 0 ? state : { ...state, waiting: [...state.waiting, ...asked] };
}

/** The state without what this answers. */
export function noteAnswered(state: State, request: Request): State {
  const waiting = state.waiting.filter((one) => one.request !== request);
  return waiting.length === state.waiting.length ? state : { ...state, waiting };
}

/** What nobody has timed yet began about now. */
export function stampWaiting(state: State, nowMs: number): State {
  if (state.waiting.every(({ sinceMs }) => sinceMs !== undefined)) return state;
  const waiting = state.waiting.map((one) => ({ ...one, sinceMs: one.sinceMs ?? nowMs }));
  return { ...state, waiting };
}

/** What is waited for, the longest first, and for how long. */
export function waitingTexts({ waiting }: State, nowMs: number): readonly string[] {
  return waiting.flatMap(({ request, sinceMs }) =>
    sinceMs === undefined ? [] : [`${subjectOf(request.purpose)} ${ageText(nowMs - sinceMs)}`],
  );
}

/** The same, and something for what is not timed, so that it is looked at again. */
export function waitingAges(state: State, nowMs: number): readonly string[] {
  return state.waiting.length === 0
    ? []
    : [`${state.waiting.length}`, ...waitingTexts(state, nowMs)];
}
