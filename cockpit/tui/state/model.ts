/*
 * Everything the screen knows, as one immutable value.
 *
 * Text of logs is not in here: the store holds only which lines there are, the log buffer their
 * text. What the hub said is kept as it said it; what people chose (focus, selection, scroll) is
 * kept by id, so that it survives every update of the lists.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { JobDetail, JobRow, StatusShape, TeamRow } from '../../verbs/shapes.ts';
import type { Mode } from '../keys/resolve.ts';
import type { PaneId } from '../views/layout.ts';

/** The connection to the hub. */
export type HubLink =
  | { readonly type: 'live' }
  | { readonly type: 'gone'; readonly reason: string; readonly tryCount: number };

/** What the right pane shows. `from` is the pane to climb back to. */
export type Drill =
  | { readonly type: 'log' }
  | {
      readonly type: 'job';
      readonly job: JobId;
      readonly detail: JobDetail | undefined;
      readonly from: PaneId;
      readonly top: number;
    }
  | { readonly type: 'worker'; readonly name: string; readonly from: PaneId; readonly top: number };

/** The followed log, by numbers. `top` is the first row shown, `left` the first column. */
export interface LogView {
  readonly job: JobId | undefined;
  readonly first: number;
  readonly end: number;
  readonly revision: number;
  readonly top: number;
  readonly left: number;
  readonly isFollowing: boolean;
  /** Where the log ended when following stopped: what is beyond is new. */
  readonly seenEnd: number;
  readonly isEnded: boolean;
  readonly error: ErrorShape | undefined;
}

/** One line of text being typed; `caret` counts UTF-16 units and never splits a character. */
export interface TextField {
  readonly text: string;
  readonly caret: number;
}

/** The fields of the dispatch form, in order. */
export type FieldId = 'command' | 'worker' | 'deadline';

/** The dispatch form. `token` tells its reply from that of a form closed before. */
export interface DispatchForm {
  readonly type: 'form';
  readonly token: number;
  readonly field: FieldId;
  readonly command: TextField;
  readonly deadline: TextField;
  readonly workers: readonly string[];
  readonly worker: string;
  readonly isSending: boolean;
  readonly error: ErrorShape | undefined;
}

/** Something over the panes that takes all keys. */
export type Overlay =
  | { readonly type: 'help'; readonly top: number }
  | { readonly type: 'confirm'; readonly job: JobId; readonly answer: 'no' | 'yes' }
  | DispatchForm;

/** A short message; a `bad` one stays until a key is pressed. */
export interface Toast {
  readonly id: number;
  readonly level: 'info' | 'bad';
  readonly text: string;
}

/** The whole state. */
export interface State {
  readonly version: string;
  readonly columns: number;
  readonly rows: number;
  /** Minutes that the person's clock is east of UTC. */
  readonly zoneMinutes: number;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly link: HubLink;
  readonly hub: StatusShape['hub'] | undefined;
  readonly team: readonly TeamRow[];
  readonly hasTeam: boolean;
  /** When the team was last reported, monotonic: ages count on from there. */
  readonly teamAt: number;
  /** Newest first. */
  readonly jobs: readonly JobRow[];
  readonly hasJobs: boolean;
  /** Jobs that ended badly while the screen was up and were not looked at since. */
  readonly unseen: readonly JobId[];
  readonly focus: PaneId;
  readonly worker: string | undefined;
  readonly workersTop: number;
  readonly job: JobId | undefined;
  readonly jobsTop: number;
  readonly drill: Drill;
  readonly log: LogView;
  readonly overlay: Overlay | undefined;
  readonly toast: Toast | undefined;
  /** Source of ids for toasts and forms. */
  readonly nextId: number;
}

/** What the program knows before the hub has spoken. */
export interface StateSeed {
  readonly version: string;
  readonly columns: number;
  readonly rows: number;
  readonly zoneMinutes: number;
  readonly nowMs: number;
  readonly wallMs: number;
}

/** Nothing followed yet, or a log just chosen. */
export function openLogView(job: JobId | undefined): LogView {
  return {
    job,
    first: 0,
    end: 0,
    revision: 0,
    top: 0,
    left: 0,
    isFollowing: true,
    seenEnd: 0,
    isEnded: false,
    error: undefined,
  };
}

/** The state at start. */
export function openState(seed: StateSeed): State {
  return {
    ...seed,
    link: { type: 'live' },
    hub: undefined,
    team: [],
    hasTeam: false,
    teamAt: seed.nowMs,
    jobs: [],
    hasJobs: false,
    unseen: [],
    focus: 'jobs',
    worker: undefined,
    workersTop: 0,
    job: undefined,
    jobsTop: 0,
    drill: { type: 'log' },
    log: openLogView(undefined),
    overlay: undefined,
    toast: undefined,
    nextId: 1,
  };
}

/** What takes the keys. */
export function modeOf(state: State): Mode {
  return state.overlay?.type ?? state.focus;
}

/** The selected job, where the hub has told of it. */
export function findSelectedJob(state: State): JobRow | undefined {
  return state.jobs.find((job) => job.id === state.job);
}

/** The job whose log or detail the right pane shows. */
export function findFollowedJob(state: State): JobRow | undefined {
  return state.jobs.find((job) => job.id === state.log.job);
}

/** The selected worker. */
export function findSelectedWorker(state: State): TeamRow | undefined {
  return state.team.find((worker) => worker.name === state.worker);
}
