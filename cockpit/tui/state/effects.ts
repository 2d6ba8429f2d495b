/*
 * What the screen asks of the world, and what it is told, as values.
 *
 * `update` turns events into a new state and effects; the feed performs effects and tells what came
 * of them as further events. Data, and how it is made.
 */
import type { FindingName } from '../../../protocol/doctor.ts';
import { type ErrorShape, unreachable } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type {
  ArtifactRow,
  EventRow,
  HubNews,
  InboxRow,
  JobRow,
  StatusShape,
  TeamRow,
} from '../../verbs/shapes.ts';
import type { Report } from '../keys/reports.ts';
import type { KeyPress } from '../keys/resolve.ts';
import type { DoctorPlace, Inspection } from './doctor-rows.ts';
import type { EventsAsk } from './events-view.ts';
import type { DispatchArgs } from './form-args.ts';
import type { LogAsk, LogEvent, LogSave } from './log-asks.ts';
import type { State } from './model.ts';

/** Who wants the answer of a request, and what it is called when it is told of. */
export type Purpose =
  /** The dispatch form with this token; `args` are remembered once they were taken. */
  | { readonly for: 'form'; readonly token: number; readonly args: DispatchArgs }
  /** What was typed after `:`; the answer is shown in the verb's own words, its steps before it if it `tells`. */
  | { readonly for: 'line'; readonly line: string; readonly verb: string; readonly tells?: true }
  /** The details of this job. */
  | { readonly for: 'detail'; readonly job: JobId }
  /** The doctor's pane: a diagnosis of this place, or what came of a fix there. */
  | { readonly for: 'doctor'; readonly place: DoctorPlace; readonly does: 'look' | 'fix' }
  /** The events' pane, under the token of its newest question. */
  | { readonly for: 'events'; readonly what: EventsAsk; readonly token: number }
  /** The details of this worker: its own diagnosis. */
  | { readonly for: 'worker-doctor'; readonly worker: string }
  /** Whoever wants this file on their disk; the answer says where it is. */
  | { readonly for: 'fetch'; readonly file: ArtifactRow }
  /** Something done to `subject`; `done` says that it was taken. The job that came of it is shown if `shows`. */
  | {
      readonly for: 'act';
      readonly subject: string;
      readonly done: string;
      readonly shows: boolean;
    };

/** A verb asked of the hub. */
export interface Request {
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly purpose: Purpose;
}

/** What the terminal is lent for. */
export type HandOver =
  | { readonly for: 'pager' | 'editor'; readonly job: JobId }
  /** A shell on this worker's box, or in this job's directory there. */
  | { readonly for: 'terminal'; readonly target: string };

/** Something to be done. */
export type Effect =
  | { readonly type: 'request'; readonly request: Request }
  /** Something about logs. */
  | { readonly type: 'log'; readonly ask: LogAsk }
  /** Puts text into the clipboard; `what` says what it is. */
  | { readonly type: 'copy'; readonly text: string; readonly what: string }
  | { readonly type: 'save-log'; readonly save: LogSave }
  /** Follow the journal above this number; stop where undefined. */
  | { readonly type: 'follow-events'; readonly after: number | undefined }
  /** Look at the terminal that the cockpit is in. */
  /** The cockpit's own doctor looks; with `only` it mends that one finding first. */
  | { readonly type: 'inspect'; readonly only?: FindingName }
  | { readonly type: 'expire-toast'; readonly id: number }
  /** Said to the terminal beside the picture. */
  | { readonly type: 'write'; readonly text: string }
  | { readonly type: 'hand-over'; readonly what: HandOver }
  /** Lend the terminal to an editor on the command of the form with this token. */
  | {
      readonly type: 'edit-text';
      readonly token: number;
      readonly text: string;
      readonly ask: 'command' | 'prompt';
    }
  /** Start the hub of this home. */
  | { readonly type: 'start-hub' }
  /** Keep a dispatch beyond this screen. */
  | { readonly type: 'remember'; readonly entry: DispatchArgs }
  /** Look into another hub: which, by its place among them. */
  | { readonly type: 'look-into'; readonly at: number }
  | { readonly type: 'quit' }
  | { readonly type: 'redraw' }
  | { readonly type: 'suspend' };

/** Something that happened. */
export type CockpitEvent =
  | { readonly type: 'key'; readonly press: KeyPress }
  /** A piece is a part of a paste: more of it may follow, and may be before it. */
  | { readonly type: 'paste'; readonly text: string; readonly isPiece?: true }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'tick'; readonly nowMs: number; readonly wallMs: number }
  | { readonly type: 'hub'; readonly hub: StatusShape['hub'] }
  | { readonly type: 'hubs'; readonly hubs: readonly HubNews[] }
  | { readonly type: 'team'; readonly team: readonly TeamRow[]; readonly nowMs: number }
  /** Rows that look otherwise; ages of the others are as old as the moment. */
  | { readonly type: 'team-changed'; readonly team: readonly TeamRow[]; readonly nowMs: number }
  | { readonly type: 'jobs'; readonly jobs: readonly JobRow[] }
  | { readonly type: 'jobs-changed'; readonly jobs: readonly JobRow[] }
  | LogEvent
  /** What came of something that this program did itself. */
  | { readonly type: 'said'; readonly level: 'info' | 'bad'; readonly text: string }
  | { readonly type: 'inbox'; readonly rows: readonly InboxRow[] }
  | { readonly type: 'events'; readonly rows: readonly EventRow[] }
  | { readonly type: 'inspected'; readonly inspection: Inspection }
  /** A step of something that was asked for. */
  | { readonly type: 'told'; readonly request: Request; readonly item: unknown }
  | { readonly type: 'reply'; readonly request: Request; readonly value: unknown }
  | { readonly type: 'refused'; readonly request: Request; readonly error: ErrorShape }
  /** What the editor made of the command of the form with this token. */
  | { readonly type: 'edited'; readonly token: number; readonly text: string }
  /** What was dispatched from earlier screens, the newest first. */
  | { readonly type: 'history'; readonly entries: readonly DispatchArgs[] }
  | { readonly type: 'link-gone'; readonly reason: string; readonly tryCount: number }
  | { readonly type: 'link-live' }
  /** Something about how the screen was configured that could not be taken. */
  | { readonly type: 'problem'; readonly text: string }
  | { readonly type: 'toast-expired'; readonly id: number };

/** What an event makes of a state. */
export interface Update {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** The effect of asking the hub for a verb. */
export function requestOf(
  verb: string,
  args: Readonly<Record<string, unknown>>,
  purpose: Purpose,
): Effect {
  return { type: 'request', request: { verb, args, purpose } };
}

/** What a question is about, in a word or a line. */
export function subjectOf(purpose: Purpose): string {
  switch (purpose.for) {
    case 'form':
      return 'dispatch';
    case 'detail':
      return purpose.job;
    case 'doctor':
      return purpose.place;
    case 'events':
      return 'events';
    case 'line':
      return purpose.line;
    case 'worker-doctor':
      return purpose.worker;
    case 'fetch':
      return purpose.file.path;
    case 'act':
      return purpose.subject;
    default:
      return unreachable(purpose);
  }
}

/** A new state that asks for nothing. */
export function still(state: State): Update {
  return { state, effects: [] };
}

/** A new state with effects. */
export function ask(state: State, ...effects: readonly Effect[]): Update {
  return { state, effects };
}
