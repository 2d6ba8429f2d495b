/*
 * The window of the journal that the events pane holds, and what is asked of it. Pure.
 *
 * An event's number is its id in the list. `isAtStart` and `isAtEnd` say that nothing lies beyond.
 */
import type { EventRow, HourRow } from '../../verbs/shapes.ts';
import type { State } from './model.ts';

/** Milliseconds of an hour. */
export const hourMs = 3_600_000;

/** Which part of the journal was asked for; `at` is an instant in ISO 8601. */
export type EventsAsk =
  | { readonly part: 'end' }
  | { readonly part: 'older' }
  | { readonly part: 'newer' }
  | { readonly part: 'hours' }
  | { readonly part: 'hour'; readonly at: string };

/** The window. `asking` is the token of the question that is open, of which only the newest counts. */
export interface EventsView {
  readonly rows: readonly EventRow[];
  readonly hasLoaded: boolean;
  readonly isAtStart: boolean;
  readonly isAtEnd: boolean;
  /** Does the hub send what comes? */
  readonly isStreaming: boolean;
  readonly asking: number | undefined;
  readonly nextToken: number;
  /** How many events there were in each hour, the oldest first; up to the one that goes on. */
  readonly hours: readonly HourRow[];
}

/** Nothing was asked for yet. */
export const emptyEvents: EventsView = {
  rows: [],
  hasLoaded: false,
  isAtStart: false,
  isAtEnd: false,
  isStreaming: false,
  asking: undefined,
  nextToken: 1,
  hours: [],
};

/** The selected event. */
export function findSelectedEvent(state: State): EventRow | undefined {
  const { selected } = state.lists.events;
  return state.events.rows.find(({ seq }) => String(seq) === selected);
}

/** The beginning of the hour in which the selected event was, wall milliseconds. */
export function findPickedHour(state: State): number | undefined {
  const event = findSelectedEvent(state);
  return event === undefined ? undefined : hourOf(event.at);
}

/** Does the selection stay at the newest event? */
export function isFollowing(state: State): boolean {
  const { rows, isAtEnd } = state.events;
  return isAtEnd && String(rows.at(-1)?.seq) === state.lists.events.selected;
}

/** The beginning of the hour in which this instant is, wall milliseconds. */
export function hourOf(at: string): number {
  return Math.floor(Date.parse(at) / hourMs) * hourMs;
}
