/*
 * What the screen asks of the world, and what it is told, as values.
 *
 * `update` turns events into a new state and effects; the feed performs effects and tells what came
 * of them as further events. Data only.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { JobDetail, JobRow, StatusShape, TeamRow } from '../../verbs/shapes.ts';
import type { KeyPress } from '../keys/resolve.ts';
import type { State } from './model.ts';

/** A verb asked of the hub. */
export type Request =
  | {
      readonly verb: 'dispatch';
      readonly token: number;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | { readonly verb: 'cancel' | 'retry' | 'job'; readonly job: JobId };

/** Something to be done. */
export type Effect =
  | { readonly type: 'request'; readonly request: Request }
  /** Follow this job's log, and no other; none when undefined. */
  | { readonly type: 'follow'; readonly job: JobId | undefined }
  | { readonly type: 'expire-toast'; readonly id: number }
  | { readonly type: 'quit' }
  | { readonly type: 'redraw' }
  | { readonly type: 'suspend' };

/** Something that happened. */
export type CockpitEvent =
  | { readonly type: 'key'; readonly press: KeyPress }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'tick'; readonly nowMs: number; readonly wallMs: number }
  | { readonly type: 'hub'; readonly hub: StatusShape['hub'] }
  | { readonly type: 'team'; readonly team: readonly TeamRow[]; readonly nowMs: number }
  | { readonly type: 'jobs'; readonly jobs: readonly JobRow[] }
  | { readonly type: 'jobs-changed'; readonly jobs: readonly JobRow[] }
  | {
      readonly type: 'log';
      readonly job: JobId;
      readonly first: number;
      readonly end: number;
      readonly revision: number;
    }
  | { readonly type: 'log-ended'; readonly job: JobId; readonly error: ErrorShape | undefined }
  | { readonly type: 'detail'; readonly detail: JobDetail }
  | { readonly type: 'done'; readonly request: Request; readonly job: JobId | undefined }
  | { readonly type: 'refused'; readonly request: Request; readonly error: ErrorShape }
  | { readonly type: 'link-gone'; readonly reason: string; readonly tryCount: number }
  | { readonly type: 'link-live' }
  | { readonly type: 'toast-expired'; readonly id: number };

/** What an event makes of a state. */
export interface Update {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A new state that asks for nothing. */
export function still(state: State): Update {
  return { state, effects: [] };
}

/** A new state with effects. */
export function ask(state: State, ...effects: readonly Effect[]): Update {
  return { state, effects };
}
