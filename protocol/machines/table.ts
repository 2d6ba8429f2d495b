/*
 * The form of every machine: a table of states against events, in which each cell is decided.
 *
 * A cell is either a transition (a pure function giving the next state and effects as values) or
 * `ignored` with the reason. The types demand every cell, so no event can meet a state that nobody
 * thought of. A machine does no I/O, reads no clock and sets no timer: the loop that owns it passes
 * the moment in and sleeps until the machine's `nextDeadline`. Source: h11, quinn-proto.
 */
import { assert } from '../errors.ts';

/** When a step happens: monotonic milliseconds, and a roll in [0, 1) for jitter. */
export interface Moment {
  readonly nowMs: number;
  readonly roll: number;
}

/** What a step gives. */
export interface Step<S, F> {
  readonly state: S;
  readonly effects: readonly F[];
}

/** A cell that changes nothing, and why that is right. */
export interface Ignored {
  readonly ignored: string;
}

type Transition<S, F, FromState, FromEvent> = (
  state: FromState,
  event: FromEvent,
  moment: Moment,
) => Step<S, F>;

/** States named by `is`, events by `type`; every pair has its cell. */
export type Table<S extends { readonly is: string }, E extends { readonly type: string }, F> = {
  readonly [K in S['is']]: {
    readonly [T in E['type']]:
      | Transition<S, F, Extract<S, { readonly is: K }>, Extract<E, { readonly type: T }>>
      | Ignored;
  };
};

/** A cell for an event that means nothing in this state; `why` is for the reader. */
export function ignore(why: string): Ignored {
  return { ignored: why };
}

/** Told of every cell that a step looks up, ignored ones included. It must change nothing. */
export type WatchSteps = (table: string, state: string, event: string) => void;

/** One cell of a table; `ignored` says why it changes nothing, where it does not. */
export interface Cell {
  readonly table: string;
  readonly state: string;
  readonly event: string;
  readonly ignored?: string;
}

type AnyTable = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const tables = new Map<string, AnyTable>();
let watch: WatchSteps | undefined;

/** Sets who is told of every step of every machine; undefined for nobody, as it is at first. */
export function watchSteps(told: WatchSteps | undefined): void {
  watch = told;
}

/** Every cell of every table that was made a stepper so far. */
export function listCells(): readonly Cell[] {
  const cells: Cell[] = [];
  for (const [table, rows] of tables) {
    for (const [state, row] of Object.entries(rows)) {
      for (const [event, cell] of Object.entries(row)) {
        const ignored = typeof cell === 'function' ? {} : (cell as Ignored);
        cells.push({ table, state, event, ...ignored });
      }
    }
  }
  return cells;
}

/** A table as a function: looks the cell up and takes the step. `name` is its own among tables. */
export function createStepper<
  S extends { readonly is: string },
  E extends { readonly type: string },
  F,
>(name: string, table: Table<S, E, F>): (state: S, event: E, moment: Moment) => Step<S, F> {
  assert(!tables.has(name), 'every table has a name of its own');
  tables.set(name, table as AnyTable);
  return (state, event, moment) => {
    watch?.(name, state.is, event.type);
    const row = table[state.is as S['is']];
    const cell = row[event.type as E['type']] as Transition<S, F, S, E> | Ignored;
    if (typeof cell !== 'function') return { state, effects: [] };
    return cell(state, event, moment);
  };
}

/** A pause that doubles with each try up to a cap, between half and all of it by the roll. */
export function planPause(
  tries: number,
  bounds: { readonly baseMs: number; readonly capMs: number },
  roll: number,
): number {
  const whole = Math.min(bounds.capMs, bounds.baseMs * 2 ** Math.min(tries, 30));
  return whole * (0.5 + roll / 2);
}
