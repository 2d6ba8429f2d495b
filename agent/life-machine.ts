/*
 * The life of an agent process, in four modes; what it may do depends on nothing else.
 *
 *   starting ──ready──▶ serving ──stop──▶ stopping ──idle──▶ stopped
 *
 * Only `serving` starts work. Stopping is not cancelling a job for the hub: it ends what runs here,
 * says so in the outcome, and delivers what it can before it goes.
 */
import { createStepper, ignore, type Table } from '../protocol/machines/table.ts';

/** Where the process stands. */
export type LifeState =
  | { readonly is: 'starting' }
  | { readonly is: 'serving' }
  | { readonly is: 'stopping' }
  | { readonly is: 'stopped' };

/** What can happen to it. `idle`: no work runs and nothing waits to be delivered, or time is up. */
export type LifeEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'stop' }
  | { readonly type: 'idle' };

/** What it asks for. */
export type LifeEffect =
  | { readonly do: 'serve' }
  | { readonly do: 'end-work' }
  | { readonly do: 'close' };

const table: Table<LifeState, LifeEvent, LifeEffect> = {
  starting: {
    ready: () => ({ state: { is: 'serving' }, effects: [{ do: 'serve' }] }),
    stop: () => ({ state: { is: 'stopped' }, effects: [{ do: 'close' }] }),
    idle: ignore('nothing was begun'),
  },
  serving: {
    ready: ignore('already so'),
    stop: () => ({ state: { is: 'stopping' }, effects: [{ do: 'end-work' }] }),
    idle: ignore('waiting for work is what serving is'),
  },
  stopping: {
    ready: ignore('it is too late'),
    stop: ignore('under way'),
    idle: () => ({ state: { is: 'stopped' }, effects: [{ do: 'close' }] }),
  },
  stopped: { ready: ignore('gone'), stop: ignore('gone'), idle: ignore('gone') },
};

/** One step. Pure. */
export const stepLife = createStepper('agent-life', table);
